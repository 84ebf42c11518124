// consume/consumer_engine.h: a consumer at work: leases, reading, and a runner for each shard.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "consume/consumer_reading.h"
#include "consume/consumer_seams.h"
#include "consume/dead_letter_box.h"
#include "consume/shard_coordinator.h"
#include "consume/shard_runner.h"
#include "consume/wake_up.h"
#include "rt/task_group.h"
#include "tidemill/consumer.h"

namespace tidemill::consume {

// Lives on the control lane. Destroying it ends everything at once; the fetch lane is told by message, and
// calls of handlers that run still end by themselves.
class ConsumerEngine final : private CoordinatorListener, private RunnerHost, private ReadingListener {
 public:
  // References outlive this object. `options` are valid and name a worker.
  ConsumerEngine(const ConsumerSeams& seams, const ConsumerOptions& options,
                 const ShardHandlerFactory& factory);
  ~ConsumerEngine() override;

  // From the opening of the lease table to the release of the leases. The first failure that ended it.
  rt::Task<Result<void>> run();
  void requestStop();
  ConsumerStatus status();

 private:
  // A shard that is read under a lease. A new tenure begins when the handler of the one before is done.
  struct Slot {
    std::unique_ptr<ShardRunner> runner;
    std::optional<ShardStart> next;
  };

  void startShard(const ShardStart& start) override;
  void stopShard(const ShardStop& stop) override;

  bool holds(const std::string& shardId, std::int64_t token) override;
  void processed(const std::string& shardId, std::int64_t token, const lease::Checkpoint& to,
                 std::int64_t records) override;
  void prepare(const std::string& shardId, std::int64_t token, const lease::Checkpoint& pending,
               std::string state) override;
  void ended(const block::ShardEnd& end) override;
  const lease::Lease* row(const std::string& shardId, std::int64_t token) override;
  void pageDone(const std::string& shardId, std::int64_t token, std::int64_t bytes) override;
  void stopReading(const std::string& shardId, std::int64_t token) override;
  void delivered(std::int64_t records) override { delivered_ += records; }
  void deadLettered(std::int64_t records) override { deadLettered_ += records; }
  void fatal(const Error& error) override;

  void onPage(std::shared_ptr<const block::ShardPage> page) override;
  void onEmpty(const std::string& shardId, std::int64_t token) override;
  void onEnd(block::ShardEnd end) override;
  void onReadFailed(const std::string& shardId, std::int64_t token, const Error& error) override;

  Result<ConsumerReading::MakeApi> apiMaker() const;
  CoordinatorOptions coordinatorOptions() const;
  ReadingOptions readingOptions() const;
  RunnerOptions runnerOptions() const;

  // Null: no runner of that tenure.
  ShardRunner* find(const std::string& shardId, std::int64_t token);
  void launch(const ShardStart& start);
  // A tenure ends that never began here.
  void handedOverUnread(const ShardStop& stop);
  rt::Task<void> runShard(std::string shardId, ShardRunner& runner);
  rt::Task<void> openInto(std::optional<Result<void>>& into);
  rt::Task<Result<void>> open();
  rt::Task<void> coordinate();
  rt::Task<void> watchCalls();
  rt::Task<Result<void>> close(bool coordinated);
  rt::Task<void> stopRunners();

  const ConsumerSeams& seams_;
  const rt::Env& env_;
  const ConsumerOptions& options_;
  const ShardHandlerFactory& factory_;
  const RunnerOptions runnerOptions_;
  base::Random random_;
  DeadLetterBox box_;

  std::shared_ptr<ReadingMailbox> mailbox_;
  const std::shared_ptr<AggregateCounters> aggregates_ = std::make_shared<AggregateCounters>();
  std::shared_ptr<ConsumerReading> reading_;
  std::unique_ptr<kinesis::KinesisApi> api_;
  std::unique_ptr<lease::LeaseStore> store_;
  std::unique_ptr<ShardCoordinator> coordinator_;

  ConsumerState state_ = ConsumerState::kStarting;
  bool stopRequested_ = false;
  bool coordinatorEnded_ = false;
  std::optional<Error> failure_;
  std::int64_t delivered_ = 0;
  std::int64_t deadLettered_ = 0;
  WakeUp wake_;

  std::map<std::string, Slot> slots_;
  rt::TaskGroup watch_;
  rt::TaskGroup runners_;
  rt::TaskGroup coordination_;
};

}  // namespace tidemill::consume
