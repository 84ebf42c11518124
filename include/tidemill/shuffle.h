// tidemill/shuffle.h: brings elements that belong together into one partition.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tidemill/flat_map.h"
#include "tidemill/hash.h"
#include "tidemill/rdd_node.h"

namespace tidemill::detail {

// Of a shuffle that was not told how many: more than the worker threads of most machines; beyond that, more
// pieces cost and gain nothing.
inline constexpr std::size_t kShufflePartitionsDefaultMax = 32;

// The most that may be asked for.
inline constexpr std::size_t kShufflePartitionsMax = 65'536;

// `wanted`, or for 0: as many as a parent is divided into by key already, else as the parents have, up to
// kShufflePartitionsDefaultMax. Throws what checkPartitions() does.
std::size_t shufflePartitions(std::size_t wanted, std::size_t parentPartitions, std::size_t parentByKey);

// Throws Error(kUsage) above 65,536.
void checkPartitions(std::size_t wanted);

[[noreturn]] void throwNotFilled();
[[noreturn]] void throwTooMany();

// What lies between the two sides of a shuffle: for each partition of the parent its elements, those for one
// target behind those for the target before, so that either side reads and writes memory in order. Filled
// once, by tasks; then read by others, in the same order each time.
template <class E>
class Exchange {
 public:
  explicit Exchange(std::size_t targets) : targets_(targets) {}

  std::size_t targets() const { return targets_; }
  bool filled() const { return filled_; }

  // give(source, targets) returns the elements of a source, and puts the target of each into `targets`; it
  // runs in tasks.
  template <class Give>
  void fill(TaskRunner& runner, std::size_t sources, Give give) {
    std::vector<Side> sides(sources);
    runner.run(sources, [&](std::size_t source) {
      std::vector<std::uint32_t> targets;
      std::vector<E> elements = give(source, targets);
      sides[source] = sideOf(elements, targets);
    });
    sides_ = std::move(sides);
    filled_ = true;
  }

  // The most elements that one source has for a target.
  std::size_t mostOfOneSource(std::size_t target) const {
    std::size_t most = 0;
    for (const Side& side : sides_) {
      if (side.elements.empty()) continue;
      most = std::max<std::size_t>(most, side.begins[target + 1] - side.begins[target]);
    }
    return most;
  }

  // f(const E&) for each element of a target: source by source, each in the order of its elements.
  template <class F>
  void forEach(std::size_t target, F f) const {
    if (!filled_) throwNotFilled();
    for (const Side& side : sides_) {
      if (side.elements.empty()) continue;
      for (std::size_t i = side.begins[target]; i < side.begins[target + 1]; ++i) f(side.elements[i]);
    }
  }

 private:
  struct Side {
    std::vector<E> elements;
    // Where each target begins in `elements`, and the end. Empty without elements.
    std::vector<std::uint32_t> begins;
  };

  // Moves the elements away.
  Side sideOf(std::vector<E>& elements, const std::vector<std::uint32_t>& targets) const {
    if (elements.empty()) return {};
    if (elements.size() > kElementsMax) throwTooMany();
    Side side;
    side.begins.assign(targets_ + 1, 0);
    for (const std::uint32_t target : targets) ++side.begins[target + 1];
    for (std::size_t i = 1; i <= targets_; ++i) side.begins[i] += side.begins[i - 1];
    std::vector<std::uint32_t> next(side.begins.begin(), side.begins.end() - 1);
    std::vector<std::uint32_t> order(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      order[next[targets[i]]++] = static_cast<std::uint32_t>(i);
    }
    side.elements.reserve(elements.size());
    for (const std::uint32_t place : order) side.elements.push_back(std::move(elements[place]));
    return side;
  }

  // Of one source.
  static constexpr std::size_t kElementsMax = 0xffffffff;

  const std::size_t targets_;
  std::vector<Side> sides_;
  bool filled_ = false;
};

// Combines the values of each key: first within each partition of the parent, then across them by the hash of
// the key. Where the parent is divided in the same way already, nothing has to move.
// Combiner: C create(V&&); void addValue(C&, V&&); void addCombined(C&, const C&), which may be given in any
// order of the parent's partitions but is given in ascending order.
template <class K, class V, class C, class Combiner>
class CombineByKeyNode final : public RddNode<std::pair<K, C>> {
 public:
  using Parent = RddNode<std::pair<K, V>>;

  CombineByKeyNode(std::shared_ptr<Parent> parent, Combiner combiner, std::size_t partitionsWanted)
      : RddNode<std::pair<K, C>>(parent->runner()),
        parent_(std::move(parent)),
        combiner_(std::move(combiner)),
        exchange_(shufflePartitions(partitionsWanted, parent_->partitions(), parent_->partitionsByKey())),
        narrow_(parent_->partitionsByKey() == exchange_.targets()) {}

  std::size_t partitions() const override { return exchange_.targets(); }
  std::size_t partitionsByKey() const override { return exchange_.targets(); }

  void prepare() override {
    if (exchange_.filled()) return;
    parent_->makeReady();
    if (narrow_) return;
    exchange_.fill(
        parent_->runner(), parent_->partitions(),
        [this](std::size_t source, std::vector<std::uint32_t>& targets) {
          Table combined = combinedOf(source);
          targets.reserve(combined.size());
          for (const Entry& entry : combined.entries()) {
            targets.push_back(static_cast<std::uint32_t>(partitionOfHash(entry.hash, partitions())));
          }
          return std::move(combined.entries());
        });
  }

  void compute(std::size_t partition, Emit<std::pair<K, C>>& emit) const override {
    Table merged = narrow_ ? combinedOf(partition) : mergedOf(partition);
    for (Entry& entry : merged.entries()) {
      emit(std::pair<K, C>(std::move(entry.key), std::move(entry.value)));
    }
  }

 private:
  using Table = FlatMap<K, C>;
  using Entry = typename Table::Entry;

  Table combinedOf(std::size_t source) const {
    Table table;
    table.reserve(combinedExpected_.load(std::memory_order_relaxed));
    const Hash<K> hasher;
    parent_->forEach(source, [&](std::pair<K, V>&& element) {
      const std::uint64_t hash = hasher(element.first);
      if (C* found = table.find(hash, element.first)) {
        combiner_.addValue(*found, std::move(element.second));
      } else {
        table.add(hash, std::move(element.first), combiner_.create(std::move(element.second)));
      }
    });
    combinedExpected_.store(table.size(), std::memory_order_relaxed);
    return table;
  }

  Table mergedOf(std::size_t partition) const {
    Table table;
    table.reserve(
        std::max(exchange_.mostOfOneSource(partition), mergedExpected_.load(std::memory_order_relaxed)));
    exchange_.forEach(partition, [&](const Entry& entry) {
      if (C* found = table.find(entry.hash, entry.key)) {
        combiner_.addCombined(*found, entry.value);
      } else {
        table.add(entry.hash, K(entry.key), C(entry.value));
      }
    });
    mergedExpected_.store(table.size(), std::memory_order_relaxed);
    return table;
  }

  const std::shared_ptr<Parent> parent_;
  const Combiner combiner_;
  Exchange<Entry> exchange_;
  const bool narrow_;
  // Keys of the partition that was computed last: the next one will have about as many, and its table room
  // for them from the start.
  mutable std::atomic<std::size_t> combinedExpected_{0};
  mutable std::atomic<std::size_t> mergedExpected_{0};
};

// All values of each key, in the order of the parent's partitions.
template <class V>
struct GroupCombiner {
  std::vector<V> create(V&& value) const {
    std::vector<V> values;
    values.push_back(std::move(value));
    return values;
  }
  void addValue(std::vector<V>& into, V&& value) const { into.push_back(std::move(value)); }
  void addCombined(std::vector<V>& into, const std::vector<V>& values) const {
    into.insert(into.end(), values.begin(), values.end());
  }
};

template <class K, class V>
using GroupByKeyNode = CombineByKeyNode<K, V, std::vector<V>, GroupCombiner<V>>;

// Of each key that any parent has, what both have under it. Both are divided by key in the same way.
template <class K, class V, class W>
class CoGroupNode final : public RddNode<std::pair<K, std::pair<std::vector<V>, std::vector<W>>>> {
 public:
  using Groups = std::pair<std::vector<V>, std::vector<W>>;
  using Left = RddNode<std::pair<K, std::vector<V>>>;
  using Right = RddNode<std::pair<K, std::vector<W>>>;

  CoGroupNode(std::shared_ptr<Left> left, std::shared_ptr<Right> right)
      : RddNode<std::pair<K, Groups>>(left->runner()), left_(std::move(left)), right_(std::move(right)) {}

  std::size_t partitions() const override { return left_->partitions(); }
  std::size_t partitionsByKey() const override { return left_->partitionsByKey(); }
  void prepare() override {
    left_->makeReady();
    right_->makeReady();
  }
  void compute(std::size_t partition, Emit<std::pair<K, Groups>>& emit) const override {
    FlatMap<K, Groups> table;
    const Hash<K> hasher;
    left_->forEach(partition, [&](std::pair<K, std::vector<V>>&& element) {
      const std::uint64_t hash = hasher(element.first);
      table.add(hash, std::move(element.first), Groups(std::move(element.second), {}));
    });
    right_->forEach(partition, [&](std::pair<K, std::vector<W>>&& element) {
      const std::uint64_t hash = hasher(element.first);
      if (Groups* found = table.find(hash, element.first)) {
        found->second = std::move(element.second);
      } else {
        table.add(hash, std::move(element.first), Groups({}, std::move(element.second)));
      }
    });
    for (auto& entry : table.entries()) {
      emit(std::pair<K, Groups>(std::move(entry.key), std::move(entry.value)));
    }
  }

 private:
  const std::shared_ptr<Left> left_;
  const std::shared_ptr<Right> right_;
};

// Moves each element to the partition that `target` says: std::size_t(std::size_t source, std::size_t index,
// const T&, std::size_t targets).
template <class T, class Target>
class RepartitionNode final : public RddNode<T> {
 public:
  // `byKey`: target is the partition of the key's hash.
  RepartitionNode(std::shared_ptr<RddNode<T>> parent, std::size_t partitions, Target target, bool byKey)
      : RddNode<T>(parent->runner()),
        parent_(std::move(parent)),
        target_(std::move(target)),
        exchange_(partitions),
        byKey_(byKey) {}

  std::size_t partitions() const override { return exchange_.targets(); }
  std::size_t partitionsByKey() const override { return byKey_ ? exchange_.targets() : 0; }
  void prepare() override {
    if (exchange_.filled()) return;
    parent_->makeReady();
    exchange_.fill(parent_->runner(), parent_->partitions(),
                   [this](std::size_t source, std::vector<std::uint32_t>& targets) {
                     std::vector<T> elements;
                     parent_->forEach(source, [&](T&& element) {
                       targets.push_back(static_cast<std::uint32_t>(
                           target_(source, elements.size(), std::as_const(element), exchange_.targets())));
                       elements.push_back(std::move(element));
                     });
                     return elements;
                   });
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    exchange_.forEach(partition, [&](const T& element) { emit(T(element)); });
  }

 private:
  const std::shared_ptr<RddNode<T>> parent_;
  const Target target_;
  Exchange<T> exchange_;
  const bool byKey_;
};

// Evenly, whatever the elements are.
struct InTurn {
  template <class T>
  std::size_t operator()(std::size_t source, std::size_t index, const T&, std::size_t targets) const {
    return (source + index) % targets;
  }
};

struct ByHashOfKey {
  template <class K, class V>
  std::size_t operator()(std::size_t, std::size_t, const std::pair<K, V>& element,
                         std::size_t targets) const {
    return partitionOfHash(Hash<K>{}(element.first), targets);
  }
};

}  // namespace tidemill::detail
