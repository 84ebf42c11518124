// tidemill/streaming_listener.h: what a running context tells.
#pragma once

#include <cstdint>
#include <string>

#include "tidemill/aggregation.h"
#include "tidemill/batch_info.h"
#include "tidemill/receiver_info.h"

namespace tidemill {

// How the work of a context adds up, over the life of the process.
struct StreamingTotals {
  // Records that were put into blocks.
  std::int64_t received = 0;
  // Records whose batch has succeeded.
  std::int64_t processed = 0;
  // Records that a written lease checkpoint covers.
  std::int64_t checkpointed = 0;
  // What was read of records that a producer had packed into one.
  AggregateTotals aggregates = {};
  // Of the processed ones: left out of their batch because the messageHandler threw, and counted by the
  // HandlerPolicy of their stream, or kept as dead letters.
  std::int64_t skipped = 0;
  std::int64_t deadLettered = 0;
  // Elements that RDD::tryMap() left out because the function threw, in batches that have succeeded; each
  // once for every such step, however often its partition was computed there.
  std::int64_t leftOut = 0;
  // Blocks no copy of which could be used when their batch came, and those of them that were read again.
  std::int64_t blocksLost = 0;
  std::int64_t blocksRebuilt = 0;
  // Blocks that were kept in fewer places than their storage level asks for.
  std::int64_t blocksShortOfLevel = 0;
  // The most that blocks have held in memory at once, of spark.executor.memory.
  std::int64_t blockMemoryMost = 0;
  // The most payload that was held in memory beside that at once: blocks of one batch that were read again
  // and are not put back (tidemill.recovery.keep is off, the storage level keeps none, or there is no room),
  // and at a graceful stop received ones for which there is no room, of which tidemill.memory.budget has no
  // more.
  std::int64_t blockHeldMost = 0;
  // Records that were received and are in no batch yet; 0 after a graceful stop.
  std::int64_t unallocated = 0;
  // Leases that are held now; 0 after a graceful stop.
  std::int64_t leasesHeld = 0;
};

// Override what you need. Called on the control lane: return at once, never block, never call the context.
// What it throws is logged ("listener_failed"), once for each function, and changes nothing else.
class StreamingListener {
 public:
  virtual ~StreamingListener() = default;
  // The leases are taken and reading begins.
  virtual void onStreamingStarted() {}
  // A shard is read from here on. `afterSequenceNumber` is its lease checkpoint; empty when it starts at an
  // initial position, whose name is in `from` ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP").
  virtual void onShardStarted(const std::string& /*streamName*/, const std::string& /*shardId*/,
                              const std::string& /*from*/, const std::string& /*afterSequenceNumber*/) {}
  // An input is read from now on; also after each restart.
  virtual void onReceiverStarted(const ReceiverInfo&) {}
  // Reading an input has failed. What may pass starts it again after a while; else the context stops.
  virtual void onReceiverError(const ReceiverInfo&) {}
  // An input is not read any more, or not until it is started again.
  virtual void onReceiverStopped(const ReceiverInfo&) {}
  // The batch is ready, with the records that came since the last one.
  virtual void onBatchSubmitted(const BatchInfo&) {}
  // The first try of the batch begins.
  virtual void onBatchStarted(const BatchInfo&) {}
  // The newest metadata of the checkpoint directory cannot be read; `what` names it, and what stands in for
  // it.
  virtual void onCheckpointUnreadable(const std::string& /*what*/) {}
  // All outputs of the batch have succeeded.
  virtual void onBatchCompleted(const BatchInfo&) {}
  // No copy of a block can be used; it is read again from Kinesis before its batch goes on.
  virtual void onBlockLost(const std::string& /*blockId*/, const SequenceNumberRanges& /*ranges*/,
                           const std::string& /*reason*/) {}
  // It was read again. Where records are gone for good and that is only recorded, `ranges` are what is left.
  virtual void onBlockRecovered(const std::string& /*blockId*/, const SequenceNumberRanges& /*ranges*/) {}
  // An output failed; the batch is tried again with the same records.
  virtual void onBatchFailed(const BatchInfo&, const std::string& /*reason*/) {}
};

}  // namespace tidemill
