// tidemill/shard_handler.h: the user's code for one shard, what it is given and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemill/record.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill {

// A place in a shard, as the lease row has it: a sequence number with the index inside an aggregated record,
// or one of "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP" and "SHARD_END".
struct CheckpointPosition {
  std::string sequenceNumber;
  std::uint64_t subSequenceNumber = 0;

  friend bool operator==(const CheckpointPosition&, const CheckpointPosition&) = default;
};

// A checkpoint that was announced in the lease row and waits to be committed. (KCL: PreparedCheckpointer)
struct PreparedCheckpoint {
  CheckpointPosition position;
  // The application's own bytes, which whoever reads the shard next is given.
  std::string state;
};

// What a handler is told when its shard begins.
struct ShardInfo {
  std::string applicationName;
  std::string streamName;
  std::string shardId;
  // Grows with each owner of the shard, so a sink can refuse writes of an earlier one.
  std::int64_t fencingToken = 0;
  // Records behind it are delivered.
  CheckpointPosition checkpoint;
  // Prepared by an earlier owner and never committed: whether its effects happened is for the application to
  // find out. Delivery starts behind `checkpoint` all the same.
  std::optional<PreparedCheckpoint> pending;
};

// What a call makes of its records. Every call says it; there is no way to skip records silently.
class Outcome {
 public:
  enum class Kind { kOk, kRetry, kAgainWhenPrepared, kDeadLetter, kStopShard, kFatal };

  // Everything is done. In automatic mode the lease checkpoint follows.
  static Outcome ok() { return Outcome(Kind::kOk); }
  // The same call again after `wait`, with the records that the handler has not checkpointed by number.
  static Outcome retryAfter(Duration wait, std::string reason = {}) {
    Outcome outcome(Kind::kRetry, std::move(reason));
    outcome.wait_ = wait;
    return outcome;
  }
  // The same call again as soon as what was prepared in it stands in the lease row: the middle of a two-phase
  // checkpoint.
  static Outcome againWhenPrepared() { return Outcome(Kind::kAgainWhenPrepared); }
  // These records (their places in the batch) go to the dead letters; all others are done.
  static Outcome deadLetter(std::vector<std::size_t> records, std::string reason) {
    Outcome outcome(Kind::kDeadLetter, std::move(reason));
    outcome.records_ = std::move(records);
    return outcome;
  }
  // No more calls for this shard until the process starts again; an alarm is logged, the lease is kept.
  static Outcome stopShard(std::string reason) { return Outcome(Kind::kStopShard, std::move(reason)); }
  // The consumer stops, and awaitTermination() gives kUserCodeFailed.
  static Outcome fatal(std::string reason) { return Outcome(Kind::kFatal, std::move(reason)); }

  Kind kind() const { return kind_; }
  Duration wait() const { return wait_; }
  const std::vector<std::size_t>& records() const { return records_; }
  // Logged, so it should hold nothing of a record.
  const std::string& reason() const { return reason_; }

 private:
  explicit Outcome(Kind kind, std::string reason = {}) : kind_(kind), reason_(std::move(reason)) {}

  Kind kind_;
  Duration wait_{};
  std::vector<std::size_t> records_;
  std::string reason_;
};

// Moves the checkpoint of one shard, forward only. Errors: kInvalidArgument for a position before the last
// one or behind what was delivered; kLeaseLost, which is final; whatever else the place of the checkpoints
// answers.
class CheckpointHandle {
 public:
  virtual ~CheckpointHandle() = default;
  // Everything that was delivered; at the end of a shard, the end.
  virtual Result<void> checkpoint() = 0;
  // Everything up to a record, which counts as done from now on. Asking for the last position again is fine.
  virtual Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber = 0) = 0;
};

// What a handler of a Consumer is given. Used during the call that received it, on its thread. Nothing here
// waits: what is asked for is checked at once and written soon afterwards, and tried again by the consumer
// for as long as the lease is held (throttling and outages are its business).
class Checkpointer : public CheckpointHandle {
 public:
  // Everything that was given to the handler, this call included; takes effect when the call returns ok.
  Result<void> checkpoint() override = 0;
  // Takes effect at once, whatever the call returns.
  Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber = 0) override = 0;
  Result<void> checkpoint(const Record& record) {
    return checkpoint(record.sequenceNumber, record.subSequenceNumber);
  }

  // Announces a checkpoint up to a record, with bytes of the application's own (up to 100 KiB), in the lease
  // row. It stands there when prepared() gives it: see Outcome::againWhenPrepared(). Any checkpoint clears
  // it.
  virtual Result<PreparedCheckpoint> prepareCheckpoint(std::string_view sequenceNumber,
                                                       std::uint64_t subSequenceNumber,
                                                       std::string state) = 0;
  // The same up to everything that was given to the handler; in shardEnded(), up to the end of the shard.
  virtual Result<PreparedCheckpoint> prepareCheckpoint(std::string state) = 0;
  // Commits it: a checkpoint at its position.
  virtual Result<void> commit(const PreparedCheckpoint& prepared) = 0;

  // What the lease row held when the call began.
  virtual const CheckpointPosition& written() const = 0;
  virtual const std::optional<PreparedCheckpoint>& prepared() const = 0;

  // A handle of the same shard that may be kept and used from any thread, between calls as well; it answers
  // kLeaseLost once the shard is no longer this handler's. For handlers in manual mode that finish records
  // later, by a KinesisCheckpointer or otherwise. Its checkpoint() without a position covers what the handler
  // was given so far; the end of a shard is checkpointed in shardEnded() only.
  virtual std::shared_ptr<CheckpointHandle> handle() = 0;
};

// Records of one shard in its order, each delivered again until the handler is done with it.
struct RecordBatch {
  std::string_view shardId;
  // Valid during the call.
  std::span<const Record> records;
  // How far the answer was behind the tip of the shard; negative if the service did not say.
  Duration millisBehindLatest{-1};
  // 1 for the first call with these records.
  int attempt = 1;
};

// One for each shard that this worker reads; made and called on worker threads, by one at a time, never on a
// thread that renews leases. What a function throws counts as a failure: the call is made again, as
// ConsumerOptions::exceptionRetriesMax and afterRetries say. (KCL: ShardRecordProcessor)
class ShardHandler {
 public:
  virtual ~ShardHandler() = default;

  // Before the first records.
  virtual Outcome initialize(const ShardInfo& shard) {
    static_cast<void>(shard);
    return Outcome::ok();
  }
  virtual Outcome processRecords(const RecordBatch& batch, Checkpointer& checkpointer) = 0;
  // The last call: somebody else may be reading the shard. A call that was running has ended.
  virtual void leaseLost() {}
  // The shard has no more records, and all were processed. In manual mode the handler must checkpoint here;
  // only then the shard counts as finished and its children are read.
  virtual Outcome shardEnded(Checkpointer& checkpointer) {
    auto done = checkpointer.checkpoint();
    if (!done) return Outcome::retryAfter(Seconds(1), "no checkpoint at the end of the shard");
    return Outcome::ok();
  }
  // The consumer stops, or gives the shard to another worker: the last chance to checkpoint. The outcome is
  // only logged.
  virtual Outcome shutdownRequested(Checkpointer& checkpointer) {
    static_cast<void>(checkpointer);
    return Outcome::ok();
  }
};

// Makes the handler of a shard; called on a worker thread before initialize(). May throw, like the handler.
using ShardHandlerFactory = std::function<std::unique_ptr<ShardHandler>(const std::string& shardId)>;

}  // namespace tidemill
