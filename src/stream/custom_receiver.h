// stream/custom_receiver.h: an input that a receiver of the program brings.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/env.h"
#include "rt/semaphore.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/block_keeper.h"
#include "stream/input_receiver.h"
#include "stream/lane_answer.h"
#include "stream/receiver_condition.h"
#include "stream/receiver_intake.h"
#include "stream/receiver_port.h"
#include "stream/stored_blocks.h"
#include "tidemill/conf.h"
#include "tidemill/receiver.h"

namespace tidemill::stream {

// Calls onStart() and onStop() of the receiver on a thread of the pool for blocking calls, one after the
// other, and makes blocks of what it stores: ReceiverIntake cuts them, BlockKeeper puts them into the store.
// (Spark: ReceiverSupervisor)
class CustomReceiver final : public InputReceiver, private KeeperHost {
 public:
  // References outlive this object. Blocks are numbered from `firstBlock` on.
  CustomReceiver(const rt::Env& env, const Conf& conf, std::shared_ptr<detail::ReceiverBase> receiver,
                 std::size_t input, StoredBlocks& blocks, std::uint64_t firstBlock, ReceiverHost& host);
  ~CustomReceiver() override;

  rt::Task<Result<void>> start(BlockInfoList left) override;
  rt::Task<void> drain(bool flush) override;
  // Nobody else delivers them.
  BlockInfoList deliverable(const BlockInfoList& blocks) override { return blocks; }
  void logged(std::shared_ptr<const block::BlockInfo> block) override { answer(block->id, true); }
  void completedUpTo(const consume::ShardStart&, const lease::Checkpoint&) override {}
  void takesOver(const block::BlockInfo& block) override { received_ += block.recordCount(); }
  void updateRate(std::int64_t rate) override;
  void updateMaxRate(std::int64_t rate) override;
  void processed(const BlockInfoList& blocks) override;
  void released(const BlockInfoList& blocks) override;
  rt::Task<Result<void>> finish() override { co_return Result<void>(); }
  rt::Task<void> abandon() override;

  // What is lost is told and left out: nothing can be asked for a second time.
  rt::Task<Result<std::vector<consume::RebuiltBlock>>> rebuild(BlockInfoList blocks) override;
  StorageLevel storageLevel() const override { return level_; }
  const std::string& streamName() const override { return name_; }

  ReceiverInfo info() const override { return condition_.info(); }
  consume::CoordinatorTotals totals() const override { return {processed_, processed_}; }
  AggregateTotals aggregates() const override { return {}; }
  kinesis::KinesisApi* api() override { return nullptr; }
  std::int64_t received() const override { return received_; }
  std::int64_t shortOfLevel() const override { return keeper_.shortOfLevel(); }
  std::int64_t waitingRecords() const override { return keeper_.waitingRecords() + port_->inbox().weight(); }
  std::int64_t leasesHeld() const override { return 0; }
  bool mayHoldLeases() const override { return false; }

 private:
  // What messages from elsewhere find: this receiver, or nobody. Belongs to the control lane.
  struct Mailbox {
    CustomReceiver* receiver;
  };

  KeeperOptions keeperOptions() const;
  IntakeOptions intakeOptions(const Conf& conf, std::uint64_t firstBlock) const;
  std::shared_ptr<ReceiverIntake> makeIntake(IntakeOptions options);
  void listen();
  void onRequest(const ReceiverRequest& request);
  void failed(const Error& error, std::optional<Duration> delay);
  rt::Task<void> begin();
  rt::Task<void> halt();
  rt::Task<void> restart(Duration delay);
  rt::Task<void> stopReceiver();
  void onSealed(std::shared_ptr<const block::Block> block, ReceiverPort::Receipts receipts);
  void onKept(std::shared_ptr<const block::BlockInfo> info) override;
  void onKeepFailed(const Error& error) override;
  // To those who wait for the block; once.
  void answer(const std::string& blockId, bool stored);

  const rt::Env& env_;
  const std::shared_ptr<detail::ReceiverBase> receiver_;
  const std::shared_ptr<ReceiverPort> port_;
  const std::size_t input_;
  const std::string name_;
  const StorageLevel level_;
  StoredBlocks& blocks_;
  ReceiverHost& host_;

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<ReceiverIntake> intake_;
  ReceiverCondition condition_;
  bool draining_ = false;
  bool abandoned_ = false;
  bool restarting_ = false;
  // onStart() was called, and no onStop() since.
  bool begun_ = false;
  std::int64_t received_ = 0;
  std::int64_t processed_ = 0;
  // By block: those of whom threads wait until it is stored, and logged.
  std::map<std::string, ReceiverPort::Receipts> awaited_;
  BlockKeeper keeper_;
  // One call of the receiver at a time.
  rt::Semaphore calls_;
  LaneAnswer drained_;
  rt::TaskGroup starts_;
  rt::TaskGroup stops_;
  rt::TaskGroup restarts_;
};

}  // namespace tidemill::stream
