// Query and Scan: a page of items in the order of the table or of an index.
#include <fmt/format.h>

#include "fake/dynamo_keys.h"
#include "fake/fake_dynamo.h"

namespace tidemill::fake {

// What one page is read from, and what of it is wanted.
struct FakeDynamo::Reading {
  DynamoParameters parameters;
  const FakeTable* table;
  const FakeIndex* index;
  // Of a query: what the sort key must be.
  std::optional<Condition> sortCondition{};
  Range range{};
  // Of a scan.
  std::int64_t segment = 0;
  std::int64_t segments = 1;

  const TableKeys& keys() const { return index == nullptr ? table->keys : index->keys; }
};

namespace {

constexpr std::size_t kPageBytesMax = 1u << 20;

// "1 validation error detected: " stands before most texts of Query, but not of Scan.
tl::unexpected<ServiceError> invalidSelect(const DynamoCall& call, std::string_view text) {
  return invalidRequest(
      fmt::format("{}{}", call.operation == "Query" ? "1 validation error detected: " : "", text));
}

Outcome<void> checkSelect(const DynamoCall& call) {
  const auto select = call.input.textOf("Select");
  const bool legacy = call.input.has("AttributesToGet");
  const bool named = legacy || call.input.has("ProjectionExpression");
  if (!select) return {};
  if (*select == "ALL_PROJECTED_ATTRIBUTES" && !call.input.has("IndexName")) {
    return invalidSelect(call, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  if (*select == "SPECIFIC_ATTRIBUTES") {
    if (named) return {};
    return invalidSelect(call,
                         "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                         "SPECIFIC_ATTRIBUTES");
  }
  if (!named) return {};
  const std::string_view what = *select == "COUNT" ? "only the Count" : *select;
  return invalidSelect(call, fmt::format("Cannot specify the {} when choosing to get {}",
                                         legacy ? "AttributesToGet" : "ProjectionExpression", what));
}

Outcome<void> checkSegments(const InputValue& input) {
  const auto segment = input.integerOf("Segment");
  const auto total = input.integerOf("TotalSegments");
  if (segment && !total) {
    return invalidRequest(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter "
        "is present");
  }
  if (total && !segment) {
    return invalidRequest(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments "
        "is present");
  }
  if (!total || *segment < *total) return {};
  return invalidRequest(
      fmt::format("The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                  "Segment: {} is not less than TotalSegments: {}",
                  *segment, *total));
}

Outcome<void> checkIndexUse(const DynamoCall& call, const FakeIndex& index) {
  if (!index.global) return {};
  if (call.input.isTrue("ConsistentRead")) {
    return invalidRequest("Consistent reads are not supported on global secondary indexes");
  }
  if (call.input.textOf("Select") == "ALL_ATTRIBUTES" && index.projection != "ALL") {
    return invalidRequest(
        fmt::format("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported "
                    "for global secondary index {} because its projection type is not ALL",
                    index.name));
  }
  return {};
}

// What an index holds of an item; null index: all.
Item projectedBy(const FakeTable& table, const FakeIndex* index, const Item& item) {
  if (index == nullptr || index->projection == "ALL") return item;
  Item held = pageKeyOf(table, index, item);
  for (const auto& name : index->nonKeyAttributes) {
    const auto found = item.find(name);
    if (found != item.end()) held.insert(*found);
  }
  return held;
}

// What the answer shows of an item that the filter let through.
Item shown(const DynamoCall& call, const FakeTable& table, const FakeIndex* index, const Projection* wanted,
           const Item& item) {
  // A local index fetches from the table what it lacks, a global one cannot.
  const bool whole = index != nullptr && !index->global &&
                     (wanted != nullptr || call.input.textOf("Select") == "ALL_ATTRIBUTES");
  Item held = whole ? item : projectedBy(table, index, item);
  return wanted == nullptr ? held : project(*wanted, held);
}

Outcome<void> checkFilter(const DynamoCall& call, const std::optional<Condition>& filter,
                          const TableKeys& keys) {
  if (!filter) return {};
  for (const auto& name : attributesOf(*filter)) {
    if (!keys.has(name)) continue;
    const char* parameter = call.input.has("QueryFilter") ? "QueryFilter" : "Filter Expression";
    return invalidRequest(fmt::format(
        "{} can only contain non-primary key attributes: Primary key attribute: {}", parameter, name));
  }
  return {};
}

// Whether the values that a condition compares a key with have the key's type.
bool hasType(const Condition& condition, ValueType type) {
  for (const Operand& operand : condition.operands) {
    if (operand.kind == Operand::Kind::kValue && operand.value.type != type) return false;
  }
  for (const Condition& part : condition.parts) {
    if (!hasType(part, type)) return false;
  }
  return true;
}

}  // namespace

Outcome<FakeDynamo::Reading> FakeDynamo::readingOf(const DynamoCall& call, DynamoParameters parameters) {
  const auto table = usableTable(*call.input.textOf("TableName"));
  if (!table) return refuse(table.error());
  const auto name = call.input.textOf("IndexName");
  const FakeIndex* index = name ? (*table)->index(*name) : nullptr;
  if (name && (index == nullptr || index->status == TableStatus::kDeleting)) {
    return invalidRequest(fmt::format("The table does not have the specified index: {}", *name));
  }
  if (index != nullptr && index->status == TableStatus::kCreating) {
    return refuse("ResourceNotFoundException",
                  fmt::format("Cannot read from backfilling global secondary index: {}", *name));
  }
  if (index != nullptr) {
    if (auto usable = checkIndexUse(call, *index); !usable) return refuse(usable.error());
  }
  return Reading{.parameters = std::move(parameters), .table = *table, .index = index};
}

Outcome<void> FakeDynamo::query(DynamoCall& call) {
  std::optional<Item> start;
  if (const InputValue* given = call.input.find("ExclusiveStartKey")) {
    auto key = readItem(*given);
    if (!key) return refuse(key.error());
    start = std::move(*key);
  }
  auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  if (!parameters->keyCondition) {
    return invalidRequest(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  }
  if (auto selected = checkSelect(call); !selected) return selected;
  auto reading = readingOf(call, std::move(*parameters));
  if (!reading) return refuse(reading.error());
  const TableKeys& keys = reading->keys();
  auto wanted = keyRangeOf(*reading->parameters.keyCondition,
                           {.hash = keys.hash.name, .range = keys.sort ? keys.sort->name : ""});
  if (!wanted) return refuse(wanted.error());
  if (wanted->hash.type != keys.hash.type || (wanted->range && !hasType(*wanted->range, keys.sort->type))) {
    return invalidRequest(
        "One or more parameter values were invalid: Condition parameter type does not match schema type");
  }
  if (auto allowed = checkFilter(call, reading->parameters.filter, keys); !allowed) return allowed;

  reading->sortCondition = std::move(wanted->range);
  reading->range.prefix = FakeTable::hashOrder(wanted->hash);
  const InputValue* forward = call.input.find("ScanIndexForward");
  reading->range.descending = forward != nullptr && !forward->boolean;
  if (start) {
    auto order = checkStartKey(*reading->table, reading->index, *start);
    if (!order) return refuse(order.error());
    if (!order->starts_with(reading->range.prefix) ||
        (reading->sortCondition && !holds(*reading->sortCondition, *start))) {
      return invalidRequest(
          "The provided starting key is outside query boundaries based on provided conditions");
    }
    reading->range.after = std::move(*order);
  }
  return readPage(call, *reading);
}

Outcome<void> FakeDynamo::scan(DynamoCall& call) {
  std::optional<Item> start;
  if (const InputValue* given = call.input.find("ExclusiveStartKey")) {
    auto key = readItem(*given);
    if (!key) return refuse(key.error());
    start = std::move(*key);
  }
  if (auto right = checkSegments(call.input); !right) return right;
  auto parameters = readDynamoParameters(call.operation, call.input);
  if (!parameters) return refuse(parameters.error());
  if (auto selected = checkSelect(call); !selected) return selected;
  auto reading = readingOf(call, std::move(*parameters));
  if (!reading) return refuse(reading.error());

  reading->segments = call.input.integerOf("TotalSegments").value_or(1);
  reading->segment = call.input.integerOf("Segment").value_or(0);
  if (start) {
    auto order = checkStartKey(*reading->table, reading->index, *start);
    if (!order) return refuse(order.error());
    if (FakeTable::segmentOf(*order, reading->segments) != reading->segment) {
      return invalidRequest(
          fmt::format("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
                      "ExclusiveStartKey with correct Segment. TotalSegments: {} Segment: {}",
                      reading->segments, reading->segment));
    }
    reading->range.after = std::move(*order);
  }
  return readPage(call, *reading);
}

Outcome<void> FakeDynamo::readPage(DynamoCall& call, const Reading& reading) {
  const FakeTable& table = *reading.table;
  const bool consistent = call.input.isTrue("ConsistentRead");
  std::int64_t most = call.input.integerOf("Limit").value_or(INT64_MAX);
  if (call.fault == Fault::kShortPage) most = std::min(most, random_.between(1, 3));
  std::int64_t scanned = 0;
  std::size_t bytes = 0;
  ItemPointer last;
  bool more = false;
  std::vector<ItemPointer> passed;
  table.visit(readTime(call, consistent), reading.index, reading.range,
              [&](const std::string& order, const ItemPointer& item) {
                if (FakeTable::segmentOf(order, reading.segments) != reading.segment) return true;
                if (reading.sortCondition && !holds(*reading.sortCondition, *item)) return true;
                const std::size_t size = sizeBytes(projectedBy(table, reading.index, *item));
                more = scanned > 0 && bytes + size > kPageBytesMax;
                if (more) return false;
                ++scanned;
                bytes += size;
                last = item;
                if (!reading.parameters.filter || holds(*reading.parameters.filter, *item)) {
                  passed.push_back(item);
                }
                // The service does not look whether anything follows.
                more = scanned == most;
                return !more;
              });

  call.out.beginObject();
  call.out.key("Count");
  call.out.integer(static_cast<std::int64_t>(passed.size()));
  call.out.key("ScannedCount");
  call.out.integer(scanned);
  if (call.input.textOf("Select") != "COUNT") {
    const Projection* wanted = reading.parameters.projection ? &*reading.parameters.projection : nullptr;
    call.out.key("Items");
    call.out.beginArray();
    for (const ItemPointer& item : passed) {
      writeItem(call.out, shown(call, table, reading.index, wanted, *item));
    }
    call.out.endArray();
  }
  if (more) {
    call.out.key("LastEvaluatedKey");
    writeItem(call.out, pageKeyOf(table, reading.index, *last));
  }
  ConsumedUnits units{.table = table.name};
  const std::int64_t halves = readHalves(bytes, consistent);
  (reading.index == nullptr ? units.tableHalves : units.indexHalves) = halves;
  if (reading.index != nullptr) {
    units.index = reading.index->name;
    units.globalIndex = reading.index->global;
  }
  writeConsumed(call.out, call.input, units);
  call.out.endObject();
  return {};
}

}  // namespace tidemill::fake
