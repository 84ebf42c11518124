#include "fake/dynamo_models.h"

#include <algorithm>
#include <map>

namespace tidemill::fake {
namespace {

using Type = MemberRule::Type;

constexpr std::size_t kNameLeast = 3;
constexpr std::size_t kNameMost = 255;
constexpr std::int64_t kSegmentsMax = 1'000'000;

bool isName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}
bool isNameOrArn(std::string_view text) {
  return isName(tableNameIn(text));
}

constexpr TextPattern kName{"[a-zA-Z0-9_.-]+", isName};
constexpr TextPattern kNameOrArn{"[a-zA-Z0-9_.-]+", isNameOrArn};

MemberRule table() {
  return {.name = "TableName", .required = true, .least = 1, .most = 1024, .pattern = &kNameOrArn};
}
MemberRule index(bool required = false) {
  return {.name = "IndexName",
          .required = required,
          .least = kNameLeast,
          .most = static_cast<std::int64_t>(kNameMost),
          .pattern = &kName};
}
MemberRule integer(std::string_view name, std::int64_t least, std::int64_t most = INT64_MAX,
                   bool required = false) {
  return {.name = name, .type = Type::kInteger, .required = required, .least = least, .most = most};
}
MemberRule flag(std::string_view name) {
  return {.name = name, .type = Type::kBoolean};
}
MemberRule text(std::string_view name, bool required = false) {
  return {.name = name, .required = required};
}
MemberRule tree(std::string_view name, bool required = false) {
  return {.name = name, .type = Type::kTree, .required = required};
}
MemberRule texts(std::string_view name) {
  return {.name = name, .type = Type::kList, .least = 1};
}
MemberRule oneOf(std::string_view name, std::vector<std::string_view> values, bool required = false) {
  return {.name = name, .required = required, .values = std::move(values)};
}
MemberRule names() {
  return {.name = "ExpressionAttributeNames", .type = Type::kTextMap};
}
MemberRule capacity() {
  return oneOf("ReturnConsumedCapacity", {"INDEXES", "TOTAL", "NONE"});
}
MemberRule collectionMetrics() {
  return oneOf("ReturnItemCollectionMetrics", {"SIZE", "NONE"});
}
MemberRule returnValues() {
  return oneOf("ReturnValues", {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"});
}
MemberRule onFailure() {
  return oneOf("ReturnValuesOnConditionCheckFailure", {"ALL_OLD", "NONE"});
}
MemberRule conditionalOperator() {
  return oneOf("ConditionalOperator", {"OR", "AND"});
}
MemberRule select() {
  return oneOf("Select", {"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"});
}

MemberRule throughput() {
  return {.name = "ProvisionedThroughput",
          .type = Type::kMap,
          .children = {integer("WriteCapacityUnits", 1, INT64_MAX, true),
                       integer("ReadCapacityUnits", 1, INT64_MAX, true)}};
}
MemberRule keySchema(bool required = true) {
  return {.name = "KeySchema",
          .type = Type::kList,
          .required = required,
          .least = 1,
          .most = 2,
          .children = {text("AttributeName", true), oneOf("KeyType", {"HASH", "RANGE"}, true)}};
}
MemberRule definitions(bool required) {
  return {.name = "AttributeDefinitions",
          .type = Type::kList,
          .required = required,
          .children = {text("AttributeName", true), oneOf("AttributeType", {"B", "N", "S"}, true)}};
}
MemberRule projection() {
  return {.name = "Projection",
          .type = Type::kMap,
          .required = true,
          .children = {oneOf("ProjectionType", {"ALL", "INCLUDE", "KEYS_ONLY"}), texts("NonKeyAttributes")}};
}
MemberRule indexes(std::string_view name) {
  return {
      .name = name, .type = Type::kList, .children = {index(true), keySchema(), projection(), throughput()}};
}
MemberRule billing() {
  return oneOf("BillingMode", {"PROVISIONED", "PAY_PER_REQUEST"});
}
MemberRule tags(bool required) {
  return {.name = "Tags",
          .type = Type::kList,
          .required = required,
          .children = {MemberRule{.name = "Key", .required = true, .least = 1, .most = 128},
                       MemberRule{.name = "Value", .required = true, .most = 256}}};
}
MemberRule resource() {
  return {.name = "ResourceArn", .required = true, .least = 1, .most = 1283};
}

MemberRule indexUpdates() {
  MemberRule create{.name = "Create",
                    .type = Type::kMap,
                    .children = {index(true), keySchema(), projection(), throughput()}};
  MemberRule update{.name = "Update", .type = Type::kMap, .children = {index(true), throughput()}};
  MemberRule remove{.name = "Delete", .type = Type::kMap, .children = {index(true)}};
  return {.name = "GlobalSecondaryIndexUpdates", .type = Type::kList, .children = {create, update, remove}};
}

InputModel writeOf(MemberRule subject) {
  return {table(),
          std::move(subject),
          tree("Expected"),
          conditionalOperator(),
          capacity(),
          collectionMetrics(),
          returnValues(),
          onFailure(),
          text("ConditionExpression"),
          names(),
          tree("ExpressionAttributeValues")};
}

InputModel with(InputModel model, std::initializer_list<MemberRule> more) {
  model.insert(model.end(), more.begin(), more.end());
  return model;
}

void addTableModels(std::map<std::string_view, InputModel>& models) {
  models["CreateTable"] = {definitions(true),
                           table(),
                           keySchema(),
                           billing(),
                           throughput(),
                           indexes("LocalSecondaryIndexes"),
                           indexes("GlobalSecondaryIndexes"),
                           MemberRule{.name = "StreamSpecification", .type = Type::kTree},
                           MemberRule{.name = "SSESpecification", .type = Type::kTree},
                           MemberRule{.name = "WarmThroughput", .type = Type::kTree},
                           MemberRule{.name = "OnDemandThroughput", .type = Type::kTree},
                           oneOf("TableClass", {"STANDARD", "STANDARD_INFREQUENT_ACCESS"}),
                           flag("DeletionProtectionEnabled"),
                           tags(false)};
  models["DescribeTable"] = {table()};
  models["DeleteTable"] = {table()};
  models["ListTables"] = {
      MemberRule{
          .name = "ExclusiveStartTableName", .least = kNameLeast, .most = kNameMost, .pattern = &kName},
      integer("Limit", 1, 100)};
  models["UpdateTable"] = {definitions(false),
                           table(),
                           billing(),
                           throughput(),
                           indexUpdates(),
                           MemberRule{.name = "StreamSpecification", .type = Type::kTree},
                           MemberRule{.name = "SSESpecification", .type = Type::kTree},
                           MemberRule{.name = "ReplicaUpdates",
                                      .type = Type::kList,
                                      .least = 1,
                                      .children = {tree("Create"), tree("Update"), tree("Delete")}},
                           oneOf("TableClass", {"STANDARD", "STANDARD_INFREQUENT_ACCESS"}),
                           flag("DeletionProtectionEnabled")};
  models["DescribeTimeToLive"] = {table()};
  models["DescribeContinuousBackups"] = {table()};
  models["TagResource"] = {resource(), tags(true)};
  models["ListTagsOfResource"] = {resource(), text("NextToken")};
}

void addItemModels(std::map<std::string_view, InputModel>& models) {
  models["GetItem"] = {table(),
                       tree("Key", true),
                       texts("AttributesToGet"),
                       flag("ConsistentRead"),
                       capacity(),
                       text("ProjectionExpression"),
                       names()};
  models["PutItem"] = writeOf(tree("Item", true));
  models["DeleteItem"] = writeOf(tree("Key", true));
  models["UpdateItem"] =
      with(writeOf(tree("Key", true)), {tree("AttributeUpdates"), text("UpdateExpression")});
  const InputModel read = {table(),
                           index(),
                           texts("AttributesToGet"),
                           integer("Limit", 1),
                           select(),
                           conditionalOperator(),
                           tree("ExclusiveStartKey"),
                           capacity(),
                           text("ProjectionExpression"),
                           text("FilterExpression"),
                           names(),
                           tree("ExpressionAttributeValues"),
                           flag("ConsistentRead")};
  models["Query"] = with(read, {tree("KeyConditions"), tree("QueryFilter"), flag("ScanIndexForward"),
                                text("KeyConditionExpression")});
  models["Scan"] = with(read, {tree("ScanFilter"), integer("TotalSegments", 1, kSegmentsMax),
                               integer("Segment", 0, kSegmentsMax - 1)});
  MemberRule requests{.name = "RequestItems", .type = Type::kTree, .required = true, .least = 1, .most = 100};
  models["BatchGetItem"] = {requests, capacity()};
  requests.most = 25;
  models["BatchWriteItem"] = {requests, capacity(), collectionMetrics()};
}

}  // namespace

const InputModel* dynamoModel(std::string_view operation) {
  static const auto* const models = [] {
    auto* made = new std::map<std::string_view, InputModel>();
    addTableModels(*made);
    addItemModels(*made);
    return made;
  }();
  const auto found = models->find(operation);
  return found == models->end() ? nullptr : &found->second;
}

std::string_view tableNameIn(std::string_view text) {
  if (!text.starts_with("arn:")) return text;
  const auto slash = text.find("table/");
  return slash == std::string_view::npos ? text : text.substr(slash + 6);
}

Outcome<void> checkTableName(const InputValue& input) {
  const auto name = input.textOf("TableName");
  if (!name) return {};
  const std::size_t size = tableNameIn(*name).size();
  if (size >= kNameLeast && size <= kNameMost) return {};
  return refuse("ValidationException",
                "TableName must be at least 3 characters long and at most 255 characters long");
}

}  // namespace tidemill::fake
