// consume/shard_runner.h: takes one shard through its handler, from initialize() to the last call.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "block/block.h"
#include "consume/dead_letter_box.h"
#include "consume/handler_cell.h"
#include "consume/outcome_plan.h"
#include "consume/shard_coordinator.h"
#include "consume/wake_up.h"
#include "rt/backoff.h"
#include "rt/env.h"
#include "rt/task.h"
#include "tidemill/consumer.h"

namespace tidemill::consume {

// What a runner needs of the consumer around it. On the control lane.
class RunnerHost {
 public:
  virtual ~RunnerHost() = default;
  // As ShardCoordinator has them.
  virtual bool holds(const std::string& shardId, std::int64_t token) = 0;
  virtual void processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                         std::int64_t records) = 0;
  virtual void prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
                       std::string state) = 0;
  virtual void ended(const block::ShardEnd& end) = 0;
  // The row as last written; null if the lease is not held under this token.
  virtual const lease::Lease* row(const std::string& shardId, std::int64_t token) = 0;
  // A page is done with, and more may be read.
  virtual void pageDone(const std::string& shardId, std::int64_t token, std::int64_t bytes) = 0;
  // No more of this shard shall be read.
  virtual void stopReading(const std::string& shardId, std::int64_t token) = 0;
  virtual void delivered(std::int64_t records) = 0;
  virtual void deadLettered(std::int64_t records) = 0;
  // The handler wants the whole consumer to end.
  virtual void fatal(const Error& error) = 0;
};

struct RunnerOptions {
  std::string application;
  std::string stream;
  CheckpointMode mode = CheckpointMode::kAutomatic;
  OutcomePolicy policy;
  rt::BackoffOptions backoff;
  rt::Duration handlerWarningAfter{};
  bool emptyCalls = false;
  bool logExceptionText = false;
};

// One for each tenure of a lease. Lives on the control lane; the handler is called on workers. What comes in
// waits until the handler is done with what came before; the fetch lane bounds how much that is.
class ShardRunner {
 public:
  // References outlive this object.
  ShardRunner(const rt::Env& env, RunnerHost& host, DeadLetterBox& box, const RunnerOptions& options,
              const ShardHandlerFactory& factory, const ShardStart& start);
  ~ShardRunner();

  // Until the shard has ended or is no longer this worker's.
  rt::Task<void> run();

  // What the fetch lane read, in order.
  void page(std::shared_ptr<const block::ShardPage> page);
  void empty();
  void shardEnd(block::ShardEnd end);
  // Reading cannot go on.
  void readFailed(const Error& error);

  // The lease is lost: nothing more is delivered or checkpointed.
  void loseLease();
  // Another worker asked for the shard, or the consumer stops: the present call ends, then
  // shutdownRequested() is called.
  void handOver();
  void shutDown();

  std::int64_t token() const { return start_.token; }
  ShardStatus status();
  // Logs a call that has been running for too long.
  void checkSlow(rt::TimePoint now);

 private:
  struct Mailbox;
  struct RunningCall {
    const char* name;
    rt::TimePoint since;
    rt::Duration warnAfter;
  };

  bool stopping() const { return lost_ || handOver_ || shutDown_; }
  CallLimits limits(bool atShardEnd = false);
  void take(const CheckpointRequest& request);
  void process(const lease::Checkpoint& to, bool wholly);
  void dropPages();
  void note(ShardActivity activity, std::string reason = {});

  // Each ends early when the shard is to be given up. False: no calls come after it.
  rt::Task<bool> initialize();
  rt::Task<bool> handlePage();
  rt::Task<bool> handleEmpty();
  rt::Task<bool> handleEnd();
  rt::Task<void> conclude();
  // Calls the handler with a batch until its outcome lets the shard go on.
  rt::Task<bool> deliver(std::shared_ptr<CallRecords> batch);
  rt::Task<bool> keepLetters(std::shared_ptr<CallRecords> batch, bool all, CallEnd end);
  // What a step that is not kDone calls for: waits, or stops. True: make the call again.
  rt::Task<bool> follow(OutcomeStep step, CallEnd end, const char* call);
  rt::Task<void> waitPrepared();
  rt::Task<bool> awaitLease();
  // Nothing more is done with this shard; the alarm is repeated.
  rt::Task<void> standStill(std::string reason);

  template <class Work>
  rt::Task<std::invoke_result_t<Work&, HandlerCell&>> callHandler(const char* name, Work work);

  const rt::Env env_;
  RunnerHost& host_;
  DeadLetterBox& box_;
  const RunnerOptions& options_;
  const ShardStart start_;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<HandlerCell> cell_;
  rt::Backoff backoff_;
  WakeUp wake_;

  std::deque<std::shared_ptr<const block::ShardPage>> pages_;
  bool empty_ = false;
  std::optional<block::ShardEnd> end_;
  std::optional<Error> readFailure_;
  bool lost_ = false;
  bool handOver_ = false;
  bool shutDown_ = false;
  bool closed_ = false;  // Nothing that is read is taken any more.

  // The last record that the handler was given.
  lease::Checkpoint delivered_;
  // The last record with which it is done.
  lease::Checkpoint done_;
  // Where the lease checkpoint goes, as last passed on.
  lease::Checkpoint passed_;
  // Records done whose count was not passed on with a checkpoint.
  std::int64_t uncounted_ = 0;
  FailureCounts failures_;
  std::optional<RunningCall> running_;
  // The records of the call that runs or failed, for messages.
  std::string first_;
  std::string last_;
  ShardStatus status_;
};

}  // namespace tidemill::consume
