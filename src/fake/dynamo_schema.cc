#include "fake/dynamo_schema.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fake/dynamo_models.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kLocalIndexesMax = 5;
constexpr std::size_t kGlobalIndexesMax = 20;

tl::unexpected<ServiceError> invalidValues(std::string_view text) {
  return invalidRequest(fmt::format("One or more parameter values were invalid: {}", text));
}

Outcome<TableKeys> readKeys(const InputValue& input, const std::vector<KeyPart>& definitions) {
  const auto& schema = input.find("KeySchema")->items;
  std::vector<std::string> names;
  std::vector<std::string> defined;
  std::vector<KeyPart> parts;
  for (const KeyPart& definition : definitions) defined.push_back(definition.name);
  for (const InputValue& element : schema) {
    names.emplace_back(*element.textOf("AttributeName"));
    const auto found = std::find(defined.begin(), defined.end(), names.back());
    if (found != defined.end())
      parts.push_back(definitions[static_cast<std::size_t>(found - defined.begin())]);
  }
  if (names.size() > defined.size()) {
    return invalidRequest("Invalid KeySchema: Some index key attribute have no definition");
  }
  if (parts.size() != names.size()) {
    return invalidValues(
        fmt::format("Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], "
                    "AttributeDefinitions: [{}]",
                    fmt::join(names, ", "), fmt::join(defined, ", ")));
  }
  if (names.size() == 2 && names[0] == names[1]) {
    return invalidRequest("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  }
  if (schema[0].textOf("KeyType") != "HASH") {
    return invalidRequest("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  }
  if (schema.size() == 2 && schema[1].textOf("KeyType") != "RANGE") {
    return invalidRequest("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  TableKeys keys{.hash = parts[0], .sort = std::nullopt};
  if (parts.size() == 2) keys.sort = parts[1];
  return keys;
}

TableThroughput readThroughput(const InputValue* given) {
  if (given == nullptr) return {};
  return {.readUnits = *given->integerOf("ReadCapacityUnits"),
          .writeUnits = *given->integerOf("WriteCapacityUnits")};
}

Outcome<FakeIndex> readIndex(const InputValue& input, const std::vector<KeyPart>& definitions) {
  auto keys = readKeys(input, definitions);
  if (!keys) return refuse(keys.error());
  const InputValue& projection = *input.find("Projection");
  const auto type = projection.textOf("ProjectionType");
  if (!type) return invalidValues("Unknown ProjectionType: null");
  const InputValue* others = projection.find("NonKeyAttributes");
  if (others != nullptr && *type != "INCLUDE") {
    return invalidValues(fmt::format("ProjectionType is {}, but NonKeyAttributes is specified", *type));
  }
  if (others == nullptr && *type == "INCLUDE") {
    return invalidValues("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
  }
  FakeIndex index{.name = std::string(*input.textOf("IndexName")),
                  .keys = std::move(*keys),
                  .projection = std::string(*type),
                  .nonKeyAttributes = {},
                  .throughput = readThroughput(input.find("ProvisionedThroughput"))};
  if (others != nullptr) {
    for (const InputValue& name : others->items) index.nonKeyAttributes.push_back(name.text);
  }
  return index;
}

Outcome<FakeIndex> readLocalIndex(const InputValue& input, const std::vector<KeyPart>& definitions,
                                  const TableKeys& keys) {
  auto index = readIndex(input, definitions);
  if (!index) return index;
  if (!index->keys.sort) {
    return invalidValues(fmt::format("Index KeySchema does not have a range key for index: {}", index->name));
  }
  if (index->keys.hash.name != keys.hash.name) {
    return invalidValues(
        fmt::format("Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                    "{}. index hash key: {}, table hash key: {}",
                    index->name, index->keys.hash.name, keys.hash.name));
  }
  index->global = false;
  return index;
}

Outcome<void> readBilling(const InputValue& input, FakeTable& table) {
  const InputValue* throughput = input.find("ProvisionedThroughput");
  table.onDemand = input.textOf("BillingMode") == "PAY_PER_REQUEST";
  if (table.onDemand && throughput != nullptr) {
    return invalidValues(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (!table.onDemand && throughput == nullptr) {
    return invalidValues(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  }
  table.throughput = readThroughput(throughput);
  return {};
}

Outcome<void> addLocalIndexes(const InputValue& list, FakeTable& table) {
  if (list.items.empty()) return invalidValues("List of LocalSecondaryIndexes is empty");
  if (!table.keys.sort) {
    return invalidValues(
        "Table KeySchema does not have a range key, which is required when specifying a "
        "LocalSecondaryIndex");
  }
  for (const InputValue& one : list.items) {
    auto index = readLocalIndex(one, table.definitions, table.keys);
    if (!index) return refuse(index.error());
    table.indexes.push_back(std::move(*index));
  }
  if (list.items.size() <= kLocalIndexesMax) return {};
  return invalidValues("Number of LocalSecondaryIndexes exceeds per-table limit of 5");
}

Outcome<void> addGlobalIndexes(const InputValue& list, FakeTable& table) {
  if (list.items.empty()) return invalidValues("List of GlobalSecondaryIndexes is empty");
  for (const InputValue& one : list.items) {
    auto index = readGlobalIndex(one, table.definitions, table.onDemand);
    if (!index) return refuse(index.error());
    table.indexes.push_back(std::move(*index));
  }
  if (list.items.size() <= kGlobalIndexesMax) return {};
  return invalidValues("GlobalSecondaryIndex count exceeds the per-table limit of 20");
}

// Each index has a name of its own, and every definition belongs to some key.
Outcome<void> checkWhole(const FakeTable& table) {
  std::set<std::string> names;
  std::set<std::string> used;
  const auto use = [&used](const TableKeys& keys) {
    for (const KeyPart& part : keys.parts()) used.insert(part.name);
  };
  use(table.keys);
  for (const FakeIndex& index : table.indexes) {
    if (!names.insert(index.name).second) {
      return invalidValues(fmt::format("Duplicate index name: {}", index.name));
    }
    use(index.keys);
  }
  if (used.size() == table.definitions.size()) return {};
  if (table.indexes.empty()) {
    return invalidValues(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  }
  std::vector<std::string> defined;
  for (const KeyPart& definition : table.definitions) defined.push_back(definition.name);
  return invalidValues(
      fmt::format("Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
                  fmt::join(defined, ", "), fmt::join(used, ", ")));
}

}  // namespace

std::vector<KeyPart> readDefinitions(const InputValue& input) {
  std::vector<KeyPart> definitions;
  const InputValue* list = input.find("AttributeDefinitions");
  if (list == nullptr) return definitions;
  for (const InputValue& one : list->items) {
    definitions.push_back({.name = std::string(*one.textOf("AttributeName")),
                           .type = *typeNamed(*one.textOf("AttributeType"))});
  }
  return definitions;
}

Outcome<FakeIndex> readGlobalIndex(const InputValue& input, const std::vector<KeyPart>& definitions,
                                   bool onDemand) {
  auto index = readIndex(input, definitions);
  if (!index) return index;
  const bool has = input.has("ProvisionedThroughput");
  if (onDemand && has) {
    return invalidValues(
        fmt::format("ProvisionedThroughput should not be specified for index: {} when BillingMode is "
                    "PAY_PER_REQUEST",
                    index->name));
  }
  if (!onDemand && !has) {
    return invalidValues(fmt::format("ProvisionedThroughput must be specified for index: {}", index->name));
  }
  return index;
}

Outcome<std::unique_ptr<FakeTable>> readTable(const InputValue& input) {
  auto table = std::make_unique<FakeTable>();
  table->name = tableNameIn(*input.textOf("TableName"));
  for (const char* other : {"StreamSpecification", "SSESpecification"}) {
    const InputValue* given = input.find(other);
    if (given != nullptr && (given->isTrue("StreamEnabled") || given->isTrue("Enabled"))) {
      return invalidRequest(fmt::format("{} is not known to this fake.", other));
    }
  }
  if (auto billed = readBilling(input, *table); !billed) return refuse(billed.error());
  table->definitions = readDefinitions(input);
  auto keys = readKeys(input, table->definitions);
  if (!keys) return refuse(keys.error());
  table->keys = std::move(*keys);
  if (const InputValue* local = input.find("LocalSecondaryIndexes")) {
    if (auto added = addLocalIndexes(*local, *table); !added) return refuse(added.error());
  }
  if (const InputValue* global = input.find("GlobalSecondaryIndexes")) {
    if (auto added = addGlobalIndexes(*global, *table); !added) return refuse(added.error());
  }
  if (auto whole = checkWhole(*table); !whole) return refuse(whole.error());
  table->deletionProtection = input.isTrue("DeletionProtectionEnabled");
  if (const InputValue* tags = input.find("Tags")) {
    if (tags->items.size() > kTagsMax) return invalidRequest("Too many tags: at most 50 are allowed");
    for (const InputValue& tag : tags->items) {
      table->tags[std::string(*tag.textOf("Key"))] = *tag.textOf("Value");
    }
  }
  return table;
}

}  // namespace tidemill::fake
