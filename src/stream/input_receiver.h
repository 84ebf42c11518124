// stream/input_receiver.h: one input of a context, whatever it is read from, as the engine sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "consume/shard_coordinator.h"
#include "kinesis/kinesis_api.h"
#include "rt/task.h"
#include "stream/batch.h"
#include "stream/batch_presence.h"
#include "tidemill/receiver_info.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::stream {

enum class ReceiverEvent { kStarted, kError, kStopped };

// Told on the control lane.
class ReceiverHost {
 public:
  virtual ~ReceiverHost() = default;
  // The block is stored, as far as its level and the room allow.
  virtual void onBlock(std::size_t input, std::shared_ptr<const block::BlockInfo> block) = 0;
  // A shard is to be read: how reading begins, which may be further on than the lease checkpoint.
  virtual consume::ShardStart onShardStarted(std::size_t input, const std::string& streamName,
                                             const consume::ShardStart& start) = 0;
  // Its lease is lost.
  virtual void onShardLost(std::size_t input, const consume::ShardStop& stop) = 0;
  // Whether there is a checkpoint directory, so that logged() says when a block has survived.
  virtual bool logsBlocks() const = 0;
  // Before reading begins: whether the log has these records of a block that an earlier process has left, so
  // that they were delivered or will be, without it.
  virtual bool isLogged(std::size_t input, const block::SliceInfo& slice) const = 0;
  virtual void onReceiver(ReceiverEvent event, const ReceiverInfo& receiver) = 0;
  // Reading or checkpointing cannot go on, and starting again would not help.
  virtual void onReceiverFailed(const Error& error) = 0;
};

// Lives on the control lane. Order: start(), processed() and released() for each batch, drain(), finish().
// Destroying it ends everything at once.
class InputReceiver : public BlockRecovery {
 public:
  // Gives the host what of `left` nobody else delivers, and begins to receive. `left`: what an earlier
  // process has stored for this input and not processed.
  virtual rt::Task<Result<void>> start(BlockInfoList left) = 0;
  // Receiving stops: when this returns, no block arrives any more. With `flush`, everything received so far
  // has been given to the host. It may follow a drain that was cut short, whose `flush` counts.
  virtual rt::Task<void> drain(bool flush) = 0;
  // What of these blocks may be delivered now.
  virtual BlockInfoList deliverable(const BlockInfoList& blocks) = 0;
  // With a checkpoint directory: that a block was given to the host has survived there.
  virtual void logged(std::shared_ptr<const block::BlockInfo> block) = 0;
  // Everything of the shard up to there was completed by an earlier process.
  virtual void completedUpTo(const consume::ShardStart& start, const lease::Checkpoint& completed) = 0;
  // A block of an earlier process will be delivered by this one.
  virtual void takesOver(const block::BlockInfo& block) = 0;
  // Records per second from now on; a receiver that is started again keeps it.
  virtual void updateRate(std::int64_t rate) = 0;
  // spark.streaming.receiver.maxRate has changed.
  virtual void updateMaxRate(std::int64_t rate) = 0;
  // The outputs of a batch have succeeded. In the order of batches.
  virtual void processed(const BlockInfoList& blocks) = 0;
  // Nobody needs these blocks any more.
  virtual void released(const BlockInfoList& blocks) = 0;
  // Writes the last lease checkpoints and gives up the leases, if it has any. After drain(); also when
  // start() was cut short.
  virtual rt::Task<Result<void>> finish() = 0;
  // Ends what is under way, with a moment for what cannot be cut off. After drain(); also when start() or
  // finish() was cut short.
  virtual rt::Task<void> abandon() = 0;

  virtual ReceiverInfo info() const = 0;
  virtual consume::CoordinatorTotals totals() const = 0;
  virtual AggregateTotals aggregates() const = 0;
  // The client on the control lane, from start() on. Null: the input is not read from Kinesis.
  virtual kinesis::KinesisApi* api() = 0;
  // Records that were put into blocks, by this process or by an earlier one that has left them.
  virtual std::int64_t received() const = 0;
  virtual std::int64_t shortOfLevel() const = 0;
  // Records on their way into the block store.
  virtual std::int64_t waitingRecords() const = 0;
  virtual std::int64_t leasesHeld() const = 0;
  // Whether leases are held, or are being taken just now by start().
  virtual bool mayHoldLeases() const = 0;
};

}  // namespace tidemill::stream
