#include "lease/lease_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lease/lease_row.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kPollInterval = 1s;
// The client has tried for a while already when it fails.
constexpr rt::Duration kUnansweredMax = 20s;

Error foreignKey(const std::string& name) {
  return Error(Code::kForeignTable,
               fmt::format("{}: its key is not {}, so it is no lease table", dynamo::tableContext(name),
                           attribute::kLeaseKey),
               "the lease table has the application's name: choose another name for the application");
}

bool isLeaseTable(const dynamo::TableDescription& table) {
  const dynamo::KeyAttribute wanted{std::string(attribute::kLeaseKey)};
  return table.partitionKey == wanted && !table.sortKey;
}

enum class Readiness { kReady, kWait, kNever };

Readiness readinessOf(const dynamo::TableDescription& table) {
  if (table.active() || table.status == "UPDATING") return Readiness::kReady;
  if (table.status == "CREATING" || table.status == "DELETING") return Readiness::kWait;
  return Readiness::kNever;
}

Error notUsable(const std::string& name, const std::string& status) {
  return Error(Code::kResourceInUse,
               fmt::format("{} is {}", dynamo::tableContext(name), base::quoteIfNeeded(status)),
               "see in DynamoDB's console what keeps it from being ACTIVE");
}

Error tooSlow(const std::string& name, rt::Duration waited, const std::string& last) {
  return Error(Code::kTimeout,
               fmt::format("{} has not become ACTIVE within {} s: {}", dynamo::tableContext(name),
                           std::chrono::duration_cast<std::chrono::seconds>(waited).count(), last),
               "see the table in DynamoDB's console, then start again");
}

dynamo::CreateTableRequest creation(const std::string& name, const LeaseTableOptions& options) {
  dynamo::CreateTableRequest request;
  request.table = name;
  request.partitionKey.name = std::string(attribute::kLeaseKey);
  request.provisioned = options.provisioned;
  return request;
}

// Somebody else may be making it.
bool goesOn(const Error& error) {
  return error.retryable() || error.code() == Code::kResourceInUse;
}

}  // namespace

Result<void> checkTableName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  if (plain && name.size() >= 3 && name.size() <= 255) return {};
  return fail(Code::kInvalidConfig,
              fmt::format("the application's name {} is no name for a table", base::quoteIfNeeded(name)),
              "with leases in DynamoDB it has 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'");
}

rt::Task<Result<bool>> openLeaseTable(rt::Loop& loop, dynamo::DynamoApi& api, std::string name,
                                      LeaseTableOptions options) {
  const dynamo::CreateTableRequest create = creation(name, options);
  const rt::TimePoint start = loop.now();
  std::string last;
  bool made = false;
  bool answered = false;  // Waiting is for a table, not for a service that nobody reaches.
  while (loop.now() - start <= options.waitMax) {  // Bounded by waitMax: each turn sleeps.
    auto table = co_await api.describeTable(name);
    answered = answered || table || table.error().code() == Code::kUnknownTable;
    if (table) {
      if (!isLeaseTable(*table)) co_return fail(foreignKey(name));
      const Readiness readiness = readinessOf(*table);
      if (readiness == Readiness::kReady) co_return made;
      if (readiness == Readiness::kNever) co_return fail(notUsable(name, table->status));
      last = "it is " + base::quoteIfNeeded(table->status);
    } else if (table.error().code() != Code::kUnknownTable) {
      answered = answered || table.error().code() == Code::kThrottled;
      const bool inVain = !answered && loop.now() - start > kUnansweredMax;
      if (inVain || !table.error().retryable()) co_return fail(table.error());
      last = table.error().message();
    } else if (!options.make) {
      co_return fail(table.error());
    } else {
      // Again in each turn: one that was being deleted is gone only now. Where it is being made already, the
      // service says so.
      auto created = co_await api.createTable(create);
      if (!created && !goesOn(created.error())) co_return fail(created.error());
      made = made || created;
      last = created ? "it was just made" : created.error().message();
    }
    co_await loop.sleepFor(kPollInterval);
  }
  co_return fail(tooSlow(name, options.waitMax, last));
}

}  // namespace tidemill::lease
