#include "lease/dynamo_lease_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "lease/lease_table.h"

namespace tidemill::lease {
namespace {

// A fleet has one row of metrics for each worker.
constexpr dynamo::ScanBounds kMetricsBounds{.itemsMax = 20'000, .pagesMax = 200};

template <class T>
std::optional<T> later(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

// An answer to a write that cannot be used says as little about it as none.
Error outcomeOpen(const Error& error) {
  const bool open = dynamo::mayHaveBeenApplied(error) && !error.retryable();
  if (!open || error.code() == Code::kTlsFailed) return error;
  return Error(Code::kServiceError, error.message(), error.hint());
}

// An answer that cannot be used may be one broken page among good ones: worth another try, unlike a refusal.
Error unusableRead(const Error& error) {
  if (error.code() != Code::kMalformedResponse) return error;
  return Error(Code::kServiceError, error.message(), error.hint());
}

Error foreignStream(const std::string& leaseKey, const std::string& stream) {
  return Error(
      Code::kForeignTable,
      fmt::format("the row {} belongs to stream {}", base::quoteIfNeeded(leaseKey),
                  base::quoteIfNeeded(stream)),
      "the table has the application's name: an application reads one stream, so choose another name");
}

Error noLeases(const UnreadableRow& first) {
  return Error(Code::kForeignTable,
               fmt::format("the table holds rows and none is a lease; {}: {}",
                           base::quoteIfNeeded(first.leaseKey), first.reason),
               "the lease table has the application's name: choose another name for the application");
}

// The row whose note says that the stream was another one; nothing if no note does.
std::optional<rt::WallTime> otherCreation(const std::vector<LeaseRow>& rows, rt::WallTime created) {
  for (const LeaseRow& row : rows) {
    if (row.streamCreated && *row.streamCreated != created) return row.streamCreated;
  }
  return std::nullopt;
}

// The row that gets the first note. One that has not ended lives longest.
const LeaseRow* rowToNote(const std::vector<LeaseRow>& rows) {
  for (const LeaseRow& row : rows) {
    if (!row.lease.checkpoint.isShardEnd()) return &row;
  }
  return rows.empty() ? nullptr : &rows.front();
}

}  // namespace

DynamoLeaseStore::DynamoLeaseStore(const rt::Env& env, dynamo::DynamoApi& api, std::string application,
                                   std::string stream)
    : LeaseStore(application, std::move(stream)), env_(env), api_(api), table_(std::move(application)) {}

Error DynamoLeaseStore::conflict(const std::string& leaseKey, const std::string& reason) const {
  return Error(Code::kConflict, nameOf(leaseKey) + ": " + reason,
               "another worker wrote this row; read it again");
}

Error DynamoLeaseStore::failure(const Error& error, const std::string& context) const {
  if (error.code() != Code::kUnknownTable) return error.within(context);
  return error.within(context).hinting(
      "the lease table was deleted: restore it from a backup, or start again, which makes a new one and "
      "begins "
      "at the initial position");
}

std::optional<Error> DynamoLeaseStore::foreignRow(const LeaseRow& row) const {
  const std::string shared = streamOfSharedRow(row.lease);
  if (!shared.empty()) return foreignStream(row.lease.leaseKey, shared);
  const bool another = !row.stream.empty() && !stream().empty() && row.stream != stream();
  if (another) return foreignStream(row.lease.leaseKey, row.stream);
  return std::nullopt;
}

rt::Task<Result<DynamoLeaseStore::Rows>> DynamoLeaseStore::scan(bool consistent) {
  dynamo::ScanRequest request;
  request.table = table_;
  request.consistent = consistent;
  auto items = co_await dynamo::scanAll(api_, request);
  if (!items) co_return fail(failure(unusableRead(items.error()), name()));
  Rows rows;
  for (const dynamo::Item& item : *items) {
    const RowPurpose purpose = purposeOf(item);
    if (purpose == RowPurpose::kWorkerMetrics) rows.lastMetrics = later(rows.lastMetrics, metricsTime(item));
    if (purpose != RowPurpose::kLease) {
      rows.otherRows.push_back(leaseKeyOf(item));
      continue;
    }
    auto row = readLeaseRow(item);
    if (!row) {
      rows.unreadable.push_back({leaseKeyOf(item), row.error().message()});
      continue;
    }
    if (auto foreign = foreignRow(*row)) co_return fail(foreign->within(name()));
    rows.leases.push_back(std::move(*row));
  }
  const auto byKey = [](const auto& a, const auto& b) { return a.leaseKey < b.leaseKey; };
  std::sort(rows.leases.begin(), rows.leases.end(),
            [&](const LeaseRow& a, const LeaseRow& b) { return byKey(a.lease, b.lease); });
  std::sort(rows.unreadable.begin(), rows.unreadable.end(), byKey);
  std::sort(rows.otherRows.begin(), rows.otherRows.end());
  handoffSeen_ = std::any_of(rows.leases.begin(), rows.leases.end(),
                             [](const LeaseRow& row) { return !row.lease.checkpointOwner.empty(); });
  lastMetrics_ = rows.lastMetrics;
  co_return std::move(rows);
}

rt::Task<Result<rt::WallTime>> DynamoLeaseStore::claimStream(rt::WallTime created) {
  for (int attempt = 1; attempt <= 3; ++attempt) {  // Again only if another worker noted at the same time.
    auto rows = co_await scan(true);
    if (!rows) co_return fail(rows.error());
    if (const auto other = otherCreation(rows->leases, created)) {
      claimed_ = *other;
      co_return *other;
    }
    if (!claimed_) claimed_ = created;
    const LeaseRow* row = rowToNote(rows->leases);
    const bool noted = std::any_of(rows->leases.begin(), rows->leases.end(),
                                   [](const LeaseRow& one) { return one.streamCreated.has_value(); });
    if (noted || row == nullptr) co_return *claimed_;
    const std::string key = row->lease.leaseKey;
    dynamo::UpdateItemRequest request = noteUpdate(table_, key, note());
    auto written = co_await change(std::move(request), key);
    if (written) co_return *claimed_;
    if (written.error().code() != Code::kConflict) co_return fail(written.error());
  }
  co_return fail(Code::kServiceError, name() + ": when the stream was made could not be noted on a row",
                 "other workers are starting at the same time: it is tried again");
}

rt::Task<Result<LeaseListing>> DynamoLeaseStore::list() {
  auto rows = co_await scan(false);
  if (!rows) co_return fail(rows.error());
  LeaseListing listing;
  for (LeaseRow& row : rows->leases) listing.leases.push_back(std::move(row.lease));
  listing.unreadable = std::move(rows->unreadable);
  listing.otherRows = std::move(rows->otherRows);
  co_return std::move(listing);
}

rt::Task<Result<std::optional<Lease>>> DynamoLeaseStore::get(const std::string& leaseKey) {
  const std::string context = nameOf(leaseKey);
  dynamo::GetItemRequest request;
  request.table = table_;
  request.key = leaseKeyItem(leaseKey);
  request.consistent = true;
  auto item = co_await api_.getItem(request);
  if (!item) co_return fail(failure(unusableRead(item.error()), context));
  if (!*item) co_return std::optional<Lease>();
  if (purposeOf(**item) != RowPurpose::kLease) {
    co_return fail(Code::kForeignTable,
                   context + ": the row is no lease but state of the fleet's coordinator",
                   "name a shard's lease");
  }
  auto row = readLeaseRow(**item);
  if (!row) co_return fail(row.error().within(context));
  if (auto foreign = foreignRow(*row)) co_return fail(foreign->within(context));
  co_return std::optional<Lease>(std::move(row->lease));
}

rt::Task<Result<bool>> DynamoLeaseStore::create(const Lease& lease) {
  const std::string context = nameOf(lease.leaseKey);
  auto item = itemOf({lease, stream(), claimed_});
  if (!item) co_return fail(item.error().within(context));
  dynamo::PutNewItemRequest request;
  request.table = table_;
  request.partitionKey = std::string(attribute::kLeaseKey);
  request.item = std::move(*item);
  auto made = co_await api_.putNewItem(request);
  if (!made) co_return fail(failure(outcomeOpen(made.error()), context));
  co_return made->applied;
}

rt::Task<Result<Lease>> DynamoLeaseStore::update(dynamo::UpdateItemRequest request, std::string leaseKey,
                                                 std::optional<LeaseWrite> write) {
  const std::string context = nameOf(leaseKey);
  auto outcome = co_await api_.updateItem(request);
  if (!outcome) co_return fail(failure(outcomeOpen(outcome.error()), context));
  std::string reason = "there is no such row, or it has changed";
  if (outcome->attributes) {
    auto row = readLeaseRow(*outcome->attributes);
    if (outcome->applied && row) co_return std::move(row->lease);
    if (!row) co_return fail(row.error().within(context));
    reason = "its owner has changed";
    if (write) reason = refusalOf(*write, row->lease).value_or("it has changed");
  } else if (outcome->applied) {
    // An endpoint that does not give the new row.
    auto row = co_await get(leaseKey);
    if (!row) co_return fail(row.error());
    if (*row) co_return std::move(**row);
  }
  co_return fail(conflict(leaseKey, reason));
}

rt::Task<Result<Lease>> DynamoLeaseStore::write(const LeaseWrite& write) {
  dynamo::UpdateItemRequest request = updateFor(table_, write, note());
  std::string key = write.before.leaseKey;
  std::optional<LeaseWrite> asked = write;
  co_return co_await update(std::move(request), std::move(key), std::move(asked));
}

rt::Task<Result<void>> DynamoLeaseStore::change(dynamo::UpdateItemRequest request, std::string leaseKey) {
  // Such changes are small and whole: what else the row holds is of no interest, readable or not.
  request.returnNew = false;
  auto outcome = co_await api_.updateItem(request);
  if (!outcome) co_return fail(failure(outcomeOpen(outcome.error()), nameOf(leaseKey)));
  if (!outcome->applied) co_return fail(conflict(leaseKey, "there is no such row, or its owner has changed"));
  co_return Result<void>();
}

rt::Task<Result<void>> DynamoLeaseStore::setChildren(const std::string& leaseKey,
                                                     const std::set<std::string>& children) {
  dynamo::UpdateItemRequest request = childrenUpdate(table_, leaseKey, children);
  co_return co_await change(std::move(request), leaseKey);
}

rt::Task<Result<void>> DynamoLeaseStore::setHashRange(const std::string& leaseKey,
                                                      const std::string& starting,
                                                      const std::string& ending) {
  dynamo::UpdateItemRequest request = hashRangeUpdate(table_, leaseKey, starting, ending);
  co_return co_await change(std::move(request), leaseKey);
}

rt::Task<Result<void>> DynamoLeaseStore::ask(const Lease& seen, const std::string& by) {
  dynamo::UpdateItemRequest request = askUpdate(table_, seen, by);
  co_return co_await change(std::move(request), seen.leaseKey);
}

rt::Task<Result<void>> DynamoLeaseStore::remove(const Lease& seen) {
  const dynamo::DeleteItemRequest request = deleteFor(table_, seen);
  auto outcome = co_await api_.deleteItem(request);
  if (!outcome) co_return fail(failure(outcomeOpen(outcome.error()), nameOf(seen.leaseKey)));
  if (outcome->applied) co_return Result<void>();
  co_return fail(conflict(seen.leaseKey, "the counter has moved, or the shard is not finished"));
}

void DynamoLeaseStore::passOver(const std::string& table, const Error& error) {
  if (!passedOver_.insert(table).second) return;
  env_.log.warning("lease_fleet_state_unreadable",
                   {{"application", application()}, {"table", table}, {"error", error.message()}});
}

// Fleets of KCL 1 and 2 have no such tables, and their workers no permission to read any.
rt::Task<Result<std::optional<dynamo::Item>>> DynamoLeaseStore::stateItem(std::string table,
                                                                          std::string keyName,
                                                                          const char* key) {
  dynamo::GetItemRequest request;
  request.table = table;
  request.key.emplace(keyName, dynamo::AttributeValue::string(key));
  request.consistent = true;
  auto item = co_await api_.getItem(request);
  if (item) co_return std::move(item);
  const Code code = item.error().code();
  // A table of that name that is something else has another key (kInvalidArgument).
  const bool passed = table != table_ && (code == Code::kAccessDenied || code == Code::kInvalidArgument);
  if (passed) passOver(table, item.error());
  const bool missing = table != table_ && code == Code::kUnknownTable;
  if (passed || missing) co_return std::optional<dynamo::Item>();
  co_return fail(failure(item.error(), name()));
}

rt::Task<Result<FleetItems>> DynamoLeaseStore::stateItems(std::string table, std::string keyName) {
  auto clientVersion = co_await stateItem(table, keyName, kClientVersionKey);
  if (!clientVersion) co_return fail(clientVersion.error());
  auto tableMigration = co_await stateItem(table, keyName, kTableMigrationKey);
  if (!tableMigration) co_return fail(tableMigration.error());
  auto leader = co_await stateItem(table, keyName, kLeaderKey);
  if (!leader) co_return fail(leader.error());
  FleetItems items;
  items.clientVersion = std::move(*clientVersion);
  items.tableMigration = std::move(*tableMigration);
  items.leader = std::move(*leader);
  co_return std::move(items);
}

rt::Task<Result<std::optional<rt::WallTime>>> DynamoLeaseStore::metricsTimeOf(std::string table) {
  dynamo::ScanRequest request;
  request.table = table;
  auto items = co_await dynamo::scanAll(api_, request, kMetricsBounds);
  std::optional<rt::WallTime> last;
  if (items) {
    for (const dynamo::Item& item : *items) last = later(last, metricsTime(item));
    co_return last;
  }
  const Code code = items.error().code();
  if (code == Code::kAccessDenied) passOver(table, items.error());
  if (code == Code::kAccessDenied || code == Code::kUnknownTable) co_return last;
  co_return fail(failure(items.error(), name()));
}

rt::Task<Result<void>> DynamoLeaseStore::checkFleet() {
  FleetSigns signs;
  std::string stateTable = table_ + kStateTableSuffix;
  std::string stateKey = "key";
  auto ofState = co_await stateItems(std::move(stateTable), std::move(stateKey));
  if (!ofState) co_return fail(ofState.error());
  std::string leaseKey(attribute::kLeaseKey);
  auto ofLeases = co_await stateItems(table_, std::move(leaseKey));
  if (!ofLeases) co_return fail(ofLeases.error());
  signs.ofStateTable = std::move(*ofState);
  signs.ofLeaseTable = std::move(*ofLeases);
  signs.handoffSeen = handoffSeen_;
  signs.lastMetrics = lastMetrics_;
  if (modeIsUnsaid(signs)) {
    std::string metricsTable = table_ + kMetricsTableSuffix;
    auto last = co_await metricsTimeOf(std::move(metricsTable));
    if (!last) co_return fail(last.error());
    signs.lastMetrics = later(signs.lastMetrics, *last);
  }
  auto judged = judgeFleet(signs, env_.loop.wall());
  if (!judged) co_return fail(judged.error().within(name()));
  co_return Result<void>();
}

rt::Task<Result<std::unique_ptr<LeaseStore>>> DynamoLeaseStoreFactory::open(const std::string& application,
                                                                            const std::string& stream) {
  auto store = std::make_unique<DynamoLeaseStore>(env_, api_, application, stream);
  const std::string context = store->name();
  const auto named = checkTableName(application);
  if (!named) co_return fail(named.error().within(context));
  const LeaseTableOptions options{.make = options_.makeTable, .provisioned = options_.provisioned};
  auto table = co_await openLeaseTable(env_.loop, api_, application, options);
  if (!table) co_return fail(table.error().within(context));
  if (*table) env_.log.info("lease_table_created", {{"application", application}, {"stream", stream}});
  auto rows = co_await store->scan(true);
  if (!rows) co_return fail(rows.error());
  if (rows->leases.empty() && rows->otherRows.empty() && !rows->unreadable.empty()) {
    co_return fail(noLeases(rows->unreadable.front()).within(context));
  }
  std::unique_ptr<LeaseStore> opened = std::move(store);
  co_return std::move(opened);
}

rt::Task<Result<std::set<std::string>>> DynamoLeaseStoreFactory::streamsOf(const std::string& application) {
  dynamo::ScanRequest request;
  request.table = application;
  auto items = co_await dynamo::scanAll(api_, request);
  if (!items) co_return fail(items.error().within("application " + application));
  std::set<std::string> streams;
  for (const dynamo::Item& item : *items) {
    const auto stream = dynamo::stringOf(item, attribute::kStream);
    if (stream) streams.emplace(*stream);
  }
  co_return std::move(streams);
}

}  // namespace tidemill::lease
