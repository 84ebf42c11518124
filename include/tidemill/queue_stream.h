// tidemill/queue_stream.h: streams of what a program pushes into a queue: for tests, and to try programs out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/dstream.h"
#include "tidemill/kept_rdd.h"
#include "tidemill/rdd.h"
#include "tidemill/stream_node.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

namespace detail {

// Values in the order in which they were pushed, whatever their type. Thread safe.
class ValueQueue {
 public:
  ValueQueue();
  ~ValueQueue();
  ValueQueue(const ValueQueue&) = delete;
  ValueQueue& operator=(const ValueQueue&) = delete;

  void push(std::shared_ptr<const void> value);
  // The oldest ones, at most `most`.
  std::vector<std::shared_ptr<const void>> take(std::size_t most);
  std::size_t size() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace detail

// What StreamingContext::queueStream() reads. Thread safe: a program may push while the stream runs. What
// nobody has taken yet lies in memory, however much it is.
template <class T>
class RDDQueue {
 public:
  // The elements of one batch, in one partition.
  void push(std::vector<T> elements) {
    std::vector<std::vector<T>> parts;
    parts.push_back(std::move(elements));
    pushPartitions(std::move(parts));
  }
  void pushPartitions(std::vector<std::vector<T>> parts) {
    queue_.push(std::make_shared<const std::vector<std::vector<T>>>(std::move(parts)));
  }
  // Those that no batch has taken.
  std::size_t size() const { return queue_.size(); }

  // For the stream: at most `most`, the oldest first.
  std::vector<std::shared_ptr<const std::vector<std::vector<T>>>> take(std::size_t most) {
    std::vector<std::shared_ptr<const std::vector<std::vector<T>>>> taken;
    for (auto& value : queue_.take(most))
      taken.push_back(std::static_pointer_cast<const std::vector<std::vector<T>>>(std::move(value)));
    return taken;
  }

 private:
  detail::ValueQueue queue_;
};

namespace detail {

constexpr const char* kQueueStreamKind = "queueStream";

// What a batch has taken is held as long as somebody looks back at it: it cannot be had a second time.
template <class T>
class QueueInput final : public StreamNode<T> {
 public:
  QueueInput(StreamPlace place, std::shared_ptr<RDDQueue<T>> queue, bool oneAtATime,
             std::optional<std::vector<T>> otherwise)
      : StreamNode<T>(place, kQueueStreamKind, {}, place.interval),
        queue_(std::move(queue)),
        most_(oneAtATime ? 1 : static_cast<std::size_t>(-1)),
        otherwise_(std::move(otherwise)) {}
  bool worthKeeping() const override { return false; }
  bool remakes() const override { return false; }
  bool runsEachBatch() const override { return true; }
  bool survivesRestart() const override { return false; }

 protected:
  std::optional<RDD<T>> compute(BatchContext& batch, Time time) override {
    if (time != batch.info.time) return std::nullopt;  // That batch was before the start.
    std::vector<std::vector<T>> parts;
    for (const auto& taken : queue_->take(most_)) parts.insert(parts.end(), taken->begin(), taken->end());
    if (parts.empty() && otherwise_) parts.push_back(*otherwise_);
    return RDD<T>(std::make_shared<KeptNode<T>>(this->runner(), std::move(parts)));
  }

 private:
  TaskRunner& runner() const { return *this->place().run; }

  const std::shared_ptr<RDDQueue<T>> queue_;
  const std::size_t most_;
  const std::optional<std::vector<T>> otherwise_;
};

}  // namespace detail

template <class T>
DStream<T> StreamingContext::queueStream(std::shared_ptr<RDDQueue<T>> queue, bool oneAtATime,
                                         std::optional<std::vector<T>> defaultElements) {
  return DStream<T>(detail::addNode<detail::QueueInput<T>>(core_, std::move(queue), oneAtATime,
                                                           std::move(defaultElements)));
}

}  // namespace tidemill
