#include "lease/memory_lease_store.h"

#include <utility>

#include "lease/lease_changes.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kConflictHint = "another worker wrote this row; read it again";

}  // namespace

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

rt::Task<Result<std::vector<Lease>>> MemoryLeaseStore::list() {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  std::vector<Lease> rows;
  for (const auto& [key, row] : table_->rows) rows.push_back(row);
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  co_return std::move(rows);
}

rt::Task<Result<std::optional<Lease>>> MemoryLeaseStore::get(const std::string& leaseKey) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  std::optional<Lease> found;
  const auto row = table_->rows.find(leaseKey);
  if (row != table_->rows.end()) found = row->second;
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
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

rt::Task<Result<Lease>> MemoryLeaseStore::replace(Lease expected, Lease next) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(expected.leaseKey);
  if (row == table_->rows.end() || row->second.leaseCounter != expected.leaseCounter) {
    co_return fail(Code::kConflict, nameOf(expected.leaseKey) + ": the counter has moved",
                   std::string(kConflictHint));
  }
  if (row->second.checkpoint.isShardEnd() && !next.checkpoint.isShardEnd()) {
    co_return fail(Code::kConflict, nameOf(expected.leaseKey) + ": the shard is finished",
                   std::string(kConflictHint));
  }
  if (row->second.checkpoint != next.checkpoint && table_->onCheckpoint) {
    table_->onCheckpoint(expected.leaseKey, row->second.checkpoint, next.checkpoint);
  }
  applyChange(row->second, next);
  auto answered = co_await answer();
  if (!answered) co_return fail(answered.error());
  co_return std::move(next);
}

rt::Task<Result<Lease>> MemoryLeaseStore::take(const Lease& seen, const std::string& owner) {
  Lease expected = seen;
  Lease next = afterTake(seen, owner);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<Lease>> MemoryLeaseStore::release(const Lease& held) {
  Lease expected = held;
  Lease next = afterRelease(held);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<Lease>> MemoryLeaseStore::checkpoint(const Lease& held, const Checkpoint& to) {
  Lease expected = held;
  Lease next = afterCheckpoint(held, to);
  co_return co_await replace(std::move(expected), std::move(next));
}

rt::Task<Result<void>> MemoryLeaseStore::setChildren(const std::string& leaseKey,
                                                     const std::set<std::string>& children) {
  auto reached = co_await reach();
  if (!reached) co_return fail(reached.error());
  const auto row = table_->rows.find(leaseKey);
  if (row == table_->rows.end()) {
    co_return fail(Code::kConflict, nameOf(leaseKey) + ": no such row", std::string(kConflictHint));
  }
  row->second.childShardIds = children;
  co_return co_await answer();
}

rt::Task<Result<std::unique_ptr<LeaseStore>>> MemoryLeaseStoreFactory::open(const std::string& application,
                                                                            const std::string& stream) {
  std::unique_ptr<LeaseStore> store =
      std::make_unique<MemoryLeaseStore>(env_, application, stream, tables_->at(application, stream));
  co_return std::move(store);
}

}  // namespace tidemill::lease
