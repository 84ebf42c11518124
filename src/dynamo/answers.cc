#include "dynamo/answers.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "aws/answer_reader.h"
#include "dynamo/attribute_json.h"

namespace tidemill::dynamo {
namespace {

namespace json = boost::json;
using aws::AnswerReader;
using aws::badAnswer;
using Type = AttributeValue::Type;

Result<json::object> readObject(std::string_view body) {
  return aws::readAnswerObject(body, kJsonDepthMax);
}

// An item that may be absent.
Result<std::optional<Item>> itemIfThere(const AnswerReader& reader, std::string_view name) {
  const json::value* value = reader.find(name);
  if (value == nullptr) return std::optional<Item>();
  Result<Item> item = readItem(*value);
  if (!item) return fail(item.error().within(fmt::format("{} of the answer", name)));
  return std::optional<Item>(std::move(*item));
}

// What a description says of its key and of the types of the attributes in keys, by role and by name.
struct KeySchema {
  std::map<std::string, std::string> names;
  std::map<std::string, Type> types;
};

std::optional<Type> keyType(std::string_view name) {
  for (const Type type : {Type::kString, Type::kNumber, Type::kBinary}) {
    if (typeName(type) == name) return type;
  }
  return std::nullopt;
}

// The members of each object of an array, by `read`; false once one is no object.
template <class Read>
bool forEachObject(const json::array& array, AnswerReader& outer, std::string_view name, Read read) {
  for (const json::value& value : array) {
    if (!value.is_object()) {
      outer.note(name, "holds something that is not an object");
      return false;
    }
    AnswerReader reader(value.get_object());
    read(reader);
    if (reader.problem()) {
      outer.note(name, fmt::format("holds an object that {}", *reader.problem()));
      return false;
    }
  }
  return true;
}

KeySchema readKeySchema(AnswerReader& table) {
  KeySchema schema;
  forEachObject(table.array("KeySchema"), table, "KeySchema", [&](AnswerReader& key) {
    std::string role = key.text("KeyType");
    schema.names[std::move(role)] = key.text("AttributeName");
  });
  forEachObject(table.array("AttributeDefinitions"), table, "AttributeDefinitions", [&](AnswerReader& one) {
    std::string name = one.text("AttributeName");
    const std::optional<Type> type = keyType(one.text("AttributeType"));
    if (!type) return one.note("AttributeType", "is not S, N or B");
    schema.types[std::move(name)] = *type;
  });
  return schema;
}

std::optional<KeyAttribute> keyOf(const KeySchema& schema, const std::string& role) {
  const auto name = schema.names.find(role);
  if (name == schema.names.end()) return std::nullopt;
  const auto type = schema.types.find(name->second);
  if (type == schema.types.end()) return std::nullopt;
  return KeyAttribute{name->second, type->second};
}

Throughput readThroughput(AnswerReader& table) {
  AnswerReader units(table.objectIfThere("ProvisionedThroughput"));
  Throughput throughput{units.integer("ReadCapacityUnits", 0), units.integer("WriteCapacityUnits", 0)};
  if (units.problem()) table.note("ProvisionedThroughput", *units.problem());
  return throughput;
}

// A table without a summary has always been provisioned.
BillingMode readBilling(AnswerReader& table) {
  AnswerReader summary(table.objectIfThere("BillingModeSummary"));
  const std::string mode = summary.textIfThere("BillingMode");
  if (summary.problem()) table.note("BillingModeSummary", *summary.problem());
  return mode == "PAY_PER_REQUEST" ? BillingMode::kOnDemand : BillingMode::kProvisioned;
}

std::vector<IndexDescription> readIndexes(AnswerReader& table) {
  constexpr std::string_view kName = "GlobalSecondaryIndexes";
  std::vector<IndexDescription> indexes;
  forEachObject(table.arrayIfThere(kName), table, kName, [&](AnswerReader& one) {
    std::string name = one.text("IndexName");
    indexes.push_back({std::move(name), one.textIfThere("IndexStatus")});
  });
  return indexes;
}

TableDescription readTable(AnswerReader& table) {
  TableDescription description;
  description.name = table.text("TableName");
  description.arn = table.textIfThere("TableArn");
  description.status = table.text("TableStatus");
  const KeySchema schema = readKeySchema(table);
  const auto partition = keyOf(schema, "HASH");
  if (!partition) table.note("KeySchema", "has no HASH key of a known type");
  description.partitionKey = partition.value_or(KeyAttribute{});
  description.sortKey = keyOf(schema, "RANGE");
  if (schema.names.contains("RANGE") && !description.sortKey) {
    table.note("KeySchema", "has a RANGE key of no known type");
  }
  description.billing = readBilling(table);
  description.throughput = readThroughput(table);
  description.deletionProtection = table.boolean("DeletionProtectionEnabled", false);
  description.itemCount = table.integer("ItemCount", 0);
  description.sizeBytes = table.integer("TableSizeBytes", 0);
  description.created = table.time("CreationDateTime");
  description.indexes = readIndexes(table);
  return description;
}

}  // namespace

Result<TableDescription> readTableDescription(std::string_view body, std::string_view member) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader outer(*object);
  AnswerReader table(outer.object(member));
  if (outer.problem()) return fail(badAnswer(*outer.problem()));
  TableDescription description = readTable(table);
  if (table.problem()) return fail(badAnswer(*table.problem()));
  return description;
}

Result<std::optional<Item>> readGetItem(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  return itemIfThere(AnswerReader(*object), "Item");
}

Result<WriteOutcome> readWrite(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  Result<std::optional<Item>> attributes = itemIfThere(AnswerReader(*object), "Attributes");
  if (!attributes) return fail(attributes.error());
  return WriteOutcome{true, std::move(*attributes)};
}

WriteOutcome readRefusedWrite(std::string_view body) {
  WriteOutcome outcome;
  const Result<json::object> object = readObject(body);
  if (!object) return outcome;
  Result<std::optional<Item>> item = itemIfThere(AnswerReader(*object), "Item");
  if (item) outcome.attributes = std::move(*item);
  return outcome;
}

Result<ScanPage> readScan(std::string_view body) {
  const Result<json::object> object = readObject(body);
  if (!object) return fail(object.error());
  AnswerReader reader(*object);
  ScanPage page;
  for (const json::value& value : reader.array("Items")) {
    Result<Item> item = readItem(value);
    if (!item) return fail(item.error().within("Items of the answer"));
    page.items.push_back(std::move(*item));
  }
  if (reader.problem()) return fail(badAnswer(*reader.problem()));
  Result<std::optional<Item>> last = itemIfThere(reader, "LastEvaluatedKey");
  if (!last) return fail(last.error());
  // With an empty key the next page would be the first one again.
  if (*last && (*last)->empty()) return fail(badAnswer("has a member LastEvaluatedKey that is empty"));
  page.lastEvaluatedKey = std::move(*last);
  return page;
}

}  // namespace tidemill::dynamo
