// tidemill/kinesis_checkpointer.h: writes the checkpoints of shards by a timer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tidemill/clock.h"
#include "tidemill/result.h"
#include "tidemill/shard_handler.h"
#include "tidemill/time.h"

namespace tidemill {

// How far a shard is.
struct ShardProgress {
  // Everything up to this record may be checkpointed; nothing: no record yet.
  std::optional<CheckpointPosition> upTo;
  // Nothing that was received of the shard lies behind `upTo`. Only then its end may be checkpointed.
  bool complete = false;
};

// Whoever receives the records, and knows which of them are safe. ShardWatermarks is one.
class CheckpointReceiver {
 public:
  virtual ~CheckpointReceiver() = default;
  // Called on the timer's thread and on those that remove a shard or shut down; does not call the
  // KinesisCheckpointer.
  virtual ShardProgress progress(const std::string& shardId) const = 0;
};

// Of one shard.
struct CheckpointCounters {
  // Checkpoints that were due: attempts = successes + failures, and each counts once however often it was
  // tried.
  std::int64_t attempts = 0;
  std::int64_t successes = 0;
  std::int64_t failures = 0;
  // Tries after the first ones.
  std::int64_t retries = 0;

  // Successes per attempt; nothing before the first attempt.
  std::optional<double> successRate() const {
    if (attempts == 0) return std::nullopt;
    return static_cast<double>(successes) / static_cast<double>(attempts);
  }

  friend bool operator==(const CheckpointCounters&, const CheckpointCounters&) = default;
};

// What a removal came to.
enum class CheckpointRemoval {
  kDropped,   // There was no handle to write with.
  kComplete,  // Everything was processed, and all of it is checkpointed: the end of the shard, if it has
              // ended.
  kNotYet,    // Records are not processed yet. Those that are were checkpointed; the end was not. Ask again.
};

// At each multiple of an interval on the clock it checkpoints what is processed of each shard, if that is
// more than before (as numbers, not as texts). Throttling, outages and time-outs of a handle are met with up
// to 4 tries and pauses of 0 to 99 ms, drawn; any other failure, or the last try's, is logged, counted, and
// left to the next pass. No failure holds up another shard or the timer. After kLeaseLost the handle is
// dropped.
//
// The interval decides how much is delivered again after a crash, and how often lease rows are written. It
// decides nothing about loss: what is not checkpointed is read again.
//
//   auto marks = std::make_shared<ShardWatermarks>(CheckpointAfter::kProcessed);
//   KinesisCheckpointer checkpoints(marks, Seconds(30), "worker-1");
//   checkpoints.setCheckpointer("shardId-000000000000", handle);
//
// Thread safe. One thread, which sleeps between passes, from the construction to shutdown() or the
// destruction. None of the functions is called from a handle or a receiver. (Spark: KinesisCheckpointer)
class KinesisCheckpointer {
 public:
  // Passes begin at once. `workerId` stands in log events. Throws Error(kUsage) for a null pointer and
  // Error(kInvalidConfig) for an interval outside of 1 ms to 365 days.
  KinesisCheckpointer(std::shared_ptr<const CheckpointReceiver> receiver, Duration checkpointInterval,
                      std::string workerId, std::shared_ptr<Clock> clock = systemClock());
  // As shutdown().
  ~KinesisCheckpointer();
  KinesisCheckpointer(const KinesisCheckpointer&) = delete;
  KinesisCheckpointer& operator=(const KinesisCheckpointer&) = delete;

  // Checkpoints `shardId` through `checkpointer` from now on, instead of an earlier one; null ends it.
  // Without effect after shutdown(). A new handle begins anew: it knows itself how far its shard is.
  void setCheckpointer(const std::string& shardId, std::shared_ptr<CheckpointHandle> checkpointer);
  // The shard goes. Waits for a pass that runs, then makes a last checkpoint through `checkpointer`, which
  // need not be the one that was set: argument-less if everything is processed, so that the end of a shard is
  // written then and never before. Null: no checkpoint, as after the loss of a lease. The timer leaves the
  // shard alone from now on, whatever the result. Errors: those of the handle, after the same tries;
  // kUserCodeFailed if the handle or the receiver throws.
  Result<CheckpointRemoval> removeCheckpointer(const std::string& shardId, CheckpointHandle* checkpointer);
  // Waits for a pass that runs and makes a last one; then all handles are dropped. Again: does nothing.
  void shutdown();

  // Of the shards that were ever set or removed, the last 10,000 of them.
  std::map<std::string, CheckpointCounters> counters() const;
  CheckpointCounters counters(const std::string& shardId) const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tidemill
