// consume/shard_coordinator.h: leases, start order and lease checkpoints of one application on one stream.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "block/block.h"
#include "consume/lease_book.h"
#include "consume/shard_end.h"
#include "consume/stream_view.h"
#include "kinesis/kinesis_api.h"
#include "lease/lease_store.h"
#include "lease/shard_sync_plan.h"
#include "rt/env.h"
#include "rt/task.h"
#include "tidemill/initial_position.h"

namespace tidemill::consume {

struct CoordinatorOptions {
  std::string application;
  std::string stream;
  // Stable across restarts of the same worker, unique among workers: a restart adopts its own rows at once.
  std::string workerId;
  KinesisInitialPosition initialPosition = KinesisInitialPosition::Latest();
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

// One worker per application and stream: it takes every lease, whoever holds it. Lives on the control lane.
// Order of calls: open(), then run() beside processed(), then finish().
//
// run() is two tasks, so that neither holds up the other: one writes checkpoints, SHARD_END included; the
// other looks for shards and prepares the ends of shards. Only the first changes rows that are held. What may
// pass (an outage of the store or of a listing) is logged and tried again; what lasts ends run().
class ShardCoordinator {
 public:
  // All references outlive this object.
  ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                   CoordinatorListener& listener, CoordinatorOptions options);

  // Finds the shards, makes missing lease rows, takes the leases, starts every shard whose parents are done.
  // Errors: those of the store and of the listing; kUnknownStream; kInvalidConfig if the rows are of an
  // earlier stream of the same name; kDataLoss if a shard was trimmed before it was read to its end.
  rt::Task<Result<void>> open();
  // Writes what is due until requestStop() or a lasting error: kLeaseLost, the store's last word (kDiskFull,
  // kIo, …), or one of open() besides those of the listing. Let it end by itself before finish(): a write
  // that is cut off could look like another worker's.
  rt::Task<Result<void>> run();
  void requestStop();

  // The outputs of a batch have succeeded, and it held these blocks. Called in the order of the batches.
  // Lease checkpoints follow from run().
  void processed(const std::vector<std::shared_ptr<const block::Block>>& blocks);

  // The last pass: writes every outstanding checkpoint, then gives up the leases. The end of a shard is
  // written if nobody need be asked for its children; else it is left to the next run, which meets it again.
  rt::Task<Result<void>> finish();

  CoordinatorTotals totals() const { return book_.totals(); }

 private:
  // A shard that was processed to its end, which is not prepared yet.
  struct PendingEnd {
    block::ShardEnd end;
    int tries = 0;
    rt::TimePoint nextTry{};
  };

  // Looking for shards.
  rt::Task<void> discover();
  rt::Task<Result<void>> sync();
  // Rows, then listing. Nothing: it cannot be had now, or cannot be true; nextSync_ says when to try again.
  rt::Task<Result<std::optional<StreamView>>> look();
  rt::Task<Result<void>> checkCreation(const StreamView& view);
  rt::Task<Result<void>> checkTrimmed(const StreamView& view);
  rt::Task<Result<bool>> isTrimmed(std::string shardId);
  rt::Task<Result<void>> adopt(const StreamView& view);
  void startReadyShards();

  // Ends of shards. Without `mayList` one whose children only a listing knows stays where it is.
  rt::Task<Result<void>> prepareEnds(bool mayList);
  ShardEndPlan planEnd(const PendingEnd& pending, const std::optional<StreamView>& view) const;
  rt::Task<Result<void>> lookForEnds(std::optional<StreamView>& view);
  rt::Task<Result<void>> prepareEnd(block::ShardEnd end, std::vector<lease::Lease> children);
  Error endedButListedOpen(const std::string& shardId) const;
  void postpone(PendingEnd& pending, const std::string& reason);
  void shardEnded(const std::string& shardId);

  const rt::Env env_;
  kinesis::KinesisApi& api_;
  CoordinatorListener& listener_;
  const CoordinatorOptions options_;
  // "application app, stream orders"
  const std::string tableName_;

  LeaseBook book_;
  std::set<std::string> started_;
  std::deque<PendingEnd> ends_;
  bool opened_ = false;
  bool stopRequested_ = false;
  // Discovery is writing to the store and must not be cut off.
  int storing_ = 0;
  // What ends run().
  std::optional<Error> failure_;
  // As noted in the store.
  std::optional<rt::WallTime> streamCreated_;
  // Listings in a row that contradict the rows.
  int contradictions_ = 0;
  rt::TimePoint nextSync_{};
};

}  // namespace tidemill::consume
