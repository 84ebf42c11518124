#include "consume/shard_coordinator.h"

#include <algorithm>
#include <utility>

#include "consume/start_plan.h"
#include "kinesis/shard_graph.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Lease;

// How often run() looks for checkpoints that are due; the interval itself is the option.
constexpr rt::Duration kCheckEvery = 50ms;

// How often shards are looked for that no parent announced.
constexpr rt::Duration kSyncEvery = 60s;

// How often a listing with holes is asked again before it is taken as it is.
constexpr int kListingsMax = 3;

// How long the end of a shard waits before it is tried again.
constexpr rt::Duration kEndRetry = 1s;

// How often a listing is asked again for the children of a shard that has ended.
constexpr int kChildLookupsMax = 10;

}  // namespace

ShardCoordinator::ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                                   CoordinatorListener& listener, CoordinatorOptions options)
    : env_(env), api_(api), store_(store), listener_(listener), options_(std::move(options)) {}

rt::Task<Result<void>> ShardCoordinator::open() {
  co_return co_await syncShards();
}

rt::Task<Result<void>> ShardCoordinator::syncShards() {
  auto shards = co_await listWhole();
  if (!shards) co_return fail(shards.error());
  auto rows = co_await lease::listSettled(settleContext());
  if (!rows) co_return fail(rows.error());
  // A shard that an earlier listing lacked starts at the time that LATEST meant then, so that nothing is
  // skipped.
  rt::WallTime latest = env_.loop.wall();
  for (const Lease& row : *rows) {
    if (row.startsAt && *row.startsAt < latest) latest = *row.startsAt;
  }
  const std::vector<Lease> missing = lease::leasesToCreate(*shards, *rows, options_.initialPosition, latest);
  for (const Lease& row : missing) {
    auto made = co_await lease::createSettled(settleContext(), row);
    if (!made) co_return fail(made.error());
  }
  auto all = co_await lease::listSettled(settleContext());
  if (!all) co_return fail(all.error());
  for (Lease& row : *all) leases_.try_emplace(row.leaseKey, row);
  nextSync_ = env_.loop.now() + kSyncEvery;
  co_return co_await takeAndStart();
}

rt::Task<Result<std::vector<kinesis::Shard>>> ShardCoordinator::listWhole() {
  for (int attempt = 1;; ++attempt) {  // Bounded by kListingsMax.
    auto shards = co_await kinesis::listAllShards(api_, options_.stream);
    if (!shards) co_return fail(shards.error());
    auto graph = kinesis::ShardGraph::build(*shards);
    if (!graph) co_return fail(graph.error().within("stream " + options_.stream));
    const auto problem = graph->coverProblem();
    if (!problem) co_return std::move(*shards);
    if (attempt >= kListingsMax) {
      // Emulators have such listings always; a shard that was left out is found by a later sync.
      env_.log.warning("shard_listing_has_holes", {{"stream", options_.stream}, {"problem", *problem}});
      co_return std::move(*shards);
    }
    co_await env_.loop.sleepFor(1s);
  }
}

rt::Task<Result<void>> ShardCoordinator::takeAndStart() {
  for (auto& [key, lease] : leases_) {
    if (lease.checkpoint.isShardEnd()) continue;
    if (lease.leaseOwner != options_.workerId) {
      const std::string from = lease.leaseOwner;
      auto taken = co_await lease::takeSettled(settleContext(), lease, options_.workerId);
      if (!taken) co_return fail(taken.error());
      lease = std::move(*taken);
      env_.log.info("lease_taken",
                    {{"shard", key}, {"from", from}, {"reason", from.empty() ? "unowned" : "other"}});
    }
    states_.try_emplace(key, lease.checkpoint, options_.checkpointInterval);
  }
  startReadyShards();
  co_return Result<void>();
}

void ShardCoordinator::startReadyShards() {
  const StartPlanOptions plan{.ignoreParents = env_.faults.planted("child-before-parent-end")};
  for (const std::string& key : shardsToStart(leases_, started_, options_.workerId, plan)) {
    started_.insert(key);
    const Lease& lease = leases_.at(key);
    env_.log.info("shard_started",
                  {{"stream", options_.stream}, {"shard", key}, {"from", lease.checkpoint.text()}});
    listener_.startShard({key, lease.checkpoint, positionOf(lease)});
  }
}

kinesis::IteratorPosition ShardCoordinator::positionOf(const Lease& lease) const {
  using Type = kinesis::IteratorPosition::Type;
  kinesis::IteratorPosition position;
  if (lease.checkpoint.isSequenceNumber()) {
    position.type = Type::kAfterSequenceNumber;
    position.sequenceNumber = lease.checkpoint.sequenceNumber();
  } else if (lease.startsAt) {
    // AWS refuses a time in the future, which a clock that runs ahead of the server's would give.
    position.type = Type::kAtTimestamp;
    position.timestamp = *lease.startsAt;
  } else if (lease.checkpoint.kind() == lease::Checkpoint::Kind::kLatest) {
    position.type = Type::kLatest;
  } else if (lease.checkpoint.kind() == lease::Checkpoint::Kind::kAtTimestamp) {
    position.type = Type::kAtTimestamp;
    position.timestamp = options_.initialPosition.timestamp;
  }
  return position;
}

void ShardCoordinator::processed(const std::vector<std::shared_ptr<const block::Block>>& blocks) {
  for (const auto& block : blocks) {
    for (const SequenceNumberRange& range : block->ranges()) {
      states_.at(range.shardId).processed(lease::Checkpoint::at(range.toSeqNumber), range.recordCount);
    }
    for (const block::ShardEnd& end : block->ends()) ends_.push_back(end);
  }
}

rt::Task<Result<void>> ShardCoordinator::run() {
  while (!stopRequested_) {
    auto written = co_await writeDue(false);
    if (!written) co_return fail(written.error());
    if (env_.loop.now() >= nextEndTry_) {
      auto finished = co_await finishShards();
      if (!finished) co_return fail(finished.error());
    }
    if (env_.loop.now() >= nextSync_) {
      nextSync_ = env_.loop.now() + kSyncEvery;
      auto synced = co_await syncShards();
      if (!synced && !synced.error().retryable()) co_return fail(synced.error());
    }
    co_await env_.loop.sleepFor(kCheckEvery);
  }
  co_return Result<void>();
}

rt::Task<Result<void>> ShardCoordinator::writeDue(bool all) {
  std::vector<std::string> shardIds;
  for (const auto& [shardId, state] : states_) shardIds.push_back(shardId);
  for (const std::string& shardId : shardIds) {
    const auto state = states_.find(shardId);
    if (state == states_.end()) continue;
    const auto to = all ? state->second.outstanding() : state->second.due(env_.loop.now());
    if (!to) continue;
    auto written = co_await writeCheckpoint(shardId, *to);
    if (!written) co_return fail(written.error());
  }
  co_return Result<void>();
}

rt::Task<Result<void>> ShardCoordinator::writeCheckpoint(std::string shardId, lease::Checkpoint to) {
  CheckpointState& state = states_.at(shardId);
  const std::int64_t records = state.recordsProcessed();
  auto written = co_await lease::checkpointSettled(settleContext(), leases_.at(shardId), to);
  if (!written) co_return fail(leaseLost(shardId, written.error()));
  leases_.at(shardId) = std::move(*written);
  state.written(to, records, env_.loop.now());
  env_.log.debug("checkpoint_written", {{"shard", shardId}, {"at", to.text()}});
  co_return Result<void>();
}

rt::Task<Result<void>> ShardCoordinator::finishShards() {
  const std::size_t waiting = ends_.size();
  for (std::size_t i = 0; i < waiting; ++i) {
    const block::ShardEnd end = ends_.front();
    auto finished = co_await finishShard(end);
    // An outage of the listing is no reason to stop; the end stays where it is.
    if (!finished && finished.error().retryable()) {
      nextEndTry_ = env_.loop.now() + kEndRetry;
      co_return Result<void>();
    }
    if (!finished) co_return fail(finished.error());
    ends_.pop_front();
    if (!*finished) {
      ends_.push_back(end);
      nextEndTry_ = env_.loop.now() + kEndRetry;
    }
    startReadyShards();
  }
  co_return Result<void>();
}

rt::Task<Result<bool>> ShardCoordinator::parentsHaveRows(const std::vector<Lease>& children) {
  const auto hasOrphan = [this](const Lease& child) {
    const auto& parents = child.parentShardIds;
    return std::any_of(parents.begin(), parents.end(),
                       [this](const auto& id) { return !leases_.contains(id); });
  };
  if (std::none_of(children.begin(), children.end(), hasOrphan)) co_return true;
  // The other parent of a merge may be a shard that was not read yet: without a row it would look finished.
  auto synced = co_await syncShards();
  if (!synced) co_return fail(synced.error());
  if (std::none_of(children.begin(), children.end(), hasOrphan)) co_return true;
  auto shards = co_await kinesis::listAllShards(api_, options_.stream);
  if (!shards) co_return fail(shards.error());
  std::set<std::string> listed;
  for (const kinesis::Shard& shard : *shards) listed.insert(shard.shardId);
  for (const Lease& child : children) {
    if (!listed.contains(child.leaseKey)) co_return false;  // A stale listing proves nothing.
    for (const std::string& parent : child.parentShardIds) {
      if (!leases_.contains(parent) && listed.contains(parent)) co_return false;
    }
  }
  co_return true;  // What has no row has been trimmed.
}

rt::Task<Result<bool>> ShardCoordinator::finishShard(block::ShardEnd end) {
  if (!states_.contains(end.shardId)) {  // Sealed by an earlier try that failed behind that.
    auto resumed = co_await syncShards();
    if (!resumed) co_return fail(resumed.error());
    co_return true;
  }
  auto children = co_await childrenOf(end);
  if (!children) co_return fail(children.error());
  auto known = co_await parentsHaveRows(*children);
  if (!known) co_return fail(known.error());
  if (!*known) co_return false;
  std::set<std::string> childIds;
  for (const Lease& child : *children) {
    childIds.insert(child.leaseKey);
    auto made = co_await lease::createSettled(settleContext(), child);
    if (!made) co_return fail(made.error());
  }
  if (!childIds.empty()) {
    auto noted = co_await lease::setChildrenSettled(settleContext(), end.shardId, childIds);
    if (!noted) co_return fail(leaseLost(end.shardId, noted.error()));
    leases_.at(end.shardId).childShardIds = childIds;
  }
  CheckpointState& state = states_.at(end.shardId);
  state.processed(lease::Checkpoint::shardEnd(), 0);
  auto sealed = co_await writeCheckpoint(end.shardId, lease::Checkpoint::shardEnd());
  if (!sealed) co_return fail(sealed.error());
  ended_.processed += state.recordsProcessed();
  ended_.checkpointed += state.recordsWritten();
  states_.erase(end.shardId);
  env_.log.info("shard_ended",
                {{"stream", options_.stream}, {"shard", end.shardId}, {"children", childIds.size()}});
  auto rows = co_await lease::listSettled(settleContext());
  if (!rows) co_return fail(rows.error());
  for (Lease& row : *rows) leases_.try_emplace(row.leaseKey, row);
  auto taken = co_await takeAndStart();
  if (!taken) co_return fail(taken.error());
  co_return true;
}

rt::Task<Result<std::vector<Lease>>> ShardCoordinator::childrenOf(const block::ShardEnd& end) {
  std::vector<Lease> rows;
  for (const codec::ChildShard& child : end.children) rows.push_back(lease::childLease(child));
  // Some servers do not name the children with the last page: the listing knows them.
  for (int lookup = 0; rows.empty() && lookup < kChildLookupsMax; ++lookup) {
    auto shards = co_await kinesis::listAllShards(api_, options_.stream);
    if (!shards) co_return fail(shards.error());
    for (const kinesis::Shard& shard : *shards) {
      if (shard.parentShardId != end.shardId && shard.adjacentParentShardId != end.shardId) continue;
      codec::ChildShard child{
          shard.shardId, {shard.parentShardId}, shard.startingHashKey, shard.endingHashKey};
      if (!shard.adjacentParentShardId.empty()) child.parentShards.push_back(shard.adjacentParentShardId);
      rows.push_back(lease::childLease(child));
    }
    if (rows.empty()) co_await env_.loop.sleepFor(1s);
  }
  if (rows.empty()) {
    env_.log.warning("shard_ended_without_children", {{"stream", options_.stream}, {"shard", end.shardId}});
  }
  co_return std::move(rows);
}

rt::Task<Result<void>> ShardCoordinator::finish() {
  auto written = co_await writeDue(true);
  if (!written) co_return fail(written.error());
  auto finished = co_await finishShards();
  if (!finished) co_return fail(finished.error());
  for (auto& [key, lease] : leases_) {
    if (lease.checkpoint.isShardEnd() || lease.leaseOwner != options_.workerId) continue;
    auto released = co_await lease::releaseSettled(settleContext(), lease);
    if (!released) co_return fail(leaseLost(key, released.error()));
    lease = std::move(*released);
  }
  co_return Result<void>();
}

CoordinatorTotals ShardCoordinator::totals() const {
  CoordinatorTotals totals = ended_;
  for (const auto& [shardId, state] : states_) {
    totals.processed += state.recordsProcessed();
    totals.checkpointed += state.recordsWritten();
  }
  return totals;
}

Error ShardCoordinator::leaseLost(const std::string& shardId, const Error& cause) const {
  if (cause.code() != Code::kConflict) return cause;
  env_.log.error("lease_lost", {{"shard", shardId}, {"worker", options_.workerId}});
  return Error(Code::kLeaseLost, cause.message(), cause.hint());
}

}  // namespace tidemill::consume
