// tidemill/rdd.h: the data of one batch, in partitions; computed when an action asks for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tidemill/pair_rdd_functions.h"
#include "tidemill/partition.h"
#include "tidemill/persist.h"
#include "tidemill/rdd_node.h"
#include "tidemill/shuffle.h"
#include "tidemill/task_runner.h"

namespace tidemill {

// Valid inside the output operation that received it; KinesisBackedBlockRDD::of() gives one that can be kept.
// Copies are cheap and share the computation. Functions given to it run on worker threads, several at a time:
// they must not change shared state. Steps that need no other partition run as one pass over each partition,
// a chunk of elements at a time, so a function may see some elements before the function behind it sees the
// first of them.
//
// Of pairs it also has the functions of PairRDDFunctions.
template <class T>
class RDD : public PairRDDFunctions<T> {
 public:
  using value_type = T;

  explicit RDD(std::shared_ptr<detail::RddNode<T>> node) : node_(std::move(node)) {}

  // f: T -> U.
  template <class F>
  auto map(F f) const {
    using U = std::decay_t<std::invoke_result_t<const F&, T&&>>;
    return narrow<U>([f = std::move(f)](T&& element, detail::Emit<U>& emit) {
      emit.makeRoom();
      emit.add([&]() -> decltype(auto) { return f(std::move(element)); });
    });
  }

  // f: const T& -> U. An element for which f throws is left out, counted in StreamingTotals::leftOut, and
  // given to onError(const T&), the hook for dead letters: on the worker thread, where
  // std::current_exception() says what it was; each time that its partition is computed.
  // What onError throws is the task's failure, and so is std::bad_alloc.
  template <class F, class OnError>
  auto tryMap(F f, OnError onError) const {
    using U = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    using Node = detail::TryMapNode<T, U, F, OnError>;
    return RDD<U>(std::make_shared<Node>(node_, std::move(f), std::move(onError)));
  }

  // f: T -> a container of U.
  template <class F>
  auto flatMap(F f) const {
    using Many = std::decay_t<std::invoke_result_t<const F&, T&&>>;
    using U = typename Many::value_type;
    return narrow<U>([f = std::move(f)](T&& element, detail::Emit<U>& emit) {
      Many many = f(std::move(element));
      for (auto&& one : many) emit(U(std::move(one)));
    });
  }

  // Keeps the elements for which f(const T&) is true.
  template <class F>
  RDD<T> filter(F f) const {
    return RDD<T>(std::make_shared<detail::FilterNode<T, F>>(node_, std::move(f)));
  }

  // f: std::vector<T>&& -> a container of U, once for each partition, empty ones included, which lies in
  // memory meanwhile. `preservesPartitioning`: f leaves the keys of pairs as they are.
  template <class F>
  auto mapPartitions(F f, bool preservesPartitioning = false) const {
    return mapPartitionsWithIndex(
        [f = std::move(f)](std::size_t, std::vector<T>&& elements) { return f(std::move(elements)); },
        preservesPartitioning);
  }
  // f: (std::size_t partition, std::vector<T>&&) -> a container of U.
  template <class F>
  auto mapPartitionsWithIndex(F f, bool preservesPartitioning = false) const {
    using Many = std::decay_t<std::invoke_result_t<const F&, std::size_t, std::vector<T>&&>>;
    using U = typename Many::value_type;
    auto step = [f = std::move(f)](std::size_t partition, std::vector<T>&& elements, detail::Emit<U>& emit) {
      Many many = f(partition, std::move(elements));
      for (auto&& one : many) emit(U(std::move(one)));
    };
    using Node = detail::PartitionNode<T, U, decltype(step)>;
    return RDD<U>(std::make_shared<Node>(node_, std::move(step), preservesPartitioning));
  }

  // One element for each partition: all of its elements.
  RDD<std::vector<T>> glom() const {
    const auto step = [](std::size_t, std::vector<T>&& elements, detail::Emit<std::vector<T>>& emit) {
      emit(std::move(elements));
    };
    using Node = detail::PartitionNode<T, std::vector<T>, std::decay_t<decltype(step)>>;
    return RDD<std::vector<T>>(std::make_shared<Node>(node_, step, false));
  }

  // The elements of both, this one's first; nothing is left out. (Spark: union)
  RDD<T> union_(const RDD<T>& other) const { return union_(std::vector<RDD<T>>{other}); }
  RDD<T> union_(const std::vector<RDD<T>>& others) const {
    std::vector<std::shared_ptr<detail::RddNode<T>>> nodes{node_};
    for (const RDD<T>& other : others) nodes.push_back(other.node_);
    return RDD<T>(std::make_shared<detail::UnionNode<T>>(node_->runner(), std::move(nodes)));
  }

  // Spreads the elements evenly over `numPartitions` partitions, 1 to 65,536.
  RDD<T> repartition(std::size_t numPartitions) const {
    using Node = detail::RepartitionNode<T, detail::InTurn>;
    return RDD<T>(std::make_shared<Node>(node_, detail::shufflePartitions(numPartitions, 1, 0),
                                         detail::InTurn{}, /*byKey=*/false));
  }
  // With at most `numPartitions` partitions, 1 to 65,536, each made of neighbours. With `shuffle` it is
  // repartition().
  RDD<T> coalesce(std::size_t numPartitions, bool shuffle = false) const {
    if (shuffle) return repartition(numPartitions);
    const std::size_t partitions = detail::shufflePartitions(numPartitions, 1, 0);
    if (partitions >= node_->partitions()) return *this;
    return RDD<T>(std::make_shared<detail::CoalesceNode<T>>(node_, partitions));
  }

  // Each element once, however often it occurs. T needs == and a Hash.
  RDD<T> distinct(std::size_t numPartitions = 0) const {
    return map([](T&& element) { return std::pair<T, Present>(std::move(element), Present()); })
        .reduceByKey([](Present, Present) { return Present(); }, numPartitions)
        .keys();
  }

  // f: const T& -> K, the key of the element.
  template <class F>
  auto keyBy(F f) const {
    using K = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    return map([f = std::move(f)](T&& element) {
      K key = f(std::as_const(element));
      return std::pair<K, T>(std::move(key), std::move(element));
    });
  }
  // f: const T& -> K; the elements of each key.
  template <class F>
  auto groupBy(F f, std::size_t numPartitions = 0) const {
    return keyBy(std::move(f)).groupByKey(numPartitions);
  }

  // Keeps each partition when it is first computed, and takes it from there afterwards, as long as a copy of
  // this RDD, or one that was made of it, exists. Memory levels keep the elements as they are, up to
  // tidemill.persist.memory; _SER levels keep them as compressed bytes, which count there too; those with a
  // disk write what does not fit to files, up to tidemill.persist.disk. What fits nowhere is computed again.
  // All copies of the RDD have the level. There are no replicas: _2 and _3 keep one copy.
  //
  // Throws Error(kUsage): it has another level; T has no Codec, and the level needs one (_SER, OFF_HEAP, all
  // with a disk); what the RDD was made on keeps no bytes. Call it between actions.
  RDD<T> persist(StorageLevel level = StorageLevel::MEMORY_ONLY) const {
    detail::persist(*node_, level);
    return *this;
  }
  RDD<T> cache() const { return persist(StorageLevel::MEMORY_ONLY); }
  // Drops what was kept.
  RDD<T> unpersist() const {
    node_->keepIn(nullptr);
    return *this;
  }
  // NONE: it is not persisted.
  StorageLevel getStorageLevel() const {
    return node_->kept() == nullptr ? StorageLevel::NONE : node_->kept()->level();
  }

  // Actions. Each computes the partitions on the worker threads and throws Error(kUserCodeFailed) if a
  // function given by the user keeps failing.

  // All elements, in the order of their partitions.
  std::vector<T> collect() const {
    std::vector<std::vector<T>> parts = perPartition<std::vector<T>>(
        {}, [](std::vector<T>& part, T&& element) { part.push_back(std::move(element)); });
    std::vector<T> all;
    all.reserve(std::accumulate(parts.begin(), parts.end(), std::size_t{0},
                                [](std::size_t sum, const auto& part) { return sum + part.size(); }));
    for (std::vector<T>& part : parts) {
      all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    }
    return all;
  }

  std::int64_t count() const {
    node_->makeReady();
    std::vector<std::int64_t> parts(node_->partitions());
    node_->runner().run(parts.size(),
                        [&](std::size_t partition) { parts[partition] = node_->size(partition); });
    return std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  }

  // How often each element occurs. T needs == and a Hash.
  std::unordered_map<T, std::int64_t, Hash<T>> countByValue() const {
    return map([](T&& element) { return std::pair<T, std::int64_t>(std::move(element), 1); })
        .reduceByKey([](std::int64_t a, std::int64_t b) { return a + b; })
        .collectAsMap();
  }

  // The first `limit` elements. Computes partitions one after the other, and none behind that which has the
  // last of them.
  std::vector<T> take(std::size_t limit) const {
    std::vector<T> taken;
    if (limit == 0) return taken;
    node_->makeReady();
    for (std::size_t partition = 0; partition < node_->partitions() && taken.size() < limit; ++partition) {
      const std::size_t before = taken.size();
      node_->runner().run(1, [&](std::size_t) {
        taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(before), taken.end());
        node_->forEach(partition, [&](T&& element) {
          if (taken.size() < limit) taken.push_back(std::move(element));
        });
      });
    }
    return taken;
  }
  // Throws Error(kUsage) if there is no element.
  T first() const {
    std::vector<T> one = take(1);
    if (one.empty()) detail::throwEmpty("first");
    return std::move(one.front());
  }

  // The first `limit` elements in the order of `less`; takeOrdered(5) has the smallest in front, top(5) the
  // largest.
  template <class Less = std::less<T>>
  std::vector<T> takeOrdered(std::size_t limit, Less less = Less()) const {
    if (limit == 0) return {};
    // A heap whose largest element gives way to a smaller one.
    const auto keep = [&](std::vector<T>& heap, T&& element) {
      if (heap.size() == limit) {
        if (!less(std::as_const(element), heap.front())) return;
        std::pop_heap(heap.begin(), heap.end(), less);
        heap.back() = std::move(element);
      } else {
        heap.push_back(std::move(element));
      }
      std::push_heap(heap.begin(), heap.end(), less);
    };
    std::vector<T> best;
    for (std::vector<T>& heap : perPartition<std::vector<T>>({}, keep)) {
      for (T& element : heap) keep(best, std::move(element));
    }
    std::sort_heap(best.begin(), best.end(), less);
    return best;
  }
  template <class Less = std::less<T>>
  std::vector<T> top(std::size_t limit, Less less = Less()) const {
    return takeOrdered(limit, [less](const T& a, const T& b) { return less(b, a); });
  }

  // f(T, T) -> T; nothing if there is no element.
  template <class F>
  std::optional<T> reduce(F f) const {
    const auto add = [&f](std::optional<T>& sum, T&& element) {
      sum = sum ? f(std::move(*sum), std::move(element)) : std::move(element);
    };
    std::optional<T> total;
    for (std::optional<T>& part : perPartition<std::optional<T>>({}, add)) {
      if (part) add(total, std::move(*part));
    }
    return total;
  }
  // f(T, T) -> T, starting each partition, and what is made of all, from `zero`.
  template <class F>
  T fold(T zero, F f) const {
    return aggregate(std::move(zero), f, f);
  }
  // Starts each partition from `zero`; seqOp: (A, T) -> A. Then combOp: (A, A) -> A, starting from `zero`.
  template <class A, class SeqOp, class CombOp>
  A aggregate(A zero, SeqOp seqOp, CombOp combOp) const {
    const auto add = [&seqOp](A& sum, T&& element) { sum = seqOp(std::move(sum), std::move(element)); };
    std::vector<A> parts = perPartition<A>(zero, add);
    for (A& part : parts) zero = combOp(std::move(zero), std::move(part));
    return zero;
  }

  // Runs f(const T&) for each element, on the worker threads.
  template <class F>
  void foreach (F f) const {
    perPartition<char>(0, [&f](char&, T&& element) { f(std::as_const(element)); });
  }

  // Runs f(std::vector<T>&&) once for each partition, on the worker threads.
  template <class F>
  void foreachPartition(F f) const {
    node_->makeReady();
    node_->runner().run(node_->partitions(), [&](std::size_t partition) {
      std::vector<T> part;
      node_->forEach(partition, [&](T&& element) { part.push_back(std::move(element)); });
      f(std::move(part));
    });
  }

  // Computes no more partitions than it takes to find an element.
  bool isEmpty() const {
    node_->makeReady();
    bool empty = true;
    for (std::size_t partition = 0; partition < node_->partitions() && empty; ++partition) {
      node_->runner().run(1, [&](std::size_t) { empty = node_->size(partition) == 0; });
    }
    return empty;
  }
  std::size_t getNumPartitions() const { return node_->partitions(); }
  // Which block and which sequence numbers each partition is computed from; nothing is computed.
  std::vector<Partition> getPartitions() const {
    std::vector<Partition> all;
    all.reserve(node_->partitions());
    for (std::size_t i = 0; i < node_->partitions(); ++i) all.push_back(node_->partition(i));
    return all;
  }

 private:
  friend class detail::RddAccess;

  // What distinct() combines: that a key is there.
  struct Present {};

  template <class U, class Step>
  RDD<U> narrow(Step step) const {
    return RDD<U>(std::make_shared<detail::NarrowNode<T, U, Step>>(node_, std::move(step)));
  }

  // Folds each partition into an A of its own, which starts as `zero`.
  template <class A, class Fold>
  std::vector<A> perPartition(const A& zero, Fold fold) const {
    node_->makeReady();
    std::vector<std::optional<A>> parts(node_->partitions());
    node_->runner().run(parts.size(), [&](std::size_t partition) {
      A part(zero);
      node_->forEach(partition, [&](T&& element) { fold(part, std::move(element)); });
      parts[partition].emplace(std::move(part));
    });
    std::vector<A> all;
    all.reserve(parts.size());
    for (std::optional<A>& part : parts) all.push_back(std::move(*part));
    return all;
  }

  std::shared_ptr<detail::RddNode<T>> node_;
};

}  // namespace tidemill
