#include "fake/dynamo_description.h"

#include <algorithm>

namespace tidemill::fake {
namespace {

constexpr std::int64_t kWarmReads = 12'000;
constexpr std::int64_t kWarmWrites = 4'000;

void member(codec::JsonWriter& out, std::string_view name, std::string_view value) {
  out.key(name);
  out.text(value);
}

void member(codec::JsonWriter& out, std::string_view name, std::int64_t value) {
  out.key(name);
  out.integer(value);
}

void writeKeys(codec::JsonWriter& out, const TableKeys& keys) {
  out.key("KeySchema");
  out.beginArray();
  bool first = true;
  for (const KeyPart& part : keys.parts()) {
    out.beginObject();
    member(out, "AttributeName", part.name);
    member(out, "KeyType", first ? std::string_view("HASH") : "RANGE");
    out.endObject();
    first = false;
  }
  out.endArray();
}

void writeDefinitions(codec::JsonWriter& out, const std::vector<KeyPart>& definitions) {
  out.key("AttributeDefinitions");
  out.beginArray();
  for (const KeyPart& definition : definitions) {
    out.beginObject();
    member(out, "AttributeName", definition.name);
    member(out, "AttributeType", typeName(definition.type));
    out.endObject();
  }
  out.endArray();
}

void writeThroughput(codec::JsonWriter& out, const TableThroughput& throughput) {
  out.key("ProvisionedThroughput");
  out.beginObject();
  member(out, "NumberOfDecreasesToday", 0);
  member(out, "ReadCapacityUnits", throughput.readUnits);
  member(out, "WriteCapacityUnits", throughput.writeUnits);
  out.endObject();
}

void writeWarmth(codec::JsonWriter& out, const FakeTable& table, const TableThroughput& throughput) {
  out.key("WarmThroughput");
  out.beginObject();
  member(out, "ReadUnitsPerSecond", table.onDemand ? kWarmReads : throughput.readUnits);
  member(out, "WriteUnitsPerSecond", table.onDemand ? kWarmWrites : throughput.writeUnits);
  member(out, "Status", std::string_view(table.status == TableStatus::kActive ? "ACTIVE" : "UPDATING"));
  out.endObject();
}

void writeIndex(codec::JsonWriter& out, const FakeTable& table, const FakeIndex& index, bool warmth) {
  out.beginObject();
  member(out, "IndexName", index.name);
  writeKeys(out, index.keys);
  out.key("Projection");
  out.beginObject();
  member(out, "ProjectionType", index.projection);
  if (!index.nonKeyAttributes.empty()) {
    out.key("NonKeyAttributes");
    out.beginArray();
    for (const auto& name : index.nonKeyAttributes) out.text(name);
    out.endArray();
  }
  out.endObject();
  std::int64_t items = 0;
  std::int64_t bytes = 0;
  table.visit(rt::WallTime::max(), &index, {}, [&](const std::string&, const ItemPointer& item) {
    ++items;
    bytes += static_cast<std::int64_t>(sizeBytes(*item));
    return true;
  });
  member(out, "IndexSizeBytes", bytes);
  member(out, "ItemCount", items);
  member(out, "IndexArn", table.arn + "/index/" + index.name);
  if (index.global) {
    member(out, "IndexStatus", statusName(index.status));
    // Only while it is being built over a table that is already there.
    if (index.status == TableStatus::kCreating && table.status != TableStatus::kCreating) {
      out.key("Backfilling");
      out.boolean(true);
    }
    writeThroughput(out, index.throughput);
    if (warmth) writeWarmth(out, table, index.throughput);
  }
  out.endObject();
}

void writeIndexes(codec::JsonWriter& out, const FakeTable& table, bool global, bool warmth) {
  const bool any = std::any_of(table.indexes.begin(), table.indexes.end(),
                               [&](const FakeIndex& index) { return index.global == global; });
  if (!any) return;
  out.key(global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes");
  out.beginArray();
  for (const FakeIndex& index : table.indexes) {
    if (index.global == global) writeIndex(out, table, index, warmth);
  }
  out.endArray();
}

}  // namespace

void writeDescription(codec::JsonWriter& out, std::string_view name, const FakeTable& table,
                      std::string_view operation) {
  const bool deleted = operation == "DeleteTable";
  const bool warmth = operation == "DescribeTable" || operation == "UpdateTable";
  out.key(name);
  out.beginObject();
  member(out, "TableName", table.name);
  member(out, "TableStatus", statusName(table.status));
  member(out, "TableArn", table.arn);
  member(out, "TableId", table.id);
  if (!deleted) {
    out.key("CreationDateTime");
    out.timestamp(table.created.time_since_epoch().count());
    writeKeys(out, table.keys);
    writeDefinitions(out, table.definitions);
  }
  writeThroughput(out, table.throughput);
  if (table.onDemand) {
    out.key("BillingModeSummary");
    out.beginObject();
    member(out, "BillingMode", std::string_view("PAY_PER_REQUEST"));
    if (operation == "DescribeTable" && table.onDemandSince) {
      out.key("LastUpdateToPayPerRequestDateTime");
      out.timestamp(table.onDemandSince->time_since_epoch().count());
    }
    out.endObject();
  }
  member(out, "TableSizeBytes", static_cast<std::int64_t>(table.sizeBytes()));
  member(out, "ItemCount", static_cast<std::int64_t>(table.itemCount()));
  writeIndexes(out, table, false, warmth);
  writeIndexes(out, table, true, warmth);
  if (warmth) writeWarmth(out, table, table.throughput);
  out.key("DeletionProtectionEnabled");
  out.boolean(table.deletionProtection);
  out.endObject();
}

}  // namespace tidemill::fake
