// consume/shard_coordinator.h: leases, start order and lease checkpoints of one application on one stream.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "codec/hash_key.h"
#include "consume/fleet_duties.h"
#include "consume/lease_book.h"
#include "consume/lease_fence.h"
#include "consume/lease_taker.h"
#include "consume/shard_end.h"
#include "consume/shard_start.h"
#include "consume/stream_sync.h"
#include "consume/stream_view.h"
#include "kinesis/kinesis_api.h"
#include "lease/cleanup_plan.h"
#include "lease/lease_store.h"
#include "lease/take_plan.h"
#include "rt/env.h"
#include "rt/task.h"
#include "tidemill/initial_position.h"

namespace tidemill::consume {

struct CoordinatorOptions {
  std::string application;
  std::string stream;
  // Who this process is. The id is stable across restarts and unique among workers. Without an incarnation
  // the coordinator draws one.
  lease::Worker worker;
  // Of the process that had the id before, if it is certain to have ended: its leases are taken at once. Else
  // rows in this worker's name are watched for a renewal period first.
  std::string previousIncarnation;
  KinesisInitialPosition initialPosition = KinesisInitialPosition::Latest();
  // Least time between two lease checkpoints of a shard. Range: >= 0. Larger writes less, delivers more again
  // after a crash.
  rt::Duration checkpointInterval = std::chrono::seconds(1);
  LeaseTimes times;
  LeaseRetries retries = {};
  // See LeaseTakerOptions.
  rt::Duration scanEvery = std::chrono::seconds(5);
  // Fair share and stealing; what depends on the worker is filled in.
  lease::TakeOptions take;
  // Of rows of shards that have ended.
  lease::CleanupOptions cleanup;
};

// A shard that shall not be read any further.
struct ShardStop {
  std::string shardId;
  std::int64_t token = 0;
  // True: another worker asked for the shard. What was read is processed still, and behind it comes a
  // block::ShardEnd of kind kHandOver. False: the lease is lost; what was read is not delivered.
  bool handOver = false;
};

// Told on the control lane.
class CoordinatorListener {
 public:
  virtual ~CoordinatorListener() = default;
  virtual void startShard(const ShardStart& start) = 0;
  virtual void stopShard(const ShardStop& stop) = 0;
};

// One worker of an application on a stream: it takes its share of the leases, keeps them, and starts and
// stops the shards accordingly. Lives on the control lane. Order of calls: open(), then run() beside
// processed(), then finish().
//
// run() is three tasks, so that none holds up another: one renews leases and writes checkpoints, SHARD_END
// included; one looks at the lease table and takes what is free; one looks for shards, prepares the ends of
// shards, and does what one worker of the fleet does for all. What may pass (an outage of the store or of a
// listing, a lost lease) is logged and tried again; what lasts ends run().
class ShardCoordinator final : private LeaseEvents {
 public:
  // All references outlive this object.
  ShardCoordinator(const rt::Env& env, kinesis::KinesisApi& api, lease::LeaseStore& store,
                   CoordinatorListener& listener, CoordinatorOptions options);

  // Finds the shards, makes missing lease rows, takes its share of the leases, starts every shard whose
  // parents are done. Errors: those of the store and of the listing; kUnsupportedFleet; kUnknownStream;
  // kInvalidConfig if the rows are of an earlier stream of the same name; kDataLoss if a shard was trimmed
  // before it was read to its end.
  rt::Task<Result<void>> open();
  // Works until requestStop() or a lasting error: kWorkerIdInUse, the store's last word (kDiskFull, kIo,
  // kUnknownTable, …), or one of open() besides those of the listing. Let it end by itself before finish(): a
  // write that is cut off could look like another worker's.
  rt::Task<Result<void>> run();
  // After a run() that has failed, and before the next one: what made it fail may have passed.
  void resume() {
    failure_.reset();
    book_.resume();
  }
  void requestStop();
  // Takes no more leases, and keeps those that it has: the way to a stop begins.
  void stopTaking() { book_.stopTaking(); }

  // What of these blocks may be delivered now: the records of shards whose leases are held, and were held
  // when they were read. Leases that have run out meanwhile are lost by this call.
  std::vector<std::shared_ptr<const block::BlockInfo>> deliverable(
      const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks);
  // The outputs of a batch have succeeded, and it held these blocks. Called in the order of the batches.
  // Lease checkpoints follow from run().
  void processed(const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks);
  // The same for one shard: everything up to `to`, `records` more than before.
  void processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                 std::int64_t records);
  // Everything in front of the end was processed.
  void ended(const block::ShardEnd& end);
  // A checkpoint to be committed later by whoever reads the shard then; see Tenure::prepare().
  void prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
               std::optional<std::string> state);
  // Whether reading brings the end of `range`, because the checkpoint of its shard's lease lies before that:
  // whoever has the lease, or takes it. False: it does not, or there is no such lease any more.
  bool isAhead(const SequenceNumberRange& range) const;
  // Whether the shard's lease is certain to be held under this token now.
  bool holds(const std::string& shardId, std::int64_t token) const;

  // The last pass: writes every outstanding checkpoint, then gives up the leases. The end of a shard is
  // written if nobody need be asked for its children; else it is left to the next run, which meets it again.
  rt::Task<Result<void>> finish();

  // Whether leases are held, or may be taken by a call that is under way.
  bool mayHoldLeases() const { return storing_ > 0 || book_.heldCount() > 0; }

  // As this worker knows the rows and what it holds.
  const LeaseBook& book() const { return book_; }
  CoordinatorTotals totals() const { return book_.totals(); }

 private:
  // A shard that was processed to its end, which is not prepared yet. Its lease is held.
  struct PendingEnd {
    block::ShardEnd end;
    int tries = 0;
    rt::TimePoint nextTry{};
  };

  void leaseLost(const std::string& shardId, std::int64_t token, LeaseLoss loss) override;
  void shardEndWritten(const std::string& shardId) override;
  void leaseWanted(const std::string& shardId, std::int64_t token) override;

  // The tasks of run(), beside the writing.
  rt::Task<void> takeLeases();
  rt::Task<void> discover();
  rt::Task<Result<void>> takeRound();
  rt::Task<Result<void>> discoverOnce();
  rt::Task<Result<void>> syncIfDue();
  rt::Task<Result<void>> adopt(const StreamView& view);
  rt::Task<Result<void>> watchOthers();
  rt::Task<Result<void>> checkFleet();
  void startReadyShards();
  std::optional<codec::HashRange> hashRangeOf(const lease::Lease& lease) const;
  bool note(const Result<void>& done, std::string_view event);

  // Ends of shards. Without `mayList` one whose children only a listing knows stays where it is.
  rt::Task<Result<void>> prepareEnds(bool mayList);
  rt::Task<Result<void>> prepareOne(std::string shardId, bool mayList, std::optional<StreamView>& view);
  ShardEndPlan planEnd(const PendingEnd& pending, const std::optional<StreamView>& view) const;
  rt::Task<Result<void>> lookForEnds(std::optional<StreamView>& view);
  rt::Task<Result<void>> prepareEnd(block::ShardEnd end, std::vector<lease::Lease> children);
  Error endedButListedOpen(const std::string& shardId) const;
  void postpone(const std::string& shardId, const std::string& reason);

  const rt::Env env_;
  lease::LeaseStore& store_;
  CoordinatorListener& listener_;
  const CoordinatorOptions options_;

  LeaseBook book_;
  LeaseTaker taker_;
  StreamSync sync_;
  FleetDuties duties_;
  // As the last view that was adopted has them, for rows of programs that do not write them.
  std::map<std::string, codec::HashRange> hashRanges_;
  std::set<std::string> started_;
  std::map<std::string, PendingEnd> ends_;
  bool stopRequested_ = false;
  // Tasks that are writing to the store and must not be cut off.
  int storing_ = 0;
  // What ends run().
  std::optional<Error> failure_;
  rt::TimePoint nextFleetCheck_{};
  rt::TimePoint nextOthersLook_{};
};

}  // namespace tidemill::consume
