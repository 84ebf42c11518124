// tidemill/pair_dstream_functions.h: what a stream of pairs can do more than others.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/stateful_stream.h"
#include "tidemill/windowed_stream.h"

namespace tidemill {

// Nothing for elements that are no pairs.
template <class T>
class PairDStreamFunctions {};

// Keys need == and a Hash. `numPartitions` is as in PairRDDFunctions, up to 65,536. Windows and slides are
// multiples of the slide of this stream, which for inputs is the batch interval. Else Error(kUsage) is
// thrown. (Spark: PairDStreamFunctions)
template <class K, class V>
class PairDStreamFunctions<std::pair<K, V>> {
 public:
  // Each batch by itself: the functions of RDD with the same names.

  template <class F>
  auto mapValues(F f) const {
    return derive("mapValues", [f = std::move(f)](const auto& rdd) { return rdd.mapValues(f); });
  }
  template <class F>
  auto flatMapValues(F f) const {
    return derive("flatMapValues", [f = std::move(f)](const auto& rdd) { return rdd.flatMapValues(f); });
  }
  // Combines the values of each key within each batch, f(V, V) -> V.
  template <class F>
  DStream<std::pair<K, V>> reduceByKey(F f, std::size_t numPartitions = 0) const {
    return derive("reduceByKey", numPartitions, [f = std::move(f), numPartitions](const auto& rdd) {
      return rdd.reduceByKey(f, numPartitions);
    });
  }
  template <class Create, class MergeValue, class MergeCombiners>
  auto combineByKey(Create createCombiner, MergeValue mergeValue, MergeCombiners mergeCombiners,
                    std::size_t numPartitions = 0) const {
    return derive("combineByKey", numPartitions,
                  [create = std::move(createCombiner), value = std::move(mergeValue),
                   combiners = std::move(mergeCombiners), numPartitions](const auto& rdd) {
                    return rdd.combineByKey(create, value, combiners, numPartitions);
                  });
  }
  DStream<std::pair<K, std::vector<V>>> groupByKey(std::size_t numPartitions = 0) const {
    return derive("groupByKey", numPartitions,
                  [numPartitions](const auto& rdd) { return rdd.groupByKey(numPartitions); });
  }

  // With the batch of the same time of `other`, which has the same slide.

  template <class W>
  DStream<std::pair<K, std::pair<std::vector<V>, std::vector<W>>>> cogroup(
      const DStream<std::pair<K, W>>& other, std::size_t numPartitions = 0) const {
    return with("cogroup", other, numPartitions, [numPartitions](const auto& left, const auto& right) {
      return left.cogroup(right, numPartitions);
    });
  }
  template <class W>
  DStream<std::pair<K, std::pair<V, W>>> join(const DStream<std::pair<K, W>>& other,
                                              std::size_t numPartitions = 0) const {
    return with("join", other, numPartitions, [numPartitions](const auto& left, const auto& right) {
      return left.join(right, numPartitions);
    });
  }
  template <class W>
  DStream<std::pair<K, std::pair<V, std::optional<W>>>> leftOuterJoin(const DStream<std::pair<K, W>>& other,
                                                                      std::size_t numPartitions = 0) const {
    return with("leftOuterJoin", other, numPartitions, [numPartitions](const auto& left, const auto& right) {
      return left.leftOuterJoin(right, numPartitions);
    });
  }
  template <class W>
  DStream<std::pair<K, std::pair<std::optional<V>, W>>> rightOuterJoin(const DStream<std::pair<K, W>>& other,
                                                                       std::size_t numPartitions = 0) const {
    return with("rightOuterJoin", other, numPartitions, [numPartitions](const auto& left, const auto& right) {
      return left.rightOuterJoin(right, numPartitions);
    });
  }
  template <class W>
  DStream<std::pair<K, std::pair<std::optional<V>, std::optional<W>>>> fullOuterJoin(
      const DStream<std::pair<K, W>>& other, std::size_t numPartitions = 0) const {
    return with("fullOuterJoin", other, numPartitions, [numPartitions](const auto& left, const auto& right) {
      return left.fullOuterJoin(right, numPartitions);
    });
  }

  // Over windows. Without a slide it is that of this stream.

  // All values of each key, oldest first.
  DStream<std::pair<K, std::vector<V>>> groupByKeyAndWindow(Duration window, Duration slide = {},
                                                            std::size_t numPartitions = 0) const {
    const auto together = [](std::vector<V>&& older, std::vector<V>&& newer) {
      older.insert(older.end(), std::make_move_iterator(newer.begin()), std::make_move_iterator(newer.end()));
      return std::move(older);
    };
    return groupByKey(numPartitions).window(window, slide).reduceByKey(together, numPartitions);
  }
  // Reduces each batch, and then those of the window.
  template <class F>
    requires std::is_invocable_v<F&, V, V>
  DStream<std::pair<K, V>> reduceByKeyAndWindow(F f, Duration window, Duration slide = {},
                                                std::size_t numPartitions = 0) const {
    return reduceByKey(f, numPartitions).window(window, slide).reduceByKey(f, numPartitions);
  }
  // The same by way of the window before: f adds what came, and `inverse`, with inverse(f(a, b), b) = a,
  // takes away what left. Costs as much as the batches of two slides, however long the window is. A key whose
  // values have all left stays, with what `inverse` makes of it, unless filter(const std::pair<K, V>&) is
  // false for it.
  template <class F, class Inverse>
    requires std::is_invocable_v<Inverse&, V, V>
  DStream<std::pair<K, V>> reduceByKeyAndWindow(F f, Inverse inverse, Duration window, Duration slide = {},
                                                std::size_t numPartitions = 0) const {
    return reduceByKeyAndWindow(std::move(f), std::move(inverse), window, slide, numPartitions,
                                [](const std::pair<K, V>&) { return true; });
  }
  template <class F, class Inverse, class Filter>
    requires std::is_invocable_v<Filter&, const std::pair<K, V>&>
  DStream<std::pair<K, V>> reduceByKeyAndWindow(F f, Inverse inverse, Duration window, Duration slide,
                                                std::size_t numPartitions, Filter filter) const {
    using Node = detail::ReducedWindowNode<K, V, F, Inverse, Filter>;
    const Duration step = slide == Duration(0) ? self().node()->slide() : slide;
    detail::checkWindow(*self().node(), window, step);
    detail::checkPartitions(numPartitions);
    // Divided as the windows are, so that nothing moves when batches are put together.
    const std::size_t partitions = numPartitions == 0 ? detail::kLastingPartitionsDefault : numPartitions;
    const auto reduced = reduceByKey(f, partitions);
    return DStream<std::pair<K, V>>(detail::addNode<Node>(detail::coreOf(*self().node()), reduced.node(),
                                                          std::move(f), std::move(inverse), std::move(filter),
                                                          window, step, partitions));
  }

  // State: see StateSpec and docs/STREAMS.md. Both need a checkpoint directory.

  // Keeps a state for each key. f: (const std::vector<V>& values, std::optional<S> state) ->
  // std::optional<S>: for each key that has a state or values in the batch, what its state is from now on;
  // nothing ends it. The stream has all states of each batch. `initialState`: those before the first batch.
  template <class F>
  auto updateStateByKey(F f, std::size_t numPartitions = 0) const {
    using S = typename detail::FirstStateOf<F>::type;
    return updateStateByKey(std::move(f), numPartitions, std::vector<std::pair<K, S>>());
  }
  template <class F, class S>
  DStream<std::pair<K, S>> updateStateByKey(F f, std::size_t numPartitions,
                                            std::vector<std::pair<K, S>> initialState) const {
    using Node = detail::UpdateStateNode<K, V, S, F>;
    return DStream<std::pair<K, S>>(detail::addNode<Node>(
        detail::coreOf(*self().node()), self().node(), std::move(f), numPartitions, std::move(initialState)));
  }
  // Keeps a state for each key, and gives what the function of `spec` returns for each element.
  template <class Spec>
  MapWithStateDStream<K, V, typename Spec::StateType, typename Spec::MappedType> mapWithState(
      Spec spec) const {
    using Node = detail::MapWithStateNode<K, V, Spec>;
    return MapWithStateDStream<K, V, typename Spec::StateType, typename Spec::MappedType>(
        detail::addNode<Node>(detail::coreOf(*self().node()), self().node(), std::move(spec)));
  }

 private:
  const DStream<std::pair<K, V>>& self() const { return static_cast<const DStream<std::pair<K, V>>&>(*this); }

  template <class Step>
  auto derive(const char* kind, std::size_t numPartitions, Step step) const {
    detail::checkPartitions(numPartitions);
    return derive(kind, std::move(step));
  }
  template <class Step>
  auto derive(const char* kind, Step step) const {
    return detail::stepStream(
        kind, self().node(),
        [step = std::move(step)](const RDD<std::pair<K, V>>& rdd, Time) { return step(rdd); });
  }
  template <class W, class Step>
  auto with(const char* kind, const DStream<std::pair<K, W>>& other, std::size_t numPartitions,
            Step step) const {
    detail::checkPartitions(numPartitions);
    return detail::pairStream(kind, self().node(), other.node(),
                              [step](const RDD<std::pair<K, V>>& left, const RDD<std::pair<K, W>>& right,
                                     Time) { return step(left, right); });
  }
};

}  // namespace tidemill
