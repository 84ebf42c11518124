// Operations on whole tables: create, describe, update, delete, list, tags.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "fake/dynamo_description.h"
#include "fake/dynamo_schema.h"
#include "fake/fake_dynamo.h"

namespace tidemill::fake {
namespace {

constexpr std::int64_t kTablesPerPage = 100;

void answer(DynamoCall& call, std::string_view member, const FakeTable& table) {
  call.out.beginObject();
  writeDescription(call.out, member, table, call.operation);
  call.out.endObject();
}

// One of the changes that UpdateTable asks for. KCL 3 adds an index and turns tables on demand.
struct TableChange {
  bool billing = false;
  bool protection = false;
  const InputValue* index = nullptr;
};

Outcome<TableChange> readChange(const InputValue& input) {
  for (const char* unknown : {"StreamSpecification", "SSESpecification", "ReplicaUpdates", "TableClass"}) {
    if (input.has(unknown)) return invalidRequest(fmt::format("{} is not known to this fake.", unknown));
  }
  TableChange change{.billing = input.has("BillingMode") || input.has("ProvisionedThroughput"),
                     .protection = input.has("DeletionProtectionEnabled")};
  const InputValue* updates = input.find("GlobalSecondaryIndexUpdates");
  if (updates != nullptr && updates->items.size() > 1) {
    return refuse("LimitExceededException",
                  "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously "
                  "per table");
  }
  if (updates != nullptr && updates->items.size() == 1) change.index = &updates->items[0];
  if (change.billing || change.protection || change.index != nullptr) return change;
  return invalidRequest(
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "
      "or SSESpecification or ReplicaUpdates is required");
}

Outcome<void> changeBilling(FakeTable& table, const InputValue& input, rt::WallTime now) {
  const InputValue* throughput = input.find("ProvisionedThroughput");
  const bool onDemand =
      input.has("BillingMode") ? input.textOf("BillingMode") == "PAY_PER_REQUEST" : table.onDemand;
  if (onDemand && throughput != nullptr) {
    return invalidRequest(
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be "
        "specified when BillingMode is PAY_PER_REQUEST");
  }
  if (!onDemand && throughput == nullptr && table.onDemand) {
    return invalidRequest(
        "One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode "
        "is PROVISIONED");
  }
  if (onDemand) {
    if (!table.onDemand) table.onDemandSince = now;
    table.onDemand = true;
    table.throughput = {};
    for (FakeIndex& index : table.indexes) index.throughput = {};
    return {};
  }
  if (throughput == nullptr) return {};
  const TableThroughput wanted{.readUnits = *throughput->integerOf("ReadCapacityUnits"),
                               .writeUnits = *throughput->integerOf("WriteCapacityUnits")};
  const bool same =
      wanted.readUnits == table.throughput.readUnits && wanted.writeUnits == table.throughput.writeUnits;
  if (!table.onDemand && same) {
    return invalidRequest(fmt::format(
        "The provisioned throughput for the table will not change. The requested value equals "
        "the current value. Current ReadCapacityUnits provisioned for the table: {}. Requested "
        "ReadCapacityUnits: {}. Current WriteCapacityUnits provisioned for the table: {}. "
        "Requested WriteCapacityUnits: {}. Refer to the Amazon DynamoDB Developer Guide for "
        "current limits and how to request higher limits.",
        table.throughput.readUnits, wanted.readUnits, table.throughput.writeUnits, wanted.writeUnits));
  }
  table.onDemand = false;
  table.throughput = wanted;
  return {};
}

}  // namespace

Outcome<void> FakeDynamo::createTable(DynamoCall& call) {
  auto wanted = readTable(call.input);
  if (!wanted) return refuse(wanted.error());
  const auto table = store_.create(std::move(*wanted), call.now);
  if (!table) return refuse(table.error());
  answer(call, "TableDescription", **table);
  return {};
}

Outcome<void> FakeDynamo::describeTable(DynamoCall& call) {
  const auto table = tableOf(call.input);
  if (!table) return refuse(table.error());
  answer(call, "Table", **table);
  return {};
}

Outcome<void> FakeDynamo::deleteTable(DynamoCall& call) {
  const auto table = tableOf(call.input);
  if (!table) return refuse(table.error());
  if (auto removed = store_.remove(**table, call.now); !removed) return removed;
  answer(call, "TableDescription", **table);
  return {};
}

Outcome<void> FakeDynamo::listTables(DynamoCall& call) {
  const std::string after(call.input.textOf("ExclusiveStartTableName").value_or(""));
  const std::int64_t most = call.input.integerOf("Limit").value_or(kTablesPerPage);
  const auto& tables = store_.tables();
  auto at = tables.upper_bound(after);
  std::string last;
  call.out.beginObject();
  call.out.key("TableNames");
  call.out.beginArray();
  for (std::int64_t listed = 0; at != tables.end() && listed < most; ++at, ++listed) {
    call.out.text(at->first);
    last = at->first;
  }
  call.out.endArray();
  if (at != tables.end()) {
    call.out.key("LastEvaluatedTableName");
    call.out.text(last);
  }
  call.out.endObject();
  return {};
}

Outcome<void> FakeDynamo::updateTable(DynamoCall& call) {
  const auto change = readChange(call.input);
  if (!change) return refuse(change.error());
  const auto found = tableOf(call.input);
  if (!found) return refuse(found.error());
  FakeTable& table = **found;
  if (table.status != TableStatus::kActive) return refuse(DynamoStore::tableInUse(table));

  // Billing first: a new index has to fit it. Both or neither.
  const auto before = std::tuple(table.onDemand, table.onDemandSince, table.throughput, table.indexes);
  Outcome<void> changed;
  if (change->billing) changed = changeBilling(table, call.input, call.now);
  if (changed && change->index != nullptr) changed = changeIndex(table, call.input, *change->index, call.now);
  if (!changed) {
    std::tie(table.onDemand, table.onDemandSince, table.throughput, table.indexes) = before;
    return changed;
  }
  if (change->protection) table.deletionProtection = call.input.isTrue("DeletionProtectionEnabled");
  store_.change(table, TableStatus::kUpdating, call.now);
  answer(call, "TableDescription", table);
  return {};
}

Outcome<void> FakeDynamo::changeIndex(FakeTable& table, const InputValue& input, const InputValue& change,
                                      rt::WallTime now) {
  const InputValue* create = change.find("Create");
  const InputValue* update = change.find("Update");
  const InputValue* remove = change.find("Delete");
  const InputValue* one = create != nullptr ? create : update != nullptr ? update : remove;
  if (one == nullptr) {
    return invalidRequest(
        "One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Create, "
        "GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Delete must not be null");
  }
  const auto name = *one->textOf("IndexName");
  FakeIndex* index = table.index(name);
  if (create != nullptr) {
    if (index != nullptr) {
      return invalidRequest(fmt::format("Attempting to create an index which already exists: {}", name));
    }
    const auto given = readDefinitions(input);
    auto made = readGlobalIndex(*create, given.empty() ? table.definitions : given, table.onDemand);
    if (!made) return refuse(made.error());
    for (const KeyPart& part : made->keys.parts()) {
      const bool known = std::any_of(table.definitions.begin(), table.definitions.end(),
                                     [&](const KeyPart& definition) { return definition.name == part.name; });
      if (!known) table.definitions.push_back(part);
    }
    store_.change(*made, TableStatus::kCreating, now);
    table.indexes.push_back(std::move(*made));
    return {};
  }
  if (index == nullptr || !index->global) {
    return notFound("Requested resource not found");
  }
  if (update != nullptr) {
    const InputValue* throughput = update->find("ProvisionedThroughput");
    if (table.onDemand || throughput == nullptr) {
      return invalidRequest(
          "One or more parameter values were invalid: ProvisionedThroughput can be specified only when "
          "BillingMode is PROVISIONED");
    }
    index->throughput = {.readUnits = *throughput->integerOf("ReadCapacityUnits"),
                         .writeUnits = *throughput->integerOf("WriteCapacityUnits")};
    store_.change(*index, TableStatus::kUpdating, now);
    return {};
  }
  store_.change(*index, TableStatus::kDeleting, now);
  return {};
}

Outcome<void> FakeDynamo::describeTimeToLive(DynamoCall& call) {
  if (auto table = tableOf(call.input); !table) return refuse(table.error());
  call.out.beginObject();
  call.out.key("TimeToLiveDescription");
  call.out.beginObject();
  call.out.key("TimeToLiveStatus");
  call.out.text("DISABLED");
  call.out.endObject();
  call.out.endObject();
  return {};
}

Outcome<void> FakeDynamo::describeContinuousBackups(DynamoCall& call) {
  if (store_.find(*call.input.textOf("TableName")) == nullptr) {
    return refuse("TableNotFoundException",
                  fmt::format("Table not found: {}", *call.input.textOf("TableName")));
  }
  call.out.beginObject();
  call.out.key("ContinuousBackupsDescription");
  call.out.beginObject();
  call.out.key("ContinuousBackupsStatus");
  call.out.text("ENABLED");
  call.out.key("PointInTimeRecoveryDescription");
  call.out.beginObject();
  call.out.key("PointInTimeRecoveryStatus");
  call.out.text("DISABLED");
  call.out.endObject();
  call.out.endObject();
  call.out.endObject();
  return {};
}

Outcome<FakeTable*> FakeDynamo::taggedTable(const InputValue& input) {
  const auto arn = *input.textOf("ResourceArn");
  if (!arn.starts_with("arn:")) {
    return invalidRequest(fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", arn));
  }
  FakeTable* table = store_.find(arn);
  if (table == nullptr)
    return notFound(fmt::format("Requested resource not found: ResourcArn: {} not found", arn));
  return table;
}

Outcome<void> FakeDynamo::tagResource(DynamoCall& call) {
  const auto table = taggedTable(call.input);
  if (!table) return refuse(table.error());
  auto tags = (*table)->tags;
  for (const InputValue& tag : call.input.find("Tags")->items) {
    tags[std::string(*tag.textOf("Key"))] = *tag.textOf("Value");
  }
  if (tags.size() > kTagsMax) return invalidRequest("Too many tags: at most 50 are allowed");
  (*table)->tags = std::move(tags);
  return {};
}

Outcome<void> FakeDynamo::listTagsOfResource(DynamoCall& call) {
  const auto table = taggedTable(call.input);
  if (!table) return refuse(table.error());
  call.out.beginObject();
  call.out.key("Tags");
  call.out.beginArray();
  for (const auto& [key, value] : (*table)->tags) {
    call.out.beginObject();
    call.out.key("Key");
    call.out.text(key);
    call.out.key("Value");
    call.out.text(value);
    call.out.endObject();
  }
  call.out.endArray();
  call.out.endObject();
  return {};
}

}  // namespace tidemill::fake
