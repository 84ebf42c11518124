// tidemill/dstream.h: an endless sequence of RDDs, one for each batch.
#pragma once

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/rdd.h"
#include "tidemill/stream_node.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

namespace detail {

// Writes one block of text to standard output in one piece.
void printBatch(const std::string& text);

// The context of an operator. Throws Error(kUsage) if it is gone.
std::shared_ptr<stream::ContextCore> coreOf(const StreamNodeBase& node);

// Makes an operator with Node(place, arguments…) and registers it.
template <class Node, class... Args>
std::shared_ptr<Node> addNode(const std::shared_ptr<stream::ContextCore>& core, Args&&... args) {
  auto node = std::make_shared<Node>(GraphAccess::place(*core), std::forward<Args>(args)...);
  GraphAccess::addNode(*core, node);
  return node;
}

// Makes the RDD of a time from that of its parent at the same time. Step: const RDD<T>& -> RDD<U>.
template <class T, class U, class Step>
class StepNode final : public StreamNode<U> {
 public:
  StepNode(StreamPlace place, std::string kind, std::shared_ptr<StreamNode<T>> parent, Step step)
      : StreamNode<U>(std::move(place), std::move(kind), {parent}, parent->slide()),
        parent_(std::move(parent)),
        step_(std::move(step)) {}

 protected:
  std::optional<RDD<U>> compute(BatchContext& batch, Time time) override {
    const std::optional<RDD<T>> rdd = parent_->getOrCompute(batch, time);
    if (!rdd) return std::nullopt;
    return step_(*rdd);
  }

 private:
  const std::shared_ptr<StreamNode<T>> parent_;
  Step step_;
};

// One partition with one element: how many the parent has.
template <class T>
class CountNode final : public RddNode<std::int64_t> {
 public:
  explicit CountNode(std::shared_ptr<RddNode<T>> parent)
      : RddNode<std::int64_t>(parent->runner()), parent_(std::move(parent)) {}
  std::size_t partitions() const override { return 1; }
  void prepare() override {
    if (!total_) total_ = RDD<T>(parent_).count();
  }
  void compute(std::size_t, Emit<std::int64_t>& emit) const override { emit(std::int64_t(*total_)); }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  std::optional<std::int64_t> total_;
};

}  // namespace detail

// Describes a computation; nothing runs before the context starts and an output operation asks. Copies are
// cheap and mean the same stream. Functions given to it run on worker threads, several at a time and, after a
// failure, again.
template <class T>
class DStream {
 public:
  // For inputs and operators; users get streams from KinesisUtils and from other streams.
  explicit DStream(std::shared_ptr<detail::StreamNode<T>> node) : node_(std::move(node)) {}

  // Names the operator that gives this stream: what a checkpoint directory keeps of it (state) is found again
  // under this name when the program has changed. Without a name it is the kind and the position, "map-3".
  // 1 to 100 letters, digits, '.', '-', '_'; throws Error(kUsage) if it is taken.
  DStream<T> uid(std::string name) const {
    detail::GraphAccess::setUid(*detail::coreOf(*node_), *node_, std::move(name));
    return *this;
  }

  // f: T -> U.
  template <class F>
  auto map(F f) const {
    return derive("map", [f = std::move(f)](const RDD<T>& rdd) { return rdd.map(f); });
  }
  // f: const T& -> U; elements for which it throws are left out, and onError(const T&) is told:
  // RDD::tryMap().
  template <class F, class OnError>
  auto tryMap(F f, OnError onError) const {
    return derive("tryMap", [f = std::move(f), onError = std::move(onError)](const RDD<T>& rdd) {
      return rdd.tryMap(f, onError);
    });
  }
  // f: T -> a container of U.
  template <class F>
  auto flatMap(F f) const {
    return derive("flatMap", [f = std::move(f)](const RDD<T>& rdd) { return rdd.flatMap(f); });
  }
  // Keeps the elements for which f(const T&) is true.
  template <class F>
  DStream<T> filter(F f) const {
    return derive("filter", [f = std::move(f)](const RDD<T>& rdd) { return rdd.filter(f); });
  }
  // For pairs: combines the values of each key within each batch, f(V, V) -> V.
  template <class F>
  DStream<T> reduceByKey(F f) const
    requires detail::IsPair<T>::value
  {
    return derive("reduceByKey", [f = std::move(f)](const RDD<T>& rdd) { return rdd.reduceByKey(f); });
  }
  // One element for each batch: the number of its elements, 0 included.
  DStream<std::int64_t> count() const {
    return derive("count", [](const RDD<T>& rdd) {
      return RDD<std::int64_t>(std::make_shared<detail::CountNode<T>>(detail::RddAccess::shared(rdd)));
    });
  }

  // Runs f for each batch, empty ones included, on a job thread, batch by batch. f is one of f(RDD<T>),
  // f(RDD<T>, Time) and f(RDD<T>, const BatchInfo&). When it throws, the batch fails and is tried again, so
  // what it does must bear repetition: BatchInfo::ranges tells what was done already.
  template <class F>
  void foreachRDD(F f) const {
    addOutput("foreachRDD", [f = std::move(f)](const RDD<T>& rdd, const BatchInfo& info) mutable {
      if constexpr (std::is_invocable_v<F&, RDD<T>, const BatchInfo&>) {
        f(rdd, info);
      } else if constexpr (std::is_invocable_v<F&, RDD<T>, Time>) {
        f(rdd, info.time);
      } else {
        static_assert(std::is_invocable_v<F&, RDD<T>>,
                      "foreachRDD takes f(RDD<T>), f(RDD<T>, Time) or "
                      "f(RDD<T>, const BatchInfo&)");
        f(rdd);
      }
    });
  }

  // Prints the first `limit` elements of each batch to standard output. T needs operator<<; pairs print as
  // (k,v).
  void print(std::size_t limit = 10) const {
    addOutput("print", [limit](const RDD<T>& rdd, const BatchInfo& info) {
      const std::vector<T> first = rdd.take(limit + 1);
      std::ostringstream text;
      text << "-------------------------------------------\nTime: " << info.time.time_since_epoch().count()
           << " ms\n-------------------------------------------\n";
      for (std::size_t i = 0; i < first.size() && i < limit; ++i) printElement(text, first[i]);
      if (first.size() > limit) text << "...\n";
      text << '\n';
      detail::printBatch(text.str());
    });
  }

  // The RDD of the batch that `batch` is of; made once, however many streams and outputs use it.
  RDD<T> rddOf(detail::BatchContext& batch) const { return *node_->getOrCompute(batch, batch.info.time); }
  const std::shared_ptr<detail::StreamNode<T>>& node() const { return node_; }

 private:
  template <class Step>
  auto derive(const char* kind, Step step) const {
    using R = std::invoke_result_t<Step&, const RDD<T>&>;
    return deriveTo(kind, std::move(step), static_cast<R*>(nullptr));
  }
  template <class Step, class U>
  DStream<U> deriveTo(const char* kind, Step step, RDD<U>*) const {
    return DStream<U>(detail::addNode<detail::StepNode<T, U, Step>>(detail::coreOf(*node_), std::string(kind),
                                                                    node_, std::move(step)));
  }

  template <class Body>
  void addOutput(std::string name, Body body) const {
    auto run = [node = node_, body = std::move(body)](detail::BatchContext& batch) mutable {
      const std::optional<RDD<T>> rdd = node->getOrCompute(batch, batch.info.time);
      if (rdd) body(*rdd, batch.info);
    };
    detail::GraphAccess::addOutput(*detail::coreOf(*node_), std::move(name), node_, std::move(run));
  }

  static void printElement(std::ostream& out, const T& element) {
    if constexpr (detail::IsPair<T>::value) {
      out << '(' << element.first << ',' << element.second << ")\n";
    } else {
      out << element << '\n';
    }
  }

  std::shared_ptr<detail::StreamNode<T>> node_;
};

}  // namespace tidemill
