// examples/postponing_consumer.cc: records are finished by other threads, and checkpoints follow by a timer.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>

#include "tidemill/consumer.h"
#include "tidemill/kinesis_checkpointer.h"
#include "tidemill/shard_watermarks.h"

using namespace tidemill;

// A batch on its way to the thread that finishes it.
struct Work {
  std::string shardId;
  CheckpointPosition upTo;
  std::vector<std::string> lines;
};

// At most 100 batches wait; handlers wait for room.
class WorkQueue {
 public:
  void push(Work work) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return works_.size() < 100; });
    works_.push_back(std::move(work));
    changed_.notify_all();
  }
  // False once it is closed and empty.
  bool pop(Work& work) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !works_.empty(); });
    if (works_.empty()) return false;
    work = std::move(works_.front());
    works_.pop_front();
    changed_.notify_all();
    return true;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  // allow(check_determinism): a program of a user
  std::mutex mutex_;
  // allow(check_determinism): a program of a user
  std::condition_variable changed_;
  std::deque<Work> works_;
  bool closed_ = false;
};

class Postponer final : public ShardHandler {
 public:
  Postponer(WorkQueue& queue, ShardWatermarks& marks, KinesisCheckpointer& checkpoints)
      : queue_(queue), marks_(marks), checkpoints_(checkpoints) {}

  Outcome initialize(const ShardInfo& shard) override {
    shardId_ = shard.shardId;
    marks_.forget(shardId_);
    return Outcome::ok();
  }
  Outcome processRecords(const RecordBatch& batch, Checkpointer& checkpointer) override {
    const Record& last = batch.records.back();
    Work work{shardId_, {std::string(last.sequenceNumber), last.subSequenceNumber}, {}};
    for (const Record& record : batch.records) work.lines.emplace_back(record.text());
    if (auto noted = marks_.received(shardId_, work.upTo); !noted)
      return Outcome::fatal(noted.error().message());
    checkpoints_.setCheckpointer(shardId_, checkpointer.handle());
    queue_.push(std::move(work));
    return Outcome::ok();
  }
  Outcome shardEnded(Checkpointer& checkpointer) override {
    auto removed = checkpoints_.removeCheckpointer(shardId_, &checkpointer);
    if (!removed) return Outcome::retryAfter(Seconds(1), removed.error().message());
    if (*removed == CheckpointRemoval::kNotYet)
      return Outcome::retryAfter(Seconds(1), "records are not printed yet");
    return Outcome::ok();
  }
  Outcome shutdownRequested(Checkpointer& checkpointer) override {
    checkpoints_.removeCheckpointer(shardId_, &checkpointer);
    return Outcome::ok();
  }
  void leaseLost() override { checkpoints_.removeCheckpointer(shardId_, nullptr); }

 private:
  WorkQueue& queue_;
  ShardWatermarks& marks_;
  KinesisCheckpointer& checkpoints_;
  std::string shardId_;
};

int main() {
  ConsumerOptions options;
  options.applicationName = "printer";
  options.streamName = "orders";
  options.workerId = "worker-1";
  options.regionName = "eu-central-1";
  options.checkpointMode = CheckpointMode::kManual;

  WorkQueue queue;
  auto marks = std::make_shared<ShardWatermarks>(CheckpointAfter::kProcessed);
  KinesisCheckpointer checkpoints(marks, Seconds(30), options.workerId);
  // allow(check_determinism): a program of a user
  std::thread printer([&] {
    Work work;
    while (queue.pop(work)) {
      for (const std::string& line : work.lines) std::puts(line.c_str());
      marks->processed(work.shardId, work.upTo);
    }
  });
  Result<void> end;
  {
    Consumer consumer(
        options, [&](const std::string&) { return std::make_unique<Postponer>(queue, *marks, checkpoints); });
    consumer.start();
    end = consumer.awaitTermination();
  }
  queue.close();
  printer.join();
  for (const auto& [shardId, of] : checkpoints.counters()) {
    std::fprintf(stderr, "%s: %lld of %lld checkpoints\n", shardId.c_str(),
                 static_cast<long long>(of.successes), static_cast<long long>(of.attempts));
  }
  if (!end) {
    std::fprintf(stderr, "%s\ntry: %s\n", end.error().what(), end.error().hint().c_str());
    return exitCode(end.error().code());
  }
}
