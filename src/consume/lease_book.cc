#include "consume/lease_book.h"

#include <utility>

namespace tidemill::consume {

using lease::Lease;

LeaseBook::LeaseBook(const rt::Env& env, lease::LeaseStore& store, LeaseBookOptions options,
                     std::function<void(const std::string&)> onShardEnd)
    : env_(env),
      store_(store),
      options_(std::move(options)),
      onShardEnd_(std::move(onShardEnd)),
      incarnation_(options_.workerId + "/" + env.random.uuid()) {}

rt::Task<Result<rt::WallTime>> LeaseBook::claimStream(rt::WallTime created) {
  co_return co_await lease::claimStreamSettled(settleContext(), created);
}

rt::Task<Result<void>> LeaseBook::read() {
  auto listing = co_await lease::listSettled(settleContext());
  if (!listing) co_return fail(listing.error());
  for (Lease& row : listing->leases) {
    const auto [known, isNew] = rows_.try_emplace(row.leaseKey, row);
    // The counter grows with every write: what was read may be older than what was written meanwhile.
    const bool newer = row.leaseCounter > known->second.leaseCounter;
    if (!isNew && newer && !states_.contains(row.leaseKey)) known->second = std::move(row);
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::create(std::vector<Lease> rows) {
  for (const Lease& row : rows) {
    auto made = co_await lease::createSettled(settleContext(), row);
    if (!made) co_return fail(made.error());
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::takeAll() {
  for (auto& [key, row] : rows_) {
    if (!taking_) break;
    if (row.checkpoint.isShardEnd()) continue;
    if (row.leaseOwner != options_.workerId) {
      const std::string from = row.leaseOwner;
      const lease::Worker self{options_.workerId, incarnation_};
      lease::LeaseWrite write = lease::taking(row, self);
      auto taken = co_await lease::writeSettled(settleContext(), std::move(write));
      if (!taken) co_return fail(lost(key, taken.error()));
      row = std::move(taken->row);
      env_.log.info("lease_taken",
                    {{"shard", key}, {"from", from}, {"reason", from.empty() ? "unowned" : "other"}});
    }
    states_.try_emplace(key, row.checkpoint, options_.checkpointInterval);
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::noteChildren(std::string shardId, std::set<std::string> children) {
  auto noted = co_await lease::setChildrenSettled(settleContext(), shardId, children);
  if (!noted) co_return fail(lost(shardId, noted.error()));
  rows_.at(shardId).childShardIds = std::move(children);
  co_return Result<void>();
}

void LeaseBook::processed(const std::string& shardId, const lease::Checkpoint& to, std::int64_t records) {
  states_.at(shardId).processed(to, records);
}

std::vector<std::string> LeaseBook::heldIds() const {
  std::vector<std::string> ids;
  for (const auto& [shardId, state] : states_) ids.push_back(shardId);
  return ids;
}

rt::Task<Result<void>> LeaseBook::writeDue() {
  const std::vector<std::string> shardIds = heldIds();
  for (const std::string& shardId : shardIds) {
    const auto due = states_.at(shardId).due(env_.loop.now());
    if (!due) continue;
    auto written = co_await write(shardId, *due);
    if (written) continue;
    if (!written.error().retryable()) co_return fail(written.error());
    env_.log.warning("checkpoint_not_written", {{"stream", store_.stream()},
                                                {"shard", shardId},
                                                {"code", codeName(written.error().code())},
                                                {"reason", written.error().message()}});
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::writeAll() {
  const std::vector<std::string> shardIds = heldIds();
  for (const std::string& shardId : shardIds) {
    auto outstanding = states_.at(shardId).outstanding();
    while (outstanding) {  // Twice at most: a write whose outcome was open, and what came after it.
      auto written = co_await write(shardId, *outstanding);
      if (!written) co_return fail(written.error());
      const auto state = states_.find(shardId);
      if (state == states_.end()) break;
      outstanding = state->second.outstanding();
    }
  }
  co_return Result<void>();
}

rt::Task<Result<void>> LeaseBook::write(std::string shardId, CheckpointWrite write) {
  lease::LeaseWrite change = lease::checkpointing(rows_.at(shardId), write.to);
  auto written = co_await lease::writeSettled(settleContext(), change);
  if (!written) {
    if (written.error().retryable()) states_.at(shardId).unsettled(write);
    co_return fail(lost(shardId, written.error()));
  }
  lease::applyTo(rows_.at(shardId), change);
  states_.at(shardId).written(write, env_.loop.now());
  env_.log.debug("checkpoint_written", {{"shard", shardId}, {"at", write.to.text()}});
  if (write.to.isShardEnd()) ended(shardId);
  co_return Result<void>();
}

void LeaseBook::ended(const std::string& shardId) {
  const CheckpointState& state = states_.at(shardId);
  ended_.processed += state.recordsProcessed();
  ended_.checkpointed += state.recordsWritten();
  states_.erase(shardId);
  onShardEnd_(shardId);
}

rt::Task<Result<void>> LeaseBook::release() {
  for (auto& [key, row] : rows_) {
    if (row.checkpoint.isShardEnd() || row.leaseOwner != options_.workerId) continue;
    lease::LeaseWrite write = lease::releasing(row);
    auto released = co_await lease::writeSettled(settleContext(), write);
    if (!released) co_return fail(lost(key, released.error()));
    lease::applyTo(row, write);
  }
  co_return Result<void>();
}

CoordinatorTotals LeaseBook::totals() const {
  CoordinatorTotals totals = ended_;
  for (const auto& [shardId, state] : states_) {
    totals.processed += state.recordsProcessed();
    totals.checkpointed += state.recordsWritten();
  }
  return totals;
}

// The message names application, stream and lease already.
Error LeaseBook::lost(const std::string& shardId, const Error& cause) const {
  if (cause.code() != Code::kConflict) return cause;
  env_.log.error("lease_lost", {{"shard", shardId}, {"worker", options_.workerId}});
  return Error(Code::kLeaseLost, cause.message(), cause.hint());
}

}  // namespace tidemill::consume
