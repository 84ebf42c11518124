// tidemill/dstream.h: an endless sequence of RDDs, one for each batch.
#pragma once

#include <any>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "tidemill/rdd.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

namespace detail {

// Writes one block of text to standard output in one piece.
void printBatch(const std::string& text);

}  // namespace detail

// Describes a computation; nothing runs before the context starts and an output operation asks. Copies are
// cheap and mean the same stream. Functions given to it run on worker threads, several at a time and, after a
// failure, again.
template <class T>
class DStream {
 public:
  using Make = std::function<RDD<T>(detail::BatchContext&)>;

  // For inputs and operators; users get streams from KinesisUtils and from other streams.
  DStream(std::weak_ptr<stream::ContextCore> core, Make make)
      : core_(std::move(core)), id_(detail::GraphAccess::addStream(*lock())), make_(std::move(make)) {}

  // f: T -> U.
  template <class F>
  auto map(F f) const {
    return derive([f = std::move(f)](const RDD<T>& rdd) { return rdd.map(f); });
  }
  // f: const T& -> U; elements for which it throws are left out, and onError(const T&) is told:
  // RDD::tryMap().
  template <class F, class OnError>
  auto tryMap(F f, OnError onError) const {
    return derive([f = std::move(f), onError = std::move(onError)](const RDD<T>& rdd) {
      return rdd.tryMap(f, onError);
    });
  }
  // f: T -> a container of U.
  template <class F>
  auto flatMap(F f) const {
    return derive([f = std::move(f)](const RDD<T>& rdd) { return rdd.flatMap(f); });
  }
  // Keeps the elements for which f(const T&) is true.
  template <class F>
  DStream<T> filter(F f) const {
    return derive([f = std::move(f)](const RDD<T>& rdd) { return rdd.filter(f); });
  }
  // For pairs: combines the values of each key within each batch, f(V, V) -> V.
  template <class F>
  DStream<T> reduceByKey(F f) const
    requires detail::IsPair<T>::value
  {
    return derive([f = std::move(f)](const RDD<T>& rdd) { return rdd.reduceByKey(f); });
  }
  // One element for each batch: the number of its elements, 0 included.
  DStream<std::int64_t> count() const {
    const DStream<T> self = *this;
    return DStream<std::int64_t>(core_, [self](detail::BatchContext& batch) {
      auto counted = std::make_shared<detail::VectorNode<std::int64_t>>(
          *batch.tasks, std::vector<std::int64_t>{self.rddOf(batch).count()});
      return RDD<std::int64_t>(std::move(counted));
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

  // The RDD of one batch; made once, however many streams and outputs use it.
  RDD<T> rddOf(detail::BatchContext& batch) const {
    const auto place = static_cast<std::size_t>(id_);
    if (batch.made.size() <= place) batch.made.resize(place + 1);
    if (!batch.made[place].has_value()) {
      RDD<T> made = make_(batch);
      if (batch.made.size() <= place) batch.made.resize(place + 1);
      batch.made[place] = std::move(made);
    }
    return std::any_cast<const RDD<T>&>(batch.made[place]);
  }

 private:
  // The graph is owned by the context; a stream that outlives it can only say so.
  std::shared_ptr<stream::ContextCore> lock() const {
    auto core = core_.lock();
    if (core == nullptr)
      throw Error(Code::kUsage, "the StreamingContext of this stream is gone", "keep it alive");
    return core;
  }

  template <class Step>
  auto derive(Step step) const {
    using R = std::invoke_result_t<Step&, const RDD<T>&>;
    return deriveTo(std::move(step), static_cast<R*>(nullptr));
  }
  template <class Step, class U>
  DStream<U> deriveTo(Step step, RDD<U>*) const {
    const DStream<T> self = *this;
    return DStream<U>(core_, [self, step = std::move(step)](detail::BatchContext& batch) {
      return step(self.rddOf(batch));
    });
  }

  template <class Body>
  void addOutput(std::string name, Body body) const {
    const DStream<T> self = *this;
    detail::GraphAccess::addOutput(*lock(), std::move(name),
                                   [self, body = std::move(body)](detail::BatchContext& batch) mutable {
                                     body(self.rddOf(batch), batch.info);
                                   });
  }

  static void printElement(std::ostream& out, const T& element) {
    if constexpr (detail::IsPair<T>::value) {
      out << '(' << element.first << ',' << element.second << ")\n";
    } else {
      out << element << '\n';
    }
  }

  std::weak_ptr<stream::ContextCore> core_;
  int id_;
  Make make_;
};

}  // namespace tidemill
