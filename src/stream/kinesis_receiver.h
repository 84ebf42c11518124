// stream/kinesis_receiver.h: one Kinesis input of a context: reads all shards whose leases it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consume/shard_coordinator.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/batch.h"
#include "stream/batch_presence.h"
#include "stream/block_keeper.h"
#include "stream/fetch_side.h"
#include "stream/input_receiver.h"
#include "stream/lane_answer.h"
#include "stream/reading_shards.h"
#include "stream/receiver_condition.h"
#include "stream/seams.h"
#include "stream/stored_blocks.h"
#include "tidemill/conf.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/receiver_info.h"

namespace tidemill::stream {

// This process as the lease table shall know it, see consume::CoordinatorOptions, and what its receivers
// share.
struct WorkerLife {
  std::string incarnation;
  std::string previousIncarnation;
  // Blocks are numbered from here on, behind those that earlier processes have left.
  std::uint64_t firstBlock = 0;
  // Of the shards, whoever reads them. For the fetch lane.
  std::shared_ptr<consume::ShardPaces> paces = nullptr;
};

// A failure that may pass starts it again, see RestartPlan: the leases and the blocks stay, reading goes on
// behind the last block. (Spark's receiver supervisor.)
//
// Lives on the control lane. Order: start(), processed() and released() for each batch, drain(), finish().
// Destroying it ends everything at once; the fetch lane is told by message.
class KinesisReceiver final : public InputReceiver, public consume::CoordinatorListener, private KeeperHost {
 public:
  // References outlive this object.
  KinesisReceiver(const Seams& seams, const Conf& conf, const KinesisSource& source, std::size_t input,
                  StoredBlocks& blocks, Duration batchInterval, ReceiverHost& host, const WorkerLife& life);
  ~KinesisReceiver() override;

  // Opens the lease table, takes the leases, gives the host what of `left` lease checkpoints may have passed,
  // and begins to read. `left`: what an earlier process has stored for this input and not processed. Errors:
  // configuration, credentials, AWS, lease store.
  rt::Task<Result<void>> start(BlockInfoList left) override;
  // Reading stops: when this returns, no block arrives any more. With `flush`, everything read so far has
  // been given to the host. It may follow a drain that was cut short, whose `flush` counts.
  rt::Task<void> drain(bool flush) override;
  // What of these blocks may be delivered now: see ShardCoordinator::deliverable(). Nobody else delivers what
  // lease checkpoints may have passed (BlockInfo::owedTo): all of that.
  BlockInfoList deliverable(const BlockInfoList& blocks) override;
  // Counts where lease checkpoints follow the store.
  void logged(std::shared_ptr<const block::BlockInfo> block) override;
  // Everything of the shard up to there was completed by an earlier process.
  void completedUpTo(const consume::ShardStart& start, const lease::Checkpoint& completed) override;
  // A block of an earlier process will be delivered by this one.
  void takesOver(const block::BlockInfo& block) override { received_ += block.recordCount(); }
  // Records per second from now on; a receiver that is started again keeps it.
  void updateRate(std::int64_t rate) override;
  void updateMaxRate(std::int64_t rate) override;
  // The outputs of a batch have succeeded. In the order of batches.
  void processed(const BlockInfoList& blocks) override;
  // Nobody needs these blocks any more.
  void released(const BlockInfoList& blocks) override;

  // Before and after drain().
  rt::Task<Result<std::vector<consume::RebuiltBlock>>> rebuild(BlockInfoList blocks) override;
  StorageLevel storageLevel() const override { return level_; }
  const std::string& streamName() const override { return source_.streamName; }

  // Writes the last lease checkpoints and gives up the leases. After drain().
  rt::Task<Result<void>> finish() override;
  // Ends the lease checkpoints: one that is on its way has a moment to end, so that its outcome is known.
  // After drain(); also when start() or finish() was cut short.
  rt::Task<void> abandon() override;

  ReceiverInfo info() const override { return condition_.info(); }
  consume::CoordinatorTotals totals() const override;
  AggregateTotals aggregates() const override { return aggregates_->totals(); }
  // The client on the control lane, from start() on.
  kinesis::KinesisApi* api() override { return api_.get(); }
  // Records that were put into blocks, by this process or by an earlier one that has left them.
  std::int64_t received() const override { return received_; }
  std::int64_t shortOfLevel() const override { return keeper_.shortOfLevel(); }
  // Records on their way into the block store.
  std::int64_t waitingRecords() const override { return keeper_.waitingRecords(); }
  std::int64_t leasesHeld() const override;
  bool mayHoldLeases() const override;

 private:
  // What messages from the fetch lane find: this receiver, or nobody. Belongs to the control lane; the fetch
  // lane only carries the pointer.
  struct Mailbox {
    KinesisReceiver* receiver;
  };

  void giveLeft(const BlockInfoList& left);
  void startShard(const consume::ShardStart& start) override;
  void stopShard(const consume::ShardStop& stop) override;
  void onKept(std::shared_ptr<const block::BlockInfo> info) override;
  void onKeepFailed(const Error& error) override;
  void onSealed(std::shared_ptr<const block::Block> block);
  KeeperOptions keeperOptions() const;
  consume::RangeReadOptions recoveryOptions() const;
  Result<FetchSide::MakeApi> apiMaker() const;
  std::shared_ptr<FetchSide> makeFetchSide(FetchSide::MakeApi makeApi);
  // Of a rate that each input has: this one reads for several, perhaps.
  std::int64_t ofAllInputs(std::int64_t rate) const;
  // A block is stored: the fetch lane may make another one.
  void noteStored();
  rt::Task<void> runCoordinator();
  // Restarts: kinesis_receiver_restart.cc. `shardId`: where reading failed; empty: the leases.
  void failed(const std::string& shardId, const Error& error);
  rt::Task<void> restart(Duration delay);
  void resumeReading();
  void resumeCoordinator();

  const Seams& seams_;
  const rt::Env& env_;
  const Conf& conf_;
  const KinesisSource source_;
  const std::size_t input_;
  StoredBlocks& blocks_;
  const Duration batchInterval_;
  // Whether lease checkpoints follow the store, not the outputs.
  const bool afterStored_;
  const StorageLevel level_;
  ReceiverHost& host_;
  const WorkerLife life_;
  base::Random random_;

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<FetchSide> fetchSide_;
  const std::shared_ptr<consume::AggregateCounters> aggregates_ =
      std::make_shared<consume::AggregateCounters>();
  ReadingShards reading_;
  ReceiverCondition condition_;
  bool draining_ = false;
  bool restarting_ = false;
  // run() has ended, and is to be called again.
  bool coordinatorDown_ = false;
  // Of shards that were asked for while nobody reads.
  std::vector<consume::ShardStop> handOvers_;
  // No block has this number or a higher one.
  std::uint64_t nextBlock_ = 0;
  std::int64_t received_ = 0;
  std::int64_t processedOwed_ = 0;  // Of blocks that lease checkpoints did not wait for.
  std::unique_ptr<kinesis::KinesisApi> api_;
  std::unique_ptr<lease::LeaseStore> store_;
  std::unique_ptr<consume::ShardCoordinator> coordinator_;
  BlockKeeper keeper_;
  LaneAnswer drained_;
  LaneAnswer halted_;
  rt::TaskGroup tasks_;
  rt::TaskGroup restarts_;
};

}  // namespace tidemill::stream
