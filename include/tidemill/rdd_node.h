// tidemill/rdd_node.h: the steps that an RDD is computed by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "tidemill/emit.h"
#include "tidemill/kept_partitions.h"
#include "tidemill/partition.h"
#include "tidemill/task_runner.h"

namespace tidemill::detail {

// What an action that needs an element fails with where there is none: Error(kUsage).
[[noreturn]] void throwEmpty(const char* action);

// One step of a computation. Immutable but for what the job thread does between actions: prepare(), keepIn().
template <class T>
class RddNode {
 public:
  explicit RddNode(TaskRunner& runner) : runner_(runner) {}
  virtual ~RddNode() = default;
  RddNode(const RddNode&) = delete;
  RddNode& operator=(const RddNode&) = delete;

  TaskRunner& runner() const { return runner_; }
  virtual std::size_t partitions() const = 0;
  virtual Partition partition(std::size_t index) const { return {.index = index}; }
  // Not 0: elements are pairs, and each lies in partition partitionOfHash(hash of its key, this) of as many.
  virtual std::size_t partitionsByKey() const { return 0; }
  // Runs what must be complete before any partition can be computed (the map side of a shuffle). Called by an
  // action, on its thread, before its tasks.
  virtual void prepare() {}
  // Gives each element of a partition to `emit`, in order. Called by tasks, several at a time.
  virtual void compute(std::size_t partition, Emit<T>& emit) const = 0;
  // How many elements compute() would give. A step that knows without making them says so.
  virtual std::int64_t count(std::size_t partition) const {
    std::int64_t elements = 0;
    const auto take = [&elements](Chunk<T> chunk) { elements += static_cast<std::int64_t>(chunk.size()); };
    Emit<T> emit(take);
    compute(partition, emit);
    emit.flush();
    return elements;
  }

  // What others call: the functions above, or the elements from where they are kept.
  void makeReady() {
    const bool whole = kept_ != nullptr && kept_->isWhole();
    if (!whole) prepare();
    if (kept_ != nullptr) kept_->setComputable(!whole);
  }
  // Instead of makeReady(), by whoever has prepared those partitions that will be asked for.
  void madeReady() {
    if (kept_ != nullptr) kept_->setComputable(true);
  }
  void give(std::size_t partition, Emit<T>& emit) const {
    if (kept_ == nullptr) return compute(partition, emit);
    kept_->give(partition, emit, [this, partition](Emit<T>& gather) { compute(partition, gather); });
  }
  std::int64_t size(std::size_t partition) const {
    if (kept_ == nullptr) return count(partition);
    const std::int64_t known = kept_->count(partition);
    if (known >= 0) return known;
    std::int64_t elements = 0;
    forEach(partition, [&elements](T&&) { ++elements; });
    return elements;
  }

  // From now on partitions that are computed are kept there; null: no more, and those that were are dropped.
  // While no task runs.
  void keepIn(std::shared_ptr<KeptPartitions<T>> kept) { kept_ = std::move(kept); }
  const std::shared_ptr<KeptPartitions<T>>& kept() const { return kept_; }

  // give(), with f(T&&) for each element.
  template <class F>
  void forEach(std::size_t partition, F f) const {
    forEachChunk(partition,
                 [&f](Chunk<T> chunk) { chunk.forEach([&f](T& element) { f(std::move(element)); }); });
  }
  // The same with f(Chunk<T>), for many elements at once.
  template <class F>
  void forEachChunk(std::size_t partition, F f) const {
    Emit<T> emit(f);
    give(partition, emit);
    emit.flush();
  }

 private:
  TaskRunner& runner_;
  std::shared_ptr<KeptPartitions<T>> kept_;
};

// Elements that are there.
template <class T>
class VectorNode final : public RddNode<T> {
 public:
  VectorNode(TaskRunner& runner, std::vector<T> elements) : RddNode<T>(runner) {
    parts_.push_back(std::move(elements));
  }
  VectorNode(TaskRunner& runner, std::vector<std::vector<T>> parts)
      : RddNode<T>(runner), parts_(std::move(parts)) {}
  std::size_t partitions() const override { return parts_.size(); }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    for (const T& element : parts_[partition]) emit(T(element));
  }
  std::int64_t count(std::size_t partition) const override {
    return static_cast<std::int64_t>(parts_[partition].size());
  }

 private:
  std::vector<std::vector<T>> parts_;
};

// A step that needs nothing but its parent's same partition. Step: void(T&&, Emit<U>&).
template <class T, class U, class Step>
class NarrowNode final : public RddNode<U> {
 public:
  // `keepsKeys`: elements are pairs before and behind the step, with the same keys.
  NarrowNode(std::shared_ptr<RddNode<T>> parent, Step step, bool keepsKeys = false)
      : RddNode<U>(parent->runner()),
        parent_(std::move(parent)),
        step_(std::move(step)),
        keepsKeys_(keepsKeys) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  Partition partition(std::size_t index) const override { return parent_->partition(index); }
  std::size_t partitionsByKey() const override { return keepsKeys_ ? parent_->partitionsByKey() : 0; }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, Emit<U>& emit) const override {
    parent_->forEach(partition, [&](T&& element) { step_(std::move(element), emit); });
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const Step step_;
  const bool keepsKeys_;
};

// f(const T&) of the parent's elements; those for which it throws are given to onError, and counted.
template <class T, class U, class F, class OnError>
class TryMapNode final : public RddNode<U> {
 public:
  TryMapNode(std::shared_ptr<RddNode<T>> parent, F f, OnError onError)
      : RddNode<U>(parent->runner()),
        parent_(std::move(parent)),
        f_(std::move(f)),
        onError_(std::move(onError)) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  Partition partition(std::size_t index) const override { return parent_->partition(index); }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, Emit<U>& emit) const override {
    std::int64_t leftOut = 0;
    parent_->forEach(partition, [&](T&& element) {
      emit.makeRoom();  // What it throws comes from those behind.
      try {
        emit.add([&]() -> decltype(auto) { return f_(std::as_const(element)); });
      } catch (const std::bad_alloc&) {
        throw;  // The machine's trouble: no element is given up for it.
      } catch (...) {
        onError_(std::as_const(element));
        ++leftOut;
      }
    });
    this->runner().leftOut(step_, partition, leftOut);
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const F f_;
  const OnError onError_;
  // Unlike all others for as long as somebody holds it.
  const std::shared_ptr<const void> step_ = std::make_shared<char>();
};

// The parent's elements for which wanted(const T&) is true.
template <class T, class Wanted>
class FilterNode final : public RddNode<T> {
 public:
  FilterNode(std::shared_ptr<RddNode<T>> parent, Wanted wanted)
      : RddNode<T>(parent->runner()), parent_(std::move(parent)), wanted_(std::move(wanted)) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  Partition partition(std::size_t index) const override { return parent_->partition(index); }
  std::size_t partitionsByKey() const override { return parent_->partitionsByKey(); }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    ChunkPlaces places;
    parent_->forEachChunk(partition, [&](Chunk<T> chunk) { emit.pass(chunk.only(wanted_, places)); });
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const Wanted wanted_;
};

// A step over whole partitions of its parent, which lie in memory meanwhile.
// Step: void(std::size_t partition, std::vector<T>&&, Emit<U>&).
template <class T, class U, class Step>
class PartitionNode final : public RddNode<U> {
 public:
  PartitionNode(std::shared_ptr<RddNode<T>> parent, Step step, bool keepsKeys)
      : RddNode<U>(parent->runner()),
        parent_(std::move(parent)),
        step_(std::move(step)),
        keepsKeys_(keepsKeys) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  Partition partition(std::size_t index) const override { return parent_->partition(index); }
  std::size_t partitionsByKey() const override { return keepsKeys_ ? parent_->partitionsByKey() : 0; }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, Emit<U>& emit) const override {
    std::vector<T> elements;
    parent_->forEach(partition, [&](T&& element) { elements.push_back(std::move(element)); });
    step_(partition, std::move(elements), emit);
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const Step step_;
  const bool keepsKeys_;
};

// The elements of all parents, partition behind partition; or, where all are divided by key in the same way,
// their partitions side by side, so that they stay divided. (Spark: UnionRDD, PartitionerAwareUnionRDD)
template <class T>
class UnionNode final : public RddNode<T> {
 public:
  UnionNode(TaskRunner& runner, std::vector<std::shared_ptr<RddNode<T>>> parents)
      : RddNode<T>(runner), parents_(std::move(parents)) {
    byKey_ = parents_.empty() ? 0 : parents_.front()->partitionsByKey();
    for (const auto& parent : parents_) {
      if (parent->partitionsByKey() != byKey_) byKey_ = 0;
    }
    if (byKey_ != 0) return;
    for (std::size_t i = 0; i < parents_.size(); ++i) {
      for (std::size_t p = 0; p < parents_[i]->partitions(); ++p) places_.emplace_back(i, p);
    }
  }
  std::size_t partitions() const override { return byKey_ != 0 ? byKey_ : places_.size(); }
  Partition partition(std::size_t index) const override {
    if (byKey_ != 0) return {.index = index};
    Partition one = parents_[places_[index].first]->partition(places_[index].second);
    one.index = index;
    return one;
  }
  std::size_t partitionsByKey() const override { return byKey_; }
  void prepare() override {
    for (const auto& parent : parents_) parent->makeReady();
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    if (byKey_ == 0) return parents_[places_[partition].first]->give(places_[partition].second, emit);
    for (const auto& parent : parents_) parent->give(partition, emit);
  }
  std::int64_t count(std::size_t partition) const override {
    if (byKey_ == 0) return parents_[places_[partition].first]->size(places_[partition].second);
    std::int64_t elements = 0;
    for (const auto& parent : parents_) elements += parent->size(partition);
    return elements;
  }

 private:
  const std::vector<std::shared_ptr<RddNode<T>>> parents_;
  std::size_t byKey_ = 0;
  // Which partition of which parent each one is.
  std::vector<std::pair<std::size_t, std::size_t>> places_;
};

// Fewer partitions: each is a run of neighbours of the parent's.
template <class T>
class CoalesceNode final : public RddNode<T> {
 public:
  // `partitions`: from 1 to the parent's.
  CoalesceNode(std::shared_ptr<RddNode<T>> parent, std::size_t partitions)
      : RddNode<T>(parent->runner()), parent_(std::move(parent)), partitions_(partitions) {}
  std::size_t partitions() const override { return partitions_; }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    for (std::size_t p = begin(partition); p < begin(partition + 1); ++p) parent_->give(p, emit);
  }
  std::int64_t count(std::size_t partition) const override {
    std::int64_t elements = 0;
    for (std::size_t p = begin(partition); p < begin(partition + 1); ++p) elements += parent_->size(p);
    return elements;
  }

 private:
  std::size_t begin(std::size_t partition) const { return partition * parent_->partitions() / partitions_; }

  const std::shared_ptr<RddNode<T>> parent_;
  const std::size_t partitions_;
};

}  // namespace tidemill::detail
