#include "dynamo/requests.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_writer.h"
#include "dynamo/attribute_json.h"

namespace tidemill::dynamo {
namespace {

// A page of a scan holds 1 MiB as DynamoDB counts it; type tags, escapes and base64 on top stay below.
constexpr std::size_t kAnswerMax = 16u << 20;

aws::Operation operationOf(std::string name, std::string body, bool retried) {
  aws::Operation operation;
  operation.name = std::move(name);
  operation.contentType = "application/x-amz-json-1.0";
  operation.body = std::move(body);
  operation.answerBytesMax = kAnswerMax;
  operation.retried = retried;
  return operation;
}

void member(codec::JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  json.text(text);
}
void textIfAny(codec::JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) member(json, name, text);
}
void member(codec::JsonWriter& json, std::string_view name, const Item& item) {
  json.key(name);
  writeItem(json, item);
}

// Empty ones are left out: the service refuses them.
void bindings(codec::JsonWriter& json, const Bindings& bound) {
  if (!bound.names.empty()) {
    json.key("ExpressionAttributeNames");
    json.beginObject();
    for (const auto& [placeholder, name] : bound.names) member(json, placeholder, name);
    json.endObject();
  }
  if (!bound.values.empty()) member(json, "ExpressionAttributeValues", bound.values);
}

void condition(codec::JsonWriter& json, std::string_view expression) {
  if (expression.empty()) return;
  member(json, "ConditionExpression", expression);
  // The item that stood in the way comes with the refusal, and saves a read.
  member(json, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
}

std::vector<std::pair<KeyAttribute, std::string_view>> keysOf(const CreateTableRequest& request) {
  std::vector<std::pair<KeyAttribute, std::string_view>> keys{{request.partitionKey, "HASH"}};
  if (request.sortKey) keys.emplace_back(*request.sortKey, "RANGE");
  return keys;
}

void keySchema(codec::JsonWriter& json, const CreateTableRequest& request) {
  const auto keys = keysOf(request);
  json.key("AttributeDefinitions");
  json.beginArray();
  for (const auto& [attribute, role] : keys) {
    json.beginObject();
    member(json, "AttributeName", attribute.name);
    member(json, "AttributeType", typeName(attribute.type));
    json.endObject();
  }
  json.endArray();
  json.key("KeySchema");
  json.beginArray();
  for (const auto& [attribute, role] : keys) {
    json.beginObject();
    member(json, "AttributeName", attribute.name);
    member(json, "KeyType", role);
    json.endObject();
  }
  json.endArray();
}

void billing(codec::JsonWriter& json, const std::optional<Throughput>& provisioned) {
  member(json, "BillingMode", provisioned ? "PROVISIONED" : "PAY_PER_REQUEST");
  if (!provisioned) return;
  json.key("ProvisionedThroughput");
  json.beginObject();
  json.key("ReadCapacityUnits");
  json.integer(provisioned->readUnits);
  json.key("WriteCapacityUnits");
  json.integer(provisioned->writeUnits);
  json.endObject();
}

void tags(codec::JsonWriter& json, const std::map<std::string, std::string>& tags) {
  if (tags.empty()) return;
  json.key("Tags");
  json.beginArray();
  for (const auto& [key, value] : tags) {
    json.beginObject();
    member(json, "Key", key);
    member(json, "Value", value);
    json.endObject();
  }
  json.endArray();
}

}  // namespace

aws::Operation createTableRequest(const CreateTableRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  keySchema(json, request);
  billing(json, request.provisioned);
  if (request.deletionProtection) {
    json.key("DeletionProtectionEnabled");
    json.boolean(true);
  }
  tags(json, request.tags);
  json.endObject();
  return operationOf("CreateTable", json.take(), true);
}

aws::Operation describeTableRequest(const std::string& table) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", table);
  json.endObject();
  return operationOf("DescribeTable", json.take(), true);
}

aws::Operation getItemRequest(const GetItemRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  member(json, "Key", request.key);
  if (request.consistent) {
    json.key("ConsistentRead");
    json.boolean(true);
  }
  json.endObject();
  return operationOf("GetItem", json.take(), true);
}

aws::Operation putNewItemRequest(const PutNewItemRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  member(json, "Item", request.item);
  condition(json, "attribute_not_exists(#k)");
  bindings(json, {{{"#k", request.partitionKey}}, {}});
  json.endObject();
  return operationOf("PutItem", json.take(), false);
}

aws::Operation updateItemRequest(const UpdateItemRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  member(json, "Key", request.key);
  textIfAny(json, "UpdateExpression", request.update);
  condition(json, request.condition);
  bindings(json, request.bindings);
  if (request.returnNew) member(json, "ReturnValues", "ALL_NEW");
  json.endObject();
  return operationOf("UpdateItem", json.take(), false);
}

aws::Operation deleteItemRequest(const DeleteItemRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  member(json, "Key", request.key);
  condition(json, request.condition);
  bindings(json, request.bindings);
  json.endObject();
  return operationOf("DeleteItem", json.take(), false);
}

aws::Operation scanRequest(const ScanRequest& request) {
  codec::JsonWriter json;
  json.beginObject();
  member(json, "TableName", request.table);
  if (request.consistent) {
    json.key("ConsistentRead");
    json.boolean(true);
  }
  if (request.limit) {
    json.key("Limit");
    json.integer(*request.limit);
  }
  if (request.startKey) member(json, "ExclusiveStartKey", *request.startKey);
  textIfAny(json, "FilterExpression", request.filter);
  bindings(json, request.bindings);
  if (request.segments > 1) {
    json.key("Segment");
    json.integer(request.segment);
    json.key("TotalSegments");
    json.integer(request.segments);
  }
  json.endObject();
  return operationOf("Scan", json.take(), true);
}

}  // namespace tidemill::dynamo
