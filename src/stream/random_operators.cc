#include "stream/random_operators.h"

#include <optional>

namespace tidemill::program {
namespace {

Pair keyMoved(Pair pair) {
  return {(pair.first + 1) % 5, pair.second};
}
Bag split(Pair pair) {
  if (pair.second % 3 == 0) return {};
  if (pair.second % 2 == 0) return {pair};
  return {pair, Pair((pair.first + 2) % 5, pair.second + 1)};
}
std::vector<std::int64_t> splitValue(std::int64_t value) {
  return std::vector<std::int64_t>(static_cast<std::size_t>(value % 3), value + 1);
}
// The elements of a partition, and one that tells that it was there.
Bag withMark(Bag&& partition) {
  partition.emplace_back(4, 1);
  return std::move(partition);
}
Bag withMarks(Bag bag, std::size_t partitions) {
  bag.insert(bag.end(), partitions, Pair(4, 1));
  return bag;
}

}  // namespace

std::vector<Kind> kindsOfElements() {
  return {
      {"mapValues",
       [](const Parts& parts) {
         const auto f = [](std::int64_t value) { return value % 11 + 1; };
         return ofElements(parts, parts.parent.stream.mapValues(f), [f](const Pair& pair, std::int64_t) {
           return Bag{Pair(pair.first, f(pair.second))};
         });
       }},
      {"map and repartition",
       [](const Parts& parts) {
         return ofElements(parts, parts.parent.stream.map(keyMoved).repartition(3),
                           [](const Pair& pair, std::int64_t) { return Bag{keyMoved(pair)}; });
       }},
      {"flatMap",
       [](const Parts& parts) {
         return ofElements(parts, parts.parent.stream.flatMap(split),
                           [](const Pair& pair, std::int64_t) { return split(pair); });
       }},
      {"flatMapValues",
       [](const Parts& parts) {
         return ofElements(parts, parts.parent.stream.flatMapValues(splitValue),
                           [](const Pair& pair, std::int64_t) {
                             Bag made;
                             for (const std::int64_t value : splitValue(pair.second))
                               made.emplace_back(pair.first, value);
                             return made;
                           });
       }},
      {"transform",
       [](const Parts& parts) {
         const auto later = [](const RDD<Pair>& rdd, Time time) {
           const std::int64_t more = time.time_since_epoch() / Seconds(1) % 4;
           return rdd.mapValues([more](std::int64_t value) { return value + more; });
         };
         return ofElements(parts, parts.parent.stream.transform(later),
                           [](const Pair& pair, std::int64_t second) {
                             return Bag{Pair(pair.first, pair.second + second % 4)};
                           });
       }},
      {"mapPartitions",
       [](const Parts& parts) {
         const std::size_t partitions = parts.partitions;
         return ofBatches(parts, parts.parent.stream.repartition(partitions).mapPartitions(withMark),
                          [partitions](const Bag& bag) { return withMarks(bag, partitions); });
       }},
      {"glom",
       [](const Parts& parts) {
         const std::size_t partitions = parts.partitions;
         return ofBatches(parts, parts.parent.stream.repartition(partitions).glom().flatMap(withMark),
                          [partitions](const Bag& bag) { return withMarks(bag, partitions); });
       }},
      {"reduce",
       [](const Parts& parts) {
         return ofBatches(parts, parts.parent.stream.reduce(plusPair).map(keyWithin), reducedWhole);
       }},
      {"count",
       [](const Parts& parts) {
         return ofBatches(parts, parts.parent.stream.count().map(counted), countedWhole);
       }},
      {"countByValue",
       [](const Parts& parts) {
         return ofBatches(parts, parts.parent.stream.countByValue(parts.partitions).map(countedPair),
                          countedByValue);
       }},
      {"union",
       [](const Parts& parts) {
         return ofBoth(parts, parts.parent.stream.union_(parts.other.stream),
                       [](const Bag& left, const Bag& right) {
                         Bag all = left;
                         all.insert(all.end(), right.begin(), right.end());
                         return all;
                       });
       }},
      {"transformWith",
       [](const Parts& parts) {
         const auto instead = [](const RDD<Pair>& rdd, const RDD<Pair>& other) {
           return rdd.subtractByKey(other).union_(other);
         };
         return ofBoth(parts, parts.parent.stream.transformWith(parts.other.stream, instead),
                       [](const Bag& left, const Bag& right) {
                         const auto found = grouped(right);
                         Bag all = right;
                         for (const Pair& pair : left) {
                           if (!found.contains(pair.first)) all.push_back(pair);
                         }
                         return all;
                       });
       }},
  };
}

// One side of each join has its keys once, or programs would grow without end.
std::vector<Kind> kindsOfKeys() {
  return {
      {"reduceByKey",
       [](const Parts& parts) {
         return ofBatches(parts, parts.parent.stream.reduceByKey(plus), reducedByKey);
       }},
      {"groupByKey",
       [](const Parts& parts) {
         return ofBatches(parts, parts.parent.stream.groupByKey(parts.partitions).mapValues(folded),
                          foldedByKey);
       }},
      {"combineByKey",
       [](const Parts& parts) {
         using Sums = std::pair<std::int64_t, std::int64_t>;  // Of the values, and how many.
         const auto sums = parts.parent.stream.combineByKey(
             [](std::int64_t value) { return Sums(value, 1); },
             [](Sums sum, std::int64_t value) { return Sums(sum.first + value, sum.second + 1); },
             [](Sums a, Sums b) { return Sums(a.first + b.first, a.second + b.second); }, parts.partitions);
         return ofBatches(parts, sums.mapValues([](Sums sum) { return joinedValue(sum.second, sum.first); }),
                          [](const Bag& bag) {
                            Bag made;
                            for (const auto& [key, values] : grouped(bag)) {
                              std::int64_t sum = 0;
                              for (const std::int64_t value : values) sum += value;
                              made.emplace_back(key,
                                                joinedValue(static_cast<std::int64_t>(values.size()), sum));
                            }
                            return made;
                          });
       }},
      {"cogroup",
       [](const Parts& parts) {
         using Groups = std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>;
         const auto both = parts.parent.stream.cogroup(parts.other.stream, parts.partitions);
         return ofBoth(parts, both.mapValues([](Groups groups) {
           return joinedValue(folded(std::move(groups.first)), folded(std::move(groups.second)));
         }),
                       [](const Bag& left, const Bag& right) {
                         return joinedBags(foldedByKey(left), foldedByKey(right), true, true);
                       });
       }},
      {"join",
       [](const Parts& parts) {
         const auto both = parts.parent.stream.join(parts.other.stream.reduceByKey(plus));
         return ofBoth(parts, both.mapValues([](std::pair<std::int64_t, std::int64_t> values) {
           return joinedValue(values.first, values.second);
         }),
                       [](const Bag& left, const Bag& right) {
                         return joinedBags(left, reducedByKey(right), false, false);
                       });
       }},
      {"leftOuterJoin",
       [](const Parts& parts) {
         const auto both = parts.parent.stream.leftOuterJoin(parts.other.stream.reduceByKey(plus));
         return ofBoth(parts, both.mapValues([](std::pair<std::int64_t, std::optional<std::int64_t>> values) {
           return joinedValue(values.first, values.second.value_or(0));
         }),
                       [](const Bag& left, const Bag& right) {
                         return joinedBags(left, reducedByKey(right), true, false);
                       });
       }},
      {"rightOuterJoin",
       [](const Parts& parts) {
         const auto both = parts.parent.stream.reduceByKey(plus).rightOuterJoin(parts.other.stream);
         return ofBoth(parts, both.mapValues([](std::pair<std::optional<std::int64_t>, std::int64_t> values) {
           return joinedValue(values.first.value_or(0), values.second);
         }),
                       [](const Bag& left, const Bag& right) {
                         return joinedBags(reducedByKey(left), right, false, true);
                       });
       }},
      {"fullOuterJoin",
       [](const Parts& parts) {
         using Values = std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>;
         const auto both = parts.parent.stream.fullOuterJoin(parts.other.stream.reduceByKey(plus));
         return ofBoth(parts, both.mapValues([](Values values) {
           return joinedValue(values.first.value_or(0), values.second.value_or(0));
         }),
                       [](const Bag& left, const Bag& right) {
                         return joinedBags(left, reducedByKey(right), true, true);
                       });
       }},
  };
}

}  // namespace tidemill::program
