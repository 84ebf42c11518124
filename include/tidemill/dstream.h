// tidemill/dstream.h: an endless sequence of RDDs, one for each batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/codec.h"
#include "tidemill/pair_dstream_functions.h"
#include "tidemill/rdd.h"
#include "tidemill/storage_level.h"
#include "tidemill/stream_node.h"
#include "tidemill/stream_operators.h"
#include "tidemill/streaming_context.h"
#include "tidemill/text_output.h"
#include "tidemill/windowed_stream.h"

namespace tidemill {

// Describes a computation; nothing runs before the context starts and an output operation asks. Copies are
// cheap and mean the same stream. Functions given to it run on worker threads, several at a time and, after a
// failure, again.
//
// A stream has an RDD at each multiple of its slide, counted from 1970-01-01 UTC: that is each batch for
// inputs, and for what is made of windows what the window says. `window` and `slide` must be multiples of the
// slide of the stream they are asked of; else Error(kUsage) is thrown. Of pairs it also has the functions of
// PairDStreamFunctions.
template <class T>
class DStream : public PairDStreamFunctions<T> {
 public:
  using value_type = T;
  // Spark's, where elements can be written as bytes.
  static constexpr StorageLevel kPersistLevelDefault =
      HasCodec<T> ? StorageLevel::MEMORY_ONLY_SER : StorageLevel::MEMORY_ONLY;

  // For inputs and operators; users get streams from KinesisUtils and from other streams.
  explicit DStream(std::shared_ptr<detail::StreamNode<T>> node) : node_(std::move(node)) {}

  // Names the operator that gives this stream: what a checkpoint directory keeps of it (state) is found again
  // under this name when the program has changed. Without a name it is the kind and the position, "map-3".
  // 1 to 100 letters, digits, '.', '-', '_'; throws Error(kUsage) if it is taken.
  DStream<T> uid(std::string name) const {
    detail::GraphAccess::setUid(*detail::coreOf(*node_), *node_, std::move(name));
    return *this;
  }

  // Each batch by itself: the functions of RDD with the same names.

  // f: T -> U.
  template <class F>
  auto map(F f) const {
    return derive("map", [f = std::move(f)](const RDD<T>& rdd) { return rdd.map(f); });
  }
  // f: const T& -> U; elements for which it throws are left out, and counted, and onError(const T&) may keep
  // them, each time that the element is computed: RDD::tryMap().
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
  // f: std::vector<T>&& -> a container of U, once for each partition.
  template <class F>
  auto mapPartitions(F f, bool preservesPartitioning = false) const {
    return derive("mapPartitions", [f = std::move(f), preservesPartitioning](const RDD<T>& rdd) {
      return rdd.mapPartitions(f, preservesPartitioning);
    });
  }
  // One element for each partition: all of its elements.
  DStream<std::vector<T>> glom() const {
    return derive("glom", [](const RDD<T>& rdd) { return rdd.glom(); });
  }
  DStream<T> repartition(std::size_t numPartitions) const {
    detail::checkPartitions(numPartitions);
    return derive("repartition",
                  [numPartitions](const RDD<T>& rdd) { return rdd.repartition(numPartitions); });
  }
  // f(T, T) -> T: one element for each batch that has any.
  template <class F>
  DStream<T> reduce(F f) const {
    return derive("reduce", [f = std::move(f)](const RDD<T>& rdd) {
      return RDD<T>(std::make_shared<detail::ReduceNode<T, F>>(detail::RddAccess::shared(rdd), f));
    });
  }
  // One element for each batch: the number of its elements, 0 included.
  DStream<std::int64_t> count() const {
    return derive("count", [](const RDD<T>& rdd) {
      return RDD<std::int64_t>(std::make_shared<detail::CountNode<T>>(detail::RddAccess::shared(rdd)));
    });
  }
  // How often each element occurs in its batch.
  DStream<std::pair<T, std::int64_t>> countByValue(std::size_t numPartitions = 0) const {
    return counted("countByValue").reduceByKey(Plus(), numPartitions);
  }

  // f: (const RDD<T>&) -> RDD<U> or (const RDD<T>&, Time) -> RDD<U>. Runs once for each batch, on its job
  // thread, so it may use what changes from batch to batch.
  template <class F>
  auto transform(F f) const {
    return detail::stepStream("transform", node_, [f = std::move(f)](const RDD<T>& rdd, Time time) mutable {
      if constexpr (std::is_invocable_v<F&, const RDD<T>&, Time>) {
        return f(rdd, time);
      } else {
        return f(rdd);
      }
    });
  }
  // f: (const RDD<T>&, const RDD<W>&) -> RDD<U>, or with a Time behind; `other` has the same slide.
  template <class W, class F>
  auto transformWith(const DStream<W>& other, F f) const {
    return detail::pairStream("transformWith", node_, other.node(),
                              [f = std::move(f)](const RDD<T>& rdd, const RDD<W>& with, Time time) mutable {
                                if constexpr (std::is_invocable_v<F&, const RDD<T>&, const RDD<W>&, Time>) {
                                  return f(rdd, with, time);
                                } else {
                                  return f(rdd, with);
                                }
                              });
  }
  // The elements of both, which have the same slide. (Spark: union)
  DStream<T> union_(const DStream<T>& other) const {
    return detail::manyStream<T>("union", {node_, other.node_}, detail::UnionStep<T>());
  }

  // Over the batches of a window, which ends with the batch. Without a slide it is that of this stream. What
  // windows look back at lies in memory, computed in the batch that it came with.

  DStream<T> window(Duration window, Duration slide = {}) const {
    const Duration step = slide == Duration(0) ? node_->slide() : slide;
    detail::checkWindow(*node_, window, step);
    return DStream<T>(detail::addNode<detail::WindowNode<T>>(detail::coreOf(*node_), node_, window, step));
  }
  // f(T, T) -> T: one element for each window that has any.
  template <class F>
  DStream<T> reduceByWindow(F f, Duration window, Duration slide) const {
    return reduce(f).window(window, slide).reduce(f);
  }
  // The same by way of the window before: see reduceByKeyAndWindow().
  template <class F, class Inverse>
  DStream<T> reduceByWindow(F f, Inverse inverse, Duration window, Duration slide) const {
    return map([](T element) { return std::pair<int, T>(0, std::move(element)); })
        .reduceByKeyAndWindow(std::move(f), std::move(inverse), window, slide, 1)
        .map([](std::pair<int, T> element) { return std::move(element.second); });
  }
  // One element for each window: the number of its elements, 0 included.
  DStream<std::int64_t> countByWindow(Duration window, Duration slide) const {
    return count().window(window, slide).reduce(Plus());
  }
  // How often each element occurs in the window.
  DStream<std::pair<T, std::int64_t>> countByValueAndWindow(Duration window, Duration slide,
                                                            std::size_t numPartitions = 0) const {
    return counted("countByValueAndWindow")
        .reduceByKeyAndWindow(Plus(), Minus(), window, slide, numPartitions,
                              [](const std::pair<T, std::int64_t>& element) { return element.second != 0; });
  }

  // The RDDs of the times from `from` to `to`, both included, at multiples of the slide. Inside an output
  // operation or transform() of this context; times that are no more remembered
  // (StreamingContext::remember()) give none. Error(kUsage) elsewhere, or if `to` lies before `from`.
  std::vector<RDD<T>> slice(Time from, Time to) const {
    if (to < from) throw Error(Code::kUsage, "slice: the end lies before the beginning", "swap them");
    return detail::rddsBetween(*node_, node_->place().run->batch(), from - Duration(1), to);
  }

  // RDD::persist() for each RDD of this stream, as long as the stream has it: for the outputs and operators
  // that use it more than once. What is kept of an RDD goes with the RDD; spark.streaming.unpersist says what
  // becomes of it where the program itself still holds the RDD then. A window has the elements of the stream
  // that it looks at, so it is that stream which is persisted. What windows look back at is kept in any case,
  // in memory, and by a level with _SER or a disk as bytes; what has no room there stays in memory. State
  // always lies in memory as it is, whatever its level.
  //
  // Before the start; NONE takes it back. Throws Error(kUsage): the context has started; T has no Codec, and
  // the level needs one. (Spark: persist)
  DStream<T> persist(StorageLevel level = kPersistLevelDefault) const {
    detail::checkCodecFor(level, HasCodec<T>);
    node_->persist(detail::coreOf(*node_), level);
    return *this;
  }
  DStream<T> cache() const { return persist(); }
  DStream<T> unpersist() const { return persist(StorageLevel::NONE); }
  // How often the state of this stream is written to the checkpoint directory: a multiple of the slide,
  // checked at the start. Default: the first multiple that is 10 seconds or more. Streams without state need
  // nothing there.
  DStream<T> checkpoint(Duration interval) const {
    node_->setCheckpointInterval(detail::coreOf(*node_), interval);
    return *this;
  }

  // Output operations.

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
      for (std::size_t i = 0; i < first.size() && i < limit; ++i) detail::writeLine(text, first[i]);
      if (first.size() > limit) text << "...\n";
      detail::printBatch(info.time, text.str());
    });
  }

  // Writes each batch as a folder `prefix-<milliseconds since 1970>[.suffix]` of files part-00000, …, one for
  // each partition, a line for each element as print() shows it, and at last an empty file _SUCCESS. A folder
  // that is there already is replaced: the batch is tried again, or runs again after a restart.
  void saveAsTextFiles(std::string prefix, std::string suffix = {}) const {
    addOutput("saveAsTextFiles", [prefix = std::move(prefix), suffix = std::move(suffix)](
                                     const RDD<T>& rdd, const BatchInfo& info) {
      detail::TextFolder folder(prefix, suffix, info.time);
      const auto write = [&folder](std::size_t partition, std::vector<T>&& elements) {
        std::ostringstream text;
        for (const T& element : elements) detail::writeLine(text, element);
        folder.write(partition, text.str());
        return std::vector<char>();
      };
      rdd.mapPartitionsWithIndex(write).count();
      folder.finish();
    });
  }

  // For the library: the RDD of the batch that `batch` is of; made once, however many streams and outputs use
  // it.
  RDD<T> rddOf(detail::BatchContext& batch) const { return *node_->getOrCompute(batch, batch.info.time); }
  const std::shared_ptr<detail::StreamNode<T>>& node() const { return node_; }

 private:
  struct Plus {
    std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a + b; }
  };
  struct Minus {
    std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a - b; }
  };

  DStream<std::pair<T, std::int64_t>> counted(const char* kind) const {
    return derive(kind, [](const RDD<T>& rdd) {
      return rdd.map([](T&& element) { return std::pair<T, std::int64_t>(std::move(element), 1); });
    });
  }

  template <class Step>
  auto derive(const char* kind, Step step) const {
    return detail::stepStream(kind, node_,
                              [step = std::move(step)](const RDD<T>& rdd, Time) { return step(rdd); });
  }

  template <class Body>
  void addOutput(std::string name, Body body) const {
    auto run = [node = node_, body = std::move(body)](detail::BatchContext& batch) mutable {
      const std::optional<RDD<T>> rdd = node->getOrCompute(batch, batch.info.time);
      if (rdd) body(*rdd, batch.info);
    };
    detail::GraphAccess::addOutput(*detail::coreOf(*node_), std::move(name), node_, std::move(run));
  }

  std::shared_ptr<detail::StreamNode<T>> node_;
};

template <class T>
DStream<T> StreamingContext::union_(const std::vector<DStream<T>>& streams) const {
  return detail::manyStream<T>("union", detail::nodesOf(streams), detail::UnionStep<T>());
}

template <class T, class F>
auto StreamingContext::transform(const std::vector<DStream<T>>& streams, F f) const {
  return detail::manyStream<T>("transform", detail::nodesOf(streams), std::move(f));
}

}  // namespace tidemill
