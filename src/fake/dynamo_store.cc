#include "fake/dynamo_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "fake/dynamo_models.h"

namespace tidemill::fake {
namespace {

template <class Subject>
void finish(Subject& subject, rt::WallTime now) {
  const bool due = subject.status != TableStatus::kActive && subject.statusUntil <= now;
  if (due && subject.status != TableStatus::kDeleting) subject.status = TableStatus::kActive;
}

template <class Subject>
bool isGone(const Subject& subject, rt::WallTime now) {
  return subject.status == TableStatus::kDeleting && subject.statusUntil <= now;
}

}  // namespace

void DynamoStore::settle(rt::WallTime now) {
  for (auto at = tables_.begin(); at != tables_.end();) {
    FakeTable& table = *at->second;
    finish(table, now);
    for (FakeIndex& index : table.indexes) finish(index, now);
    std::erase_if(table.indexes, [&](const FakeIndex& index) { return isGone(index, now); });
    table.forget(now - options_.staleReads);
    at = isGone(table, now) ? tables_.erase(at) : std::next(at);
  }
}

Outcome<FakeTable*> DynamoStore::create(std::unique_ptr<FakeTable> table, rt::WallTime now) {
  FakeTable& made = *table;
  if (tables_.contains(made.name)) {
    return refuse("ResourceInUseException", fmt::format("Table already exists: {}", made.name));
  }
  made.arn = fmt::format("arn:aws:dynamodb:{}:{}:table/{}", options_.region, options_.accountId, made.name);
  made.id = random_.uuid();
  made.created = now;
  if (made.onDemand) made.onDemandSince = now;
  change(made, TableStatus::kCreating, now);
  for (FakeIndex& index : made.indexes) change(index, TableStatus::kCreating, now);
  tables_.emplace(made.name, std::move(table));
  return &made;
}

Outcome<void> DynamoStore::remove(FakeTable& table, rt::WallTime now) {
  if (table.deletionProtection) {
    return refuse("ValidationException",
                  fmt::format("Resource cannot be deleted as it is currently protected against deletion. "
                              "Disable deletion protection first. Table: {}",
                              table.name));
  }
  if (table.status != TableStatus::kActive) return refuse(tableInUse(table));
  change(table, TableStatus::kDeleting, now);
  return {};
}

ServiceError DynamoStore::tableInUse(const FakeTable& table) {
  return {"ResourceInUseException",
          fmt::format("Attempt to change a resource which is still in use: Table is being {}: {}",
                      table.status == TableStatus::kCreating   ? "created"
                      : table.status == TableStatus::kUpdating ? "updated"
                                                               : "deleted",
                      table.name)};
}

void DynamoStore::change(FakeTable& table, TableStatus status, rt::WallTime now) {
  table.status = status;
  table.statusUntil = now + options_.tableDelay;
}

void DynamoStore::change(FakeIndex& index, TableStatus status, rt::WallTime now) {
  index.status = status;
  index.statusUntil = now + options_.tableDelay;
}

FakeTable* DynamoStore::find(std::string_view nameOrArn) {
  const auto found = tables_.find(tableNameIn(nameOrArn));
  if (found == tables_.end()) return nullptr;
  // An ARN of another account or region names another table.
  const bool isArn = nameOrArn.size() != found->first.size();
  return isArn && found->second->arn != nameOrArn ? nullptr : found->second.get();
}

ServiceError DynamoStore::tableNotFound(std::string_view name) {
  return {"ResourceNotFoundException",
          fmt::format("Requested resource not found: Table: {} not found", tableNameIn(name))};
}

}  // namespace tidemill::fake
