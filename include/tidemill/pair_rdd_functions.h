// tidemill/pair_rdd_functions.h: what an RDD of pairs can do more than others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tidemill/shuffle.h"

namespace tidemill {

template <class T>
class RDD;

namespace detail {

// The way from other headers into an RDD.
class RddAccess {
 public:
  template <class T>
  static const RddNode<T>& node(const RDD<T>& rdd) {
    return *rdd.node_;
  }
  template <class T>
  static const std::shared_ptr<RddNode<T>>& shared(const RDD<T>& rdd) {
    return rdd.node_;
  }
};

template <class T>
struct IsPair : std::false_type {};
template <class K, class V>
struct IsPair<std::pair<K, V>> : std::true_type {};

// The user's functions as a Combiner. MergeValue: C(C, V); MergeCombiners: C(C, C).
template <class Create, class MergeValue, class MergeCombiners>
struct FunctionCombiner {
  Create createCombiner;
  MergeValue mergeValue;
  MergeCombiners mergeCombiners;

  template <class V>
  auto create(V&& value) const {
    return createCombiner(std::forward<V>(value));
  }
  template <class C, class V>
  void addValue(C& into, V&& value) const {
    into = mergeValue(std::move(into), std::forward<V>(value));
  }
  template <class C>
  void addCombined(C& into, const C& combined) const {
    into = mergeCombiners(std::move(into), C(combined));
  }
};

}  // namespace detail

// Nothing for elements that are no pairs.
template <class T>
class PairRDDFunctions {};

// Keys need == and a Hash. Functions that bring keys together take `numPartitions`, how many partitions the
// result has, 1 to 65,536; 0: as many as the parent, up to 32, or as it is divided by key already, and then
// nothing moves. Which key lies in which partition and in which order is the same in every run. All values
// of a key that are grouped lie in memory together. (Spark: PairRDDFunctions)
template <class K, class V>
class PairRDDFunctions<std::pair<K, V>> {
 public:
  // f: V -> U. Keys and partitions stay.
  template <class F>
  auto mapValues(F f) const {
    using U = std::decay_t<std::invoke_result_t<const F&, V&&>>;
    return keepingKeys<U>([f = std::move(f)](std::pair<K, V>&& element, detail::Emit<std::pair<K, U>>& emit) {
      U made = f(std::move(element.second));
      emit(std::pair<K, U>(std::move(element.first), std::move(made)));
    });
  }

  // f: V -> a container of U. Keys and partitions stay.
  template <class F>
  auto flatMapValues(F f) const {
    using Many = std::decay_t<std::invoke_result_t<const F&, V&&>>;
    using U = typename Many::value_type;
    return keepingKeys<U>([f = std::move(f)](std::pair<K, V>&& element, detail::Emit<std::pair<K, U>>& emit) {
      Many many = f(std::move(element.second));
      for (auto&& one : many) emit(std::pair<K, U>(K(element.first), U(std::move(one))));
    });
  }

  RDD<K> keys() const {
    return self().map([](std::pair<K, V>&& element) { return std::move(element.first); });
  }
  RDD<V> values() const {
    return self().map([](std::pair<K, V>&& element) { return std::move(element.second); });
  }

  // The general one. createCombiner: V -> C makes a C of the first value of a key in a partition;
  // mergeValue: (C, V) -> C adds another one; mergeCombiners: (C, C) -> C adds those of other partitions.
  template <class Create, class MergeValue, class MergeCombiners>
  auto combineByKey(Create createCombiner, MergeValue mergeValue, MergeCombiners mergeCombiners,
                    std::size_t numPartitions = 0) const {
    using C = std::decay_t<std::invoke_result_t<const Create&, V&&>>;
    using Combiner = detail::FunctionCombiner<Create, MergeValue, MergeCombiners>;
    using Node = detail::CombineByKeyNode<K, V, C, Combiner>;
    return RDD<std::pair<K, C>>(std::make_shared<Node>(
        node(), Combiner{std::move(createCombiner), std::move(mergeValue), std::move(mergeCombiners)},
        numPartitions));
  }

  // Combines the values of each key with f(V, V) -> V, which must not care for order.
  template <class F>
  RDD<std::pair<K, V>> reduceByKey(F f, std::size_t numPartitions = 0) const {
    return combineByKey([](V&& value) { return std::move(value); }, f, f, numPartitions);
  }

  // Starts each key of each partition from `zero`; seqOp: (C, V) -> C, combOp: (C, C) -> C.
  template <class C, class SeqOp, class CombOp>
  RDD<std::pair<K, C>> aggregateByKey(C zero, SeqOp seqOp, CombOp combOp,
                                      std::size_t numPartitions = 0) const {
    return combineByKey(
        [zero = std::move(zero), seqOp](V&& value) -> C { return seqOp(C(zero), std::move(value)); }, seqOp,
        std::move(combOp), numPartitions);
  }

  // f(V, V) -> V, starting each key of each partition from `zero`.
  template <class F>
  RDD<std::pair<K, V>> foldByKey(V zero, F f, std::size_t numPartitions = 0) const {
    return aggregateByKey(std::move(zero), f, f, numPartitions);
  }

  // All values of each key, in the order of the partitions.
  RDD<std::pair<K, std::vector<V>>> groupByKey(std::size_t numPartitions = 0) const {
    return RDD<std::pair<K, std::vector<V>>>(grouped(numPartitions));
  }

  // Divided by key; nothing is combined.
  RDD<std::pair<K, V>> partitionBy(std::size_t numPartitions) const {
    const std::size_t partitions = detail::shufflePartitions(numPartitions, node()->partitions(), 0);
    if (node()->partitionsByKey() == partitions) return self();
    using Node = detail::RepartitionNode<std::pair<K, V>, detail::ByHashOfKey>;
    return RDD<std::pair<K, V>>(
        std::make_shared<Node>(node(), partitions, detail::ByHashOfKey{}, /*byKey=*/true));
  }

  // Of each key of either: its values here, its values there.
  template <class W>
  RDD<std::pair<K, std::pair<std::vector<V>, std::vector<W>>>> cogroup(const RDD<std::pair<K, W>>& other,
                                                                       std::size_t numPartitions = 0) const {
    const auto& right = detail::RddAccess::shared(other);
    const std::size_t partitions =
        detail::shufflePartitions(numPartitions, std::max(node()->partitions(), right->partitions()),
                                  std::max(node()->partitionsByKey(), right->partitionsByKey()));
    return RDD<std::pair<K, std::pair<std::vector<V>, std::vector<W>>>>(
        std::make_shared<detail::CoGroupNode<K, V, W>>(grouped(partitions), other.grouped(partitions)));
  }

  // Each value here with each value there, of keys that both have.
  template <class W>
  RDD<std::pair<K, std::pair<V, W>>> join(const RDD<std::pair<K, W>>& other,
                                          std::size_t numPartitions = 0) const {
    return joined<V, W>(other, numPartitions, [](const auto& groups, const auto& emit) {
      for (const V& left : groups.first) {
        for (const W& right : groups.second) emit(left, right);
      }
    });
  }

  // As join(); a key that is here only comes with nothing from there.
  template <class W>
  RDD<std::pair<K, std::pair<V, std::optional<W>>>> leftOuterJoin(const RDD<std::pair<K, W>>& other,
                                                                  std::size_t numPartitions = 0) const {
    return joined<V, std::optional<W>>(other, numPartitions, [](const auto& groups, const auto& emit) {
      for (const V& left : groups.first) {
        for (const W& right : groups.second) emit(left, right);
        if (groups.second.empty()) emit(left, std::nullopt);
      }
    });
  }

  // As join(); a key that is there only comes with nothing from here.
  template <class W>
  RDD<std::pair<K, std::pair<std::optional<V>, W>>> rightOuterJoin(const RDD<std::pair<K, W>>& other,
                                                                   std::size_t numPartitions = 0) const {
    return joined<std::optional<V>, W>(other, numPartitions, [](const auto& groups, const auto& emit) {
      for (const W& right : groups.second) {
        for (const V& left : groups.first) emit(left, right);
        if (groups.first.empty()) emit(std::nullopt, right);
      }
    });
  }

  // As join(); every key of either comes.
  template <class W>
  RDD<std::pair<K, std::pair<std::optional<V>, std::optional<W>>>> fullOuterJoin(
      const RDD<std::pair<K, W>>& other, std::size_t numPartitions = 0) const {
    return joined<std::optional<V>, std::optional<W>>(other, numPartitions,
                                                      [](const auto& groups, const auto& emit) {
                                                        for (const V& left : groups.first) {
                                                          for (const W& right : groups.second)
                                                            emit(left, right);
                                                          if (groups.second.empty()) emit(left, std::nullopt);
                                                        }
                                                        if (!groups.first.empty()) return;
                                                        for (const W& right : groups.second)
                                                          emit(std::nullopt, right);
                                                      });
  }

  // The pairs whose key the other one does not have.
  template <class W>
  RDD<std::pair<K, V>> subtractByKey(const RDD<std::pair<K, W>>& other, std::size_t numPartitions = 0) const {
    return cogroup(other, numPartitions)
        .flatMapValues([](std::pair<std::vector<V>, std::vector<W>>&& groups) {
          return groups.second.empty() ? std::move(groups.first) : std::vector<V>();
        });
  }

  // Actions; see RDD.

  // The values of one key. Computes one partition where it is known in which one the key lies, else all.
  std::vector<V> lookup(const K& key) const {
    const std::size_t byKey = node()->partitionsByKey();
    const auto valuesIn = [&](std::size_t partition, std::vector<V>& values) {
      values.clear();
      node()->forEach(partition, [&](std::pair<K, V>&& element) {
        if (element.first == key) values.push_back(std::move(element.second));
      });
    };
    node()->makeReady();
    std::vector<std::vector<V>> found(byKey != 0 ? 1 : node()->partitions());
    const std::size_t first = byKey != 0 ? detail::partitionOfHash(Hash<K>{}(key), byKey) : 0;
    node()->runner().run(found.size(), [&](std::size_t task) { valuesIn(first + task, found[task]); });
    std::vector<V> all;
    for (std::vector<V>& values : found) {
      all.insert(all.end(), std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
    }
    return all;
  }

  // Of several values of a key the last one stays.
  std::unordered_map<K, V, Hash<K>> collectAsMap() const {
    std::unordered_map<K, V, Hash<K>> map;
    for (auto& [key, value] : self().collect()) map.insert_or_assign(std::move(key), std::move(value));
    return map;
  }

  // How often each key occurs.
  std::unordered_map<K, std::int64_t, Hash<K>> countByKey() const { return keys().countByValue(); }

 private:
  template <class>
  friend class PairRDDFunctions;

  using Grouped = detail::RddNode<std::pair<K, std::vector<V>>>;

  const RDD<std::pair<K, V>>& self() const { return static_cast<const RDD<std::pair<K, V>>&>(*this); }
  const std::shared_ptr<detail::RddNode<std::pair<K, V>>>& node() const {
    return detail::RddAccess::shared(self());
  }

  std::shared_ptr<Grouped> grouped(std::size_t partitions) const {
    return std::make_shared<detail::GroupByKeyNode<K, V>>(node(), detail::GroupCombiner<V>{}, partitions);
  }

  template <class U, class Step>
  RDD<std::pair<K, U>> keepingKeys(Step step) const {
    using Node = detail::NarrowNode<std::pair<K, V>, std::pair<K, U>, Step>;
    return RDD<std::pair<K, U>>(std::make_shared<Node>(node(), std::move(step), /*keepsKeys=*/true));
  }

  // pairs(groups, emit) calls emit(left, right) for what becomes of the values of one key.
  template <class Left, class Right, class W, class Pairs>
  RDD<std::pair<K, std::pair<Left, Right>>> joined(const RDD<std::pair<K, W>>& other,
                                                   std::size_t numPartitions, Pairs pairs) const {
    return cogroup(other, numPartitions)
        .template keepingKeys<std::pair<Left, Right>>(
            [pairs](auto&& element, detail::Emit<std::pair<K, std::pair<Left, Right>>>& emit) {
              pairs(element.second, [&](const auto& left, const auto& right) {
                emit({K(element.first), std::pair<Left, Right>(left, right)});
              });
            });
  }
};

}  // namespace tidemill
