// Those that look back at earlier batches.
#include <functional>
#include <optional>

#include "stream/random_operators.h"

namespace tidemill::program {
namespace {

constexpr std::int64_t kStateMost = 500;

Pair minusPair(Pair a, Pair b) {
  return {a.first - b.first, a.second - b.second};
}
bool isLeft(const Pair& pair) {
  return pair.second != 0;
}

Stream totals(const Parts& parts) {
  const auto add = [](const std::vector<std::int64_t>& values, std::optional<std::int64_t> before) {
    std::int64_t sum = before.value_or(0);
    for (const std::int64_t value : values) sum += value;
    // A state that ends now and then.
    return sum > kStateMost ? std::optional<std::int64_t>() : std::optional<std::int64_t>(sum);
  };
  return {parts.parent.stream.updateStateByKey(add, parts.partitions),
          totalsOf(parts.parent.model, kStateMost), true};
}

// Keys time out when they are idle.
Stream idlingTotals(const Parts& parts) {
  const std::int64_t idle = parts.parent.model.slide * 2;
  const auto spec = StateSpec::function<int, std::int64_t, std::int64_t>(
                        [](int key, std::optional<std::int64_t> value, State<std::int64_t>& state) {
                          if (state.isTimingOut()) return Pair(key, state.get());
                          state.update(state.getOption().value_or(0) + *value);
                          return Pair(key, state.get());
                        })
                        .timeout(Seconds(idle))
                        .numPartitions(parts.partitions);
  return {parts.parent.stream.reduceByKey(plus).mapWithState(spec), idlingTotalsOf(parts.parent.model, idle),
          true};
}

}  // namespace

std::vector<Kind> kindsOfWindows() {
  const auto minus = std::minus<std::int64_t>();
  std::vector<Kind> kinds = {
      {"window",
       [](const Parts& parts) {
         return ofWindow(parts, parts.parent.stream.window(parts.lengthTime(), parts.slideTime()),
                         [](const Bag& bag) { return bag; });
       }},
      {"countByWindow",
       [](const Parts& parts) {
         const auto counts = parts.parent.stream.countByWindow(parts.lengthTime(), parts.slideTime());
         return ofWindow(parts, counts.map(counted), countedWhole);
       }},
      {"countByValueAndWindow",
       [](const Parts& parts) {
         const auto counts = parts.parent.stream.countByValueAndWindow(parts.lengthTime(), parts.slideTime(),
                                                                       parts.partitions);
         return ofWindow(parts, counts.map(countedPair), countedByValue);
       }},
      {"reduceByWindow",
       [](const Parts& parts) {
         const auto sums =
             parts.parent.stream.reduceByWindow(plusPair, parts.lengthTime(), parts.slideTime());
         return ofWindow(parts, sums.map(keyWithin), reducedWhole);
       }},
      {"reduceByWindow with inverse",
       [](const Parts& parts) {
         const auto sums =
             parts.parent.stream.reduceByWindow(plusPair, minusPair, parts.lengthTime(), parts.slideTime());
         // Without a filter a sum stays when all has left, unless a restart lies between.
         return ofWindow(parts, sums.map(keyWithin).filter(isLeft), reducedWhole);
       }},
      {"groupByKeyAndWindow",
       [](const Parts& parts) {
         const auto groups =
             parts.parent.stream.groupByKeyAndWindow(parts.lengthTime(), parts.slideTime(), parts.partitions);
         return ofWindow(parts, groups.mapValues(folded), foldedByKey);
       }},
      {"reduceByKeyAndWindow",
       [](const Parts& parts) {
         const auto sums = parts.parent.stream.reduceByKeyAndWindow(plus, parts.lengthTime(),
                                                                    parts.slideTime(), parts.partitions);
         return ofWindow(parts, sums, reducedByKey);
       }},
      {"reduceByKeyAndWindow with inverse",
       [minus](const Parts& parts) {
         const auto sums =
             parts.parent.stream.reduceByKeyAndWindow(plus, minus, parts.lengthTime(), parts.slideTime());
         return ofWindow(parts, sums.filter(isLeft), reducedByKey);
       }},
      {"reduceByKeyAndWindow with inverse and filter",
       [minus](const Parts& parts) {
         const auto sums = parts.parent.stream.reduceByKeyAndWindow(
             plus, minus, parts.lengthTime(), parts.slideTime(), parts.partitions, isLeft);
         return ofWindow(parts, sums, reducedByKey);
       }},
  };
  for (Kind& kind : kinds) {
    kind.isWindow = true;
    kind.weight = 2;
  }
  return kinds;
}

std::vector<Kind> kindsOfState() {
  return {{"updateStateByKey", totals, 4}, {"mapWithState", idlingTotals, 4}};
}

}  // namespace tidemill::program
