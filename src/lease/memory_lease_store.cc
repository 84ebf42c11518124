#include "lease/memory_lease_store.h"

#include <utility>

namespace tidemill::lease {
rt::Task<Result<void>> MemoryLeaseStore::reach() {
  const rt::Duration delay = std::chrono::microseconds(env_.random.between(100, 5000));
  co_await env_.loop.sleepFor(delay);
  if (env_.faults.fires("lease.lost_request")) {
    co_return fail(Code::kTimeout, name() + ": no answer (the request was lost)", "it is tried again");
  }
  co_return Result<void>();
}

rt::Task<Result<void>> MemoryLeaseStore::answer() {
  const rt::Duration delay = std::chrono::microseconds(env_.random.between(100, 5000));
  co_await env_.loop.sleepFor(delay);
  if (env_.faults.fires("lease.lost_response")) {
    co_return fail(Code::kTimeout, name() + ": no answer (the response was lost)", "it is tried again");
  }
  co_return Result<void>();
}

rt::Task<Result<rt::WallTime>> MemoryLeaseStore::claimStream(rt::WallTime created) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  if (!table_->streamCreated) table_->streamCreated = created;
  const rt::WallTime noted = *table_->streamCreated;
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  co_return noted;
}

rt::Task<Result<LeaseListing>> MemoryLeaseStore::list() {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  LeaseListing listing;
  for (const auto& [key, row] : table_->rows) {
    const auto spoiled = table_->unreadable.find(key);
    if (spoiled == table_->unreadable.end()) {
      listing.leases.push_back(row);
    } else {
      listing.unreadable.push_back({key, spoiled->second});
    }
  }
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  co_return std::move(listing);
}

rt::Task<Result<std::optional<Lease>>> MemoryLeaseStore::get(const std::string& leaseKey) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  std::optional<Lease> found;
  const auto row = table_->rows.find(leaseKey);
  if (row != table_->rows.end()) found = row->second;
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  auto fine = readable(leaseKey);
  if (!fine) co_return fail(fine.error());
  co_return std::move(found);
}

rt::Task<Result<bool>> MemoryLeaseStore::create(const Lease& lease) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const bool made = table_->rows.emplace(lease.leaseKey, lease).second;
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  co_return made;
}

Error MemoryLeaseStore::conflict(const std::string& leaseKey, const std::string& reason) const {
  return Error(Code::kConflict, nameOf(leaseKey) + ": " + reason,
               "another worker wrote this row; read it again");
}

Result<void> MemoryLeaseStore::readable(const std::string& leaseKey) const {
  const auto spoiled = table_->unreadable.find(leaseKey);
  if (spoiled == table_->unreadable.end()) return {};
  return fail(Code::kForeignTable, nameOf(leaseKey) + ": " + spoiled->second, "mend the row");
}

rt::Task<Result<Lease>> MemoryLeaseStore::write(const LeaseWrite& write) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const std::string& key = write.before.leaseKey;
  const auto row = table_->rows.find(key);
  if (row == table_->rows.end()) co_return fail(conflict(key, "there is no such row"));
  if (const auto refused = refusalOf(write, row->second)) co_return fail(conflict(key, *refused));
  if (row->second.checkpoint != write.after.checkpoint && table_->onCheckpoint) {
    table_->onCheckpoint(key, row->second.checkpoint, write.after.checkpoint);
  }
  applyTo(row->second, write);
  Lease written = row->second;
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  auto fine = readable(key);
  if (!fine) co_return fail(fine.error());
  co_return std::move(written);
}

rt::Task<Result<void>> MemoryLeaseStore::setChildren(const std::string& leaseKey,
                                                     const std::set<std::string>& children) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(leaseKey);
  if (row == table_->rows.end()) co_return fail(conflict(leaseKey, "there is no such row"));
  row->second.childShardIds = children;
  co_return co_await answer();
}

rt::Task<Result<void>> MemoryLeaseStore::setHashRange(const std::string& leaseKey,
                                                      const std::string& starting,
                                                      const std::string& ending) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(leaseKey);
  if (row == table_->rows.end()) co_return fail(conflict(leaseKey, "there is no such row"));
  row->second.startingHashKey = starting;
  row->second.endingHashKey = ending;
  co_return co_await answer();
}

rt::Task<Result<void>> MemoryLeaseStore::ask(const Lease& seen, const std::string& by) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(seen.leaseKey);
  if (row == table_->rows.end() || row->second.leaseOwner != seen.leaseOwner) {
    co_return fail(conflict(seen.leaseKey, "the owner has changed"));
  }
  row->second.wantedBy = by;
  co_return co_await answer();
}

rt::Task<Result<void>> MemoryLeaseStore::remove(const Lease& seen) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(seen.leaseKey);
  if (row != table_->rows.end()) {
    const bool same = row->second.leaseCounter == seen.leaseCounter;
    if (!same) co_return fail(conflict(seen.leaseKey, "the counter has moved"));
    if (!row->second.checkpoint.isShardEnd()) {
      co_return fail(conflict(seen.leaseKey, "the shard is not finished"));
    }
    table_->rows.erase(row);
  }
  co_return co_await answer();
}

rt::Task<Result<void>> MemoryLeaseStore::checkFleet() {
  co_return Result<void>();
}

rt::Task<Result<std::unique_ptr<LeaseStore>>> MemoryLeaseStoreFactory::open(const std::string& application,
                                                                            const std::string& stream) {
  std::unique_ptr<LeaseStore> store =
      std::make_unique<MemoryLeaseStore>(env_, application, stream, tables_->at(application, stream));
  co_return std::move(store);
}

}  // namespace tidemill::lease
