// fake/dynamo_store.h: the tables of the account, how they come and go.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "fake/dynamo_table.h"
#include "fake/fake_options.h"
#include "fake/service_error.h"
#include "rt/time.h"

namespace tidemill::fake {

// Nothing happens by itself: settle(now) carries out what is due by then. Every refusal is the service's.
class DynamoStore {
 public:
  DynamoStore(const FakeAwsOptions& options, base::Random random) : options_(options), random_(random) {}

  // Finishes creations, updates and deletions that are due, and forgets what no stale read can see.
  void settle(rt::WallTime now);

  // Fills in the name's consequences (ARN, id, times, status) and keeps the table.
  Outcome<FakeTable*> create(std::unique_ptr<FakeTable> table, rt::WallTime now);
  Outcome<void> remove(FakeTable& table, rt::WallTime now);
  // CREATING, UPDATING or DELETING until the delay has passed.
  void change(FakeTable& table, TableStatus status, rt::WallTime now);
  void change(FakeIndex& index, TableStatus status, rt::WallTime now);

  // In any state; null if there is none. By name or ARN.
  FakeTable* find(std::string_view nameOrArn);
  // "Requested resource not found: Table: NAME not found"
  static ServiceError tableNotFound(std::string_view name);
  // For a change of a table that is not ACTIVE.
  static ServiceError tableInUse(const FakeTable& table);

  const std::map<std::string, std::unique_ptr<FakeTable>, std::less<>>& tables() const { return tables_; }

 private:
  const FakeAwsOptions& options_;
  base::Random random_;
  std::map<std::string, std::unique_ptr<FakeTable>, std::less<>> tables_;
};

}  // namespace tidemill::fake
