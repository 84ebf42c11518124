#include "engine_batches.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidemill/dstream.h"
#include "tidemill/receiver.h"
#include "tidemill/streaming_context.h"

namespace tidemill::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Of all threads: while a batch is worked on, nothing else is.
double processSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Stores a batch of blocks when it is told to.
class Source final : public Receiver<std::string> {
 public:
  explicit Source(std::size_t blocks) : Receiver(StorageLevel::MEMORY_ONLY), blocks_(blocks) {}
  ~Source() override { onStop(); }
  void onStart() override {
    thread_ = std::thread([this] {
      while (waitForGo()) {
        for (std::size_t i = 0; i < blocks_; ++i) {
          if (!store(std::vector<std::string>{fmt::format("user-{:05d} 1", i % 10)})) return;
        }
      }
    });
  }
  void onStop() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  void go() {
    {
      const std::lock_guard lock(mutex_);
      go_ = true;
    }
    changed_.notify_all();
  }

 private:
  bool waitForGo() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return go_ || ended_; });
    go_ = false;
    return !ended_;
  }

  const std::size_t blocks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool go_ = false;
  bool ended_ = false;
  std::thread thread_;
};

// Measures whole batches; a batch that the tick has cut in two counts for nothing.
class Meter final : public StreamingListener {
 public:
  Meter(Source& source, int rounds, std::size_t blocks)
      : source_(source), rounds_(static_cast<std::size_t>(rounds)), blocks_(blocks) {}
  void onStreamingStarted() override { source_.go(); }
  void onBatchSubmitted(const BatchInfo&) override {
    wallBegin_ = Clock::now();
    processorBegin_ = processSeconds();
  }
  void onBatchCompleted(const BatchInfo& batch) override {
    const double processor = processSeconds() - processorBegin_;
    const std::chrono::duration<double> wall = Clock::now() - wallBegin_;
    const std::lock_guard lock(mutex_);
    came_ += static_cast<std::size_t>(batch.records);
    if (came_ < blocks_) return;
    came_ = 0;
    if (static_cast<std::size_t>(batch.records) == blocks_) {
      wall_.push_back(wall.count());
      processor_.push_back(processor);
    }
    if (wall_.size() < rounds_) return source_.go();
    changed_.notify_all();
  }

  bool waitForAll() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10) * static_cast<int>(rounds_),
                             [this] { return wall_.size() >= rounds_; });
  }
  void print() {
    const std::lock_guard lock(mutex_);
    fmt::print(
        "{{\"bench\":\"operators\",\"name\":\"engine/{}\",\"ms\":{:.3f},\"processor_ms\":{:.3f},"
        "\"processor_us_per_block\":{:.3f}}}\n",
        blocks_, medianOf(wall_) * 1e3, medianOf(processor_) * 1e3,
        medianOf(processor_) * 1e6 / static_cast<double>(blocks_));
  }

 private:
  Source& source_;
  const std::size_t rounds_;
  const std::size_t blocks_;
  // On the control lane.
  Clock::time_point wallBegin_;
  double processorBegin_ = 0;
  std::size_t came_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<double> wall_;
  std::vector<double> processor_;
};

}  // namespace

bool engineBatches(int rounds, std::size_t blocks) {
  std::string folder = (std::filesystem::temp_directory_path() / "tidemill-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return false;
  const auto source = std::make_shared<Source>(blocks);
  Meter meter(*source, rounds, blocks);
  bool whole = false;
  {
    Conf conf;
    conf.set("tidemill.state.directory", folder);
    StreamingContext context(conf, Seconds(2));
    context.addStreamingListener(meter);
    context.receiverStream<std::string>(source)
        .map([](const std::string& line) { return std::pair<std::string, std::int64_t>(line, 1); })
        .filter([](const std::pair<std::string, std::int64_t>& one) { return one.second > 0; })
        .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; })
        .foreachRDD([blocks](const RDD<std::pair<std::string, std::int64_t>>& sums, const BatchInfo& batch) {
          if (static_cast<std::size_t>(batch.records) == blocks) sums.collect();
        });
    context.start();
    whole = meter.waitForAll();
    if (whole) meter.print();
    const Result<void> end = context.stop(true, true);
    if (!end) fmt::print(stderr, "bench: {}\n", end.error().message());
    whole = whole && end;
  }
  std::filesystem::remove_all(folder);
  return whole;
}

}  // namespace tidemill::bench
