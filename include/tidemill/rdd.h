// tidemill/rdd.h: the data of one batch, in partitions; computed when an action asks for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tidemill/function_ref.h"
#include "tidemill/partition.h"
#include "tidemill/task_runner.h"

namespace tidemill {

template <class T>
class RDD;

namespace detail {

// One step of a computation. Immutable but for prepare().
template <class T>
class RddNode {
 public:
  explicit RddNode(TaskRunner& runner) : runner_(runner) {}
  virtual ~RddNode() = default;

  TaskRunner& runner() const { return runner_; }
  virtual std::size_t partitions() const = 0;
  virtual Partition partition(std::size_t index) const { return {.index = index}; }
  // Runs what must be complete before any partition can be computed (the map side of a shuffle). Called by an
  // action, on its thread, before its tasks.
  virtual void prepare() {}
  // Gives each element of a partition to `emit`, in order. Called by tasks, several at a time.
  virtual void compute(std::size_t partition, FunctionRef<void(T&&)> emit) const = 0;
  // How many elements compute() would give. A step that knows without making them says so.
  virtual std::int64_t count(std::size_t partition) const {
    std::int64_t elements = 0;
    compute(partition, [&elements](T&&) { ++elements; });
    return elements;
  }

 private:
  TaskRunner& runner_;
};

template <class T>
class VectorNode final : public RddNode<T> {
 public:
  VectorNode(TaskRunner& runner, std::vector<T> elements)
      : RddNode<T>(runner), elements_(std::move(elements)) {}
  std::size_t partitions() const override { return 1; }
  void compute(std::size_t, FunctionRef<void(T&&)> emit) const override {
    for (const T& element : elements_) emit(T(element));
  }

 private:
  const std::vector<T> elements_;
};

// A step that needs nothing but its parent's same partition.
template <class T, class U, class Step>
class NarrowNode final : public RddNode<U> {
 public:
  NarrowNode(std::shared_ptr<RddNode<T>> parent, Step step)
      : RddNode<U>(parent->runner()), parent_(std::move(parent)), step_(std::move(step)) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  Partition partition(std::size_t index) const override { return parent_->partition(index); }
  void prepare() override { parent_->prepare(); }
  void compute(std::size_t partition, FunctionRef<void(U&&)> emit) const override {
    parent_->compute(partition, [&](T&& element) { step_(std::move(element), emit); });
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const Step step_;
};

// Combines values by key: first within each partition, then across them by the hash of the key. Its own
// partitions are few, however many the parent has: what lies between is one piece of memory for each
// partition of the parent.
template <class K, class V, class Combine>
class ReduceByKeyNode final : public RddNode<std::pair<K, V>> {
 public:
  ReduceByKeyNode(std::shared_ptr<RddNode<std::pair<K, V>>> parent, Combine combine)
      : RddNode<std::pair<K, V>>(parent->runner()),
        parent_(std::move(parent)),
        combine_(std::move(combine)) {}

  std::size_t partitions() const override {
    return std::clamp<std::size_t>(parent_->partitions(), 1, kPartitionsMax);
  }

  void prepare() override {
    if (prepared_) return;
    parent_->prepare();
    std::vector<Side> sides(parent_->partitions());
    this->runner().run(sides.size(), [&](std::size_t partition) {
      std::unordered_map<K, V> combined;
      parent_->compute(partition, [&](std::pair<K, V>&& element) { merge(combined, std::move(element)); });
      sides[partition] = sideOf(std::move(combined));
    });
    sides_ = std::move(sides);
    prepared_ = true;
  }

  void compute(std::size_t partition, FunctionRef<void(std::pair<K, V>&&)> emit) const override {
    std::unordered_map<K, V> merged;
    for (const Side& side : sides_) {
      const auto ours = std::equal_range(side.begin(), side.end(), partition, ByPartition());
      for (auto element = ours.first; element != ours.second; ++element) merge(merged, element->second);
    }
    // allow(determinism): the order within a partition of a shuffle is nobody's promise.
    for (const auto& element : merged) emit(std::pair<K, V>(element.first, element.second));
  }

 private:
  // More than the worker threads of any machine this runs on; beyond that, more pieces cost and gain nothing.
  static constexpr std::size_t kPartitionsMax = 32;

  // What one partition of the parent gives: each key once, behind the partition it belongs to, sorted by
  // that.
  using Side = std::vector<std::pair<std::size_t, std::pair<K, V>>>;

  struct ByPartition {
    bool operator()(const typename Side::value_type& element, std::size_t partition) const {
      return element.first < partition;
    }
    bool operator()(std::size_t partition, const typename Side::value_type& element) const {
      return partition < element.first;
    }
  };

  Side sideOf(std::unordered_map<K, V> combined) const {
    Side side;
    side.reserve(combined.size());
    const std::size_t count = partitions();
    while (!combined.empty()) {  // Taken out one by one, so that keys move, too.
      // allow(determinism): the order within a partition of a shuffle is nobody's promise.
      auto node = combined.extract(combined.begin());
      const std::size_t partition = std::hash<K>{}(node.key()) % count;
      side.emplace_back(partition, std::pair<K, V>(std::move(node.key()), std::move(node.mapped())));
    }
    std::sort(side.begin(), side.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return side;
  }

  template <class Element>
  void merge(std::unordered_map<K, V>& into, Element&& element) const {
    const auto found = into.find(element.first);
    if (found == into.end()) {
      into.emplace(std::forward<Element>(element));
    } else {
      found->second = combine_(found->second, element.second);
    }
  }

  const std::shared_ptr<RddNode<std::pair<K, V>>> parent_;
  const Combine combine_;
  std::vector<Side> sides_;
  bool prepared_ = false;
};

// The way from other headers into an RDD.
class RddAccess {
 public:
  template <class T>
  static const RddNode<T>& node(const RDD<T>& rdd) {
    return *rdd.node_;
  }
};

template <class T>
struct IsPair : std::false_type {};
template <class K, class V>
struct IsPair<std::pair<K, V>> : std::true_type {};

}  // namespace detail

// Valid inside the output operation that received it; KinesisBackedBlockRDD::of() gives one that can be kept.
// Copies are cheap and share the computation. Functions given to it run on worker threads, several at a time:
// they must not change shared state.
template <class T>
class RDD {
 public:
  explicit RDD(std::shared_ptr<detail::RddNode<T>> node) : node_(std::move(node)) {}

  // f: T -> U.
  template <class F>
  auto map(F f) const {
    using U = std::decay_t<std::invoke_result_t<const F&, T&&>>;
    return narrow<U>([f = std::move(f)](T&& element, const FunctionRef<void(U&&)>& emit) {
      emit(U(f(std::move(element))));
    });
  }

  // f: const T& -> U. An element for which f throws is left out, and onError(const T&) hears of it on the
  // worker thread, where std::current_exception() says what it was; each time that its partition is computed.
  // What onError throws is the task's failure, and so is std::bad_alloc.
  template <class F, class OnError>
  auto tryMap(F f, OnError onError) const {
    using U = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    return narrow<U>(
        [f = std::move(f), onError = std::move(onError)](T&& element, const FunctionRef<void(U&&)>& emit) {
          std::optional<U> made;
          try {
            made.emplace(f(std::as_const(element)));
          } catch (const std::bad_alloc&) {
            throw;  // The machine's trouble: no element is given up for it.
          } catch (...) {
            onError(std::as_const(element));
            return;
          }
          emit(std::move(*made));
        });
  }

  // f: T -> a container of U.
  template <class F>
  auto flatMap(F f) const {
    using Many = std::decay_t<std::invoke_result_t<const F&, T&&>>;
    using U = typename Many::value_type;
    return narrow<U>([f = std::move(f)](T&& element, const FunctionRef<void(U&&)>& emit) {
      Many many = f(std::move(element));
      for (auto& one : many) emit(std::move(one));
    });
  }

  // Keeps the elements for which f(const T&) is true.
  template <class F>
  RDD<T> filter(F f) const {
    return narrow<T>([f = std::move(f)](T&& element, const FunctionRef<void(T&&)>& emit) {
      if (f(std::as_const(element))) emit(std::move(element));
    });
  }

  // For elements that are pairs: combines the values of each key with f(V, V) -> V, which must not care for
  // order. Needs std::hash of the key. (Spark: PairRDDFunctions.reduceByKey)
  template <class F>
  RDD<T> reduceByKey(F f) const
    requires detail::IsPair<T>::value
  {
    using Node = detail::ReduceByKeyNode<typename T::first_type, typename T::second_type, F>;
    return RDD<T>(std::make_shared<Node>(node_, std::move(f)));
  }

  // Actions. Each computes the partitions on the worker threads and throws Error(kUserCodeFailed) if a
  // function given by the user keeps failing.

  // All elements, in the order of their partitions.
  std::vector<T> collect() const {
    std::vector<std::vector<T>> parts = perPartition<std::vector<T>>(
        [](std::vector<T>& part, T&& element) { part.push_back(std::move(element)); });
    std::vector<T> all;
    for (std::vector<T>& part : parts) {
      all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    }
    return all;
  }

  std::int64_t count() const {
    node_->prepare();
    std::vector<std::int64_t> parts(node_->partitions());
    node_->runner().run(parts.size(),
                        [&](std::size_t partition) { parts[partition] = node_->count(partition); });
    return std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  }

  // The first `limit` elements; computes all partitions.
  std::vector<T> take(std::size_t limit) const {
    std::vector<T> all = collect();
    if (all.size() > limit) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
    return all;
  }

  // f(T, T) -> T; nothing if there is no element.
  template <class F>
  std::optional<T> reduce(F f) const {
    const auto fold = [&f](std::optional<T>& sum, T&& element) {
      sum = sum ? f(std::move(*sum), std::move(element)) : std::move(element);
    };
    std::optional<T> total;
    for (std::optional<T>& part : perPartition<std::optional<T>>(fold)) {
      if (part) fold(total, std::move(*part));
    }
    return total;
  }

  // Runs f(const T&) for each element, on the worker threads.
  template <class F>
  void foreach (F f) const {
    perPartition<char>([&f](char&, T&& element) { f(std::as_const(element)); });
  }

  // Runs f(std::vector<T>&&) once for each partition, on the worker threads.
  template <class F>
  void foreachPartition(F f) const {
    node_->prepare();
    node_->runner().run(node_->partitions(), [&](std::size_t partition) {
      std::vector<T> part;
      node_->compute(partition, [&](T&& element) { part.push_back(std::move(element)); });
      f(std::move(part));
    });
  }

  bool isEmpty() const { return count() == 0; }
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

  template <class U, class Step>
  RDD<U> narrow(Step step) const {
    return RDD<U>(std::make_shared<detail::NarrowNode<T, U, Step>>(node_, std::move(step)));
  }

  // Folds each partition into an A of its own, which starts as A{}.
  template <class A, class Fold>
  std::vector<A> perPartition(Fold fold) const {
    node_->prepare();
    std::vector<A> parts(node_->partitions());
    node_->runner().run(parts.size(), [&](std::size_t partition) {
      A part{};
      node_->compute(partition, [&](T&& element) { fold(part, std::move(element)); });
      parts[partition] = std::move(part);
    });
    return parts;
  }

  std::shared_ptr<detail::RddNode<T>> node_;
};

}  // namespace tidemill
