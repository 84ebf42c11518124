// seed_tour/tour.h: what the rows of the tour share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "stage.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/streaming_context.h"

namespace tour {

// One snippet of the chapter on fault tolerance, in C++. It throws if anything is not as it says.
struct Row {
  int number;
  std::string_view claim;
  void (*run)();
};
std::vector<Row> rangeRows();
std::vector<Row> checkpointRows();
std::vector<Row> inputRows();
std::vector<Row> recoveryRows();
std::vector<Row> settingRows();

constexpr std::chrono::seconds kPatience(30);

inline void expect(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("not so: " + what);
}

template <class A, class B>
void expectEqual(const A& found, const B& wanted, std::string_view what) {
  if (found == wanted) return;
  std::ostringstream text;
  text << what << ": " << found << ", not " << wanted;
  throw std::runtime_error(text.str());
}

// The error that `action` throws, which must have this code.
template <class Action>
tidemill::Error expectError(tidemill::Code code, Action action) {
  try {
    action();
  } catch (const tidemill::Error& error) {
    expectEqual(codeName(error.code()), codeName(code), error.message());
    return error;
  }
  throw std::runtime_error("no error " + std::string(codeName(code)));
}

inline void expectOk(const tidemill::Result<void>& result) {
  if (!result) throw result.error();
}

template <class Condition>
void waitUntil(Condition condition, const std::string& what) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited in vain: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// What an output has been given, for the thread that waits for it. Outlives the context.
template <class T = std::string>
class Seen {
 public:
  void add(std::vector<T> more) {
    const std::lock_guard lock(mutex_);
    all_.insert(all_.end(), more.begin(), more.end());
    changed_.notify_all();
  }
  // In the order of their arrival, as soon as there are so many.
  std::vector<T> waitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return all_.size() >= count; })) {
      throw std::runtime_error("only " + std::to_string(all_.size()) + " of " + std::to_string(count) +
                               " have come");
    }
    return all_;
  }
  std::vector<T> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> all_;
};

// Gives every batch of the stream to `seen`.
template <class T>
void collectInto(Seen<T>& seen, const tidemill::DStream<T>& stream) {
  stream.foreachRDD([&seen](const tidemill::RDD<T>& rdd) { seen.add(rdd.collect()); });
}

// Each of the lines once, in whatever order; `line 7` and so on, from 0.
inline std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> lines;
  for (int i = from; i < to; ++i) lines.push_back("line " + std::to_string(i));
  return lines;
}
void expectSameLines(std::vector<std::string> found, std::vector<std::string> wanted);

// The stream of the stage from its beginning, for rows that are about something else.
inline tidemill::DStream<std::string> ordersOf(
    tidemill::StreamingContext& context, const Stage& stage,
    tidemill::StorageLevel level = tidemill::StorageLevel::MEMORY_AND_DISK) {
  return tidemill::KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                              tidemill::InitialPositionInStream::TRIM_HORIZON,
                                              tidemill::Milliseconds(100), level);
}

}  // namespace tour
