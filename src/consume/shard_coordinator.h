// consume/shard_coordinator.h: leases, start order and lease checkpoints of one application on one stream.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "block/block.h"
#include "consume/checkpoint_state.h"
#include "kinesis/kinesis_api.h"
#include "lease/lease_store.h"
#include "lease/settled_write.h"
#include "lease/shard_sync_plan.h"
#include "rt/env.h"
#include "rt/task.h"

namespace tidemill::consume {

struct CoordinatorOptions {
  std::string application;
  std::string stream;
  // Stable across restarts of the same worker, unique among workers: a restart adopts its own rows at once.
  std::string workerId;
  lease::InitialPosition initialPosition;
  // Least time between two lease checkpoints of a shard. Range: >= 0. Larger writes less, delivers more again
  // after a crash.
  rt::Duration checkpointInterval = std::chrono::seconds(1);
};

// A shard that shall be read now, and from where.
struct ShardStart {
  std::string shardId;
  lease::Checkpoint from;
  kinesis::IteratorPosition position;
};

// Told on the control lane.
class CoordinatorListener {
 public:
  virtual ~CoordinatorListener() = default;
  virtual void startShard(const ShardStart& start) = 0;
};

// Records of this run, over all shards.
struct CoordinatorTotals {
  std::int64_t processed = 0;
  std::int64_t checkpointed = 0;
};

// Lives on the control lane. Order of calls: open(), then run() beside processed() and shardDone(), then
// finish().
class ShardCoordinator {
 public:
  // All references outlive this object.
  ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                   CoordinatorListener& listener, CoordinatorOptions options);

  // Finds the shards, makes missing lease rows, takes the leases, starts every shard whose parents are done.
  // Errors: those of the store and of ListShards; kUnknownStream.
  rt::Task<Result<void>> open();
  // Writes what is due until requestStop() or an error: kLeaseLost, or the store's last word (kDiskFull, kIo,
  // …). Let it end by itself before finish(): a write that is cut off could look like another worker's.
  rt::Task<Result<void>> run();
  void requestStop() { stopRequested_ = true; }

  // The outputs of a batch have succeeded, and it held these blocks. Called in the order of the batches.
  // Lease checkpoints follow from run().
  void processed(const std::vector<std::shared_ptr<const block::Block>>& blocks);

  // The last pass: writes every outstanding checkpoint, then gives up the leases.
  rt::Task<Result<void>> finish();

  CoordinatorTotals totals() const;

 private:
  lease::SettleContext settleContext() { return {env_.loop, store_, env_.random}; }
  // Makes the rows that a fresh listing calls for, takes them, and starts what may start.
  rt::Task<Result<void>> syncShards();
  rt::Task<Result<std::vector<kinesis::Shard>>> listWhole();
  rt::Task<Result<void>> takeAndStart();
  void startReadyShards();
  kinesis::IteratorPosition positionOf(const lease::Lease& lease) const;
  rt::Task<Result<void>> writeDue(bool all);
  rt::Task<Result<void>> writeCheckpoint(std::string shardId, lease::Checkpoint to);
  // Children first, then SHARD_END, then the children may start.
  rt::Task<Result<void>> finishShards();
  // False: not yet, because the parents of a merged child are not all known.
  rt::Task<Result<bool>> finishShard(block::ShardEnd end);
  rt::Task<Result<bool>> parentsHaveRows(const std::vector<lease::Lease>& children);
  rt::Task<Result<std::vector<lease::Lease>>> childrenOf(const block::ShardEnd& end);
  Error leaseLost(const std::string& shardId, const Error& cause) const;

  const rt::Env env_;
  kinesis::KinesisApi& api_;
  lease::LeaseStore& store_;
  CoordinatorListener& listener_;
  const CoordinatorOptions options_;

  std::map<std::string, lease::Lease> leases_;
  std::set<std::string> started_;
  std::map<std::string, CheckpointState> states_;
  std::deque<block::ShardEnd> ends_;
  bool stopRequested_ = false;
  rt::TimePoint nextSync_{};
  rt::TimePoint nextEndTry_{};
  // Counts of shards that have ended.
  CoordinatorTotals ended_;
};

}  // namespace tidemill::consume
