#include "tidemill/pair_rdd_functions.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "stream/test_rdds.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

using Pair = std::pair<std::string, int>;

int add(int a, int b) {
  return a + b;
}

template <class T>
std::vector<T> sorted(std::vector<T> elements) {
  std::sort(elements.begin(), elements.end());
  return elements;
}

class PairRddTest : public RddTest {
 protected:
  RDD<Pair> numbers() { return rdd<Pair>({{{"a", 1}, {"b", 2}, {"a", 3}}, {{"b", 10}}, {}, {{"c", 7}}}); }
  RDD<std::pair<std::string, char>> letters() {
    return rdd<std::pair<std::string, char>>({{{"b", 'x'}}, {{"a", 'y'}, {"d", 'z'}, {"a", 'w'}}});
  }
};

TEST_F(PairRddTest, ReducesByKeyOverAllPartitions) {
  EXPECT_EQ(sorted(numbers().reduceByKey(add).collect()), (std::vector<Pair>{{"a", 4}, {"b", 12}, {"c", 7}}));
  EXPECT_TRUE(rdd<Pair>({}).reduceByKey(add).collect().empty());
}

TEST_F(PairRddTest, ReducesManySmallPartitionsToFew) {
  std::vector<std::vector<Pair>> parts(10'000);
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {{std::to_string(i % 100), 1}};
  const auto reduced = rdd<Pair>(std::move(parts)).reduceByKey(add);
  EXPECT_LE(reduced.getNumPartitions(), 64u);
  const auto pairs = reduced.collect();
  EXPECT_EQ(pairs.size(), 100u);
  for (const auto& [key, count] : pairs) EXPECT_EQ(count, 100) << key;
}

TEST_F(PairRddTest, ShufflesToTheSameOrderInEveryRun) {
  std::vector<std::vector<Pair>> parts(50);
  for (std::size_t i = 0; i < 5'000; ++i) parts[i % 50].emplace_back(std::to_string(i * i % 777), 1);
  const auto once = rdd<Pair>(parts).groupByKey(7).collect();
  for (int run = 0; run < 5; ++run) EXPECT_EQ(rdd<Pair>(parts).groupByKey(7).collect(), once);
}

TEST_F(PairRddTest, HasAsManyPartitionsAsAskedFor) {
  EXPECT_EQ(numbers().reduceByKey(add).getNumPartitions(), 4u);
  EXPECT_EQ(numbers().reduceByKey(add, 9).getNumPartitions(), 9u);
  EXPECT_EQ(sorted(numbers().reduceByKey(add, 9).collect()), sorted(numbers().reduceByKey(add).collect()));
  EXPECT_THROW(numbers().reduceByKey(add, 65'537), Error);
  EXPECT_THROW(numbers().join(letters(), 65'537), Error);
}

TEST_F(PairRddTest, MapsValuesAndTakesPairsApart) {
  EXPECT_EQ(numbers().mapValues([](int n) { return n * 0.5; }).collect(),
            (std::vector<std::pair<std::string, double>>{
                {"a", 0.5}, {"b", 1.0}, {"a", 1.5}, {"b", 5.0}, {"c", 3.5}}));
  const auto twice = [](int n) { return n > 2 ? std::vector<int>{n, -n} : std::vector<int>(); };
  EXPECT_EQ(numbers().flatMapValues(twice).collect(),
            (std::vector<Pair>{{"a", 3}, {"a", -3}, {"b", 10}, {"b", -10}, {"c", 7}, {"c", -7}}));
  EXPECT_EQ(numbers().keys().collect(), (std::vector<std::string>{"a", "b", "a", "b", "c"}));
  EXPECT_EQ(numbers().values().collect(), (std::vector<int>{1, 2, 3, 10, 7}));
}

TEST_F(PairRddTest, GroupsValuesInOrder) {
  EXPECT_EQ(sorted(numbers().groupByKey().collect()), (std::vector<std::pair<std::string, std::vector<int>>>{
                                                          {"a", {1, 3}}, {"b", {2, 10}}, {"c", {7}}}));
}

TEST_F(PairRddTest, CombinesToAnotherType) {
  const auto text = [](int n) { return std::to_string(n); };
  const auto with = [](const std::string& sum, int n) { return sum + "+" + std::to_string(n); };
  const auto both = [](const std::string& a, const std::string& b) { return a + "/" + b; };
  EXPECT_EQ(sorted(numbers().combineByKey(text, with, both).collect()),
            (std::vector<std::pair<std::string, std::string>>{{"a", "1+3"}, {"b", "2/10"}, {"c", "7"}}));
}

TEST_F(PairRddTest, AggregatesAndFoldsFromZeroInEachPartition) {
  const auto length = [](const std::string& sum, int n) { return sum + std::to_string(n); };
  const auto both = [](const std::string& a, const std::string& b) { return a + b; };
  EXPECT_EQ(sorted(numbers().aggregateByKey(std::string("0"), length, both).collect()),
            (std::vector<std::pair<std::string, std::string>>{{"a", "013"}, {"b", "02010"}, {"c", "07"}}));
  EXPECT_EQ(sorted(numbers().foldByKey(100, add).collect()),
            (std::vector<Pair>{{"a", 104}, {"b", 212}, {"c", 107}}));
}

TEST_F(PairRddTest, CogroupsWhatEitherHas) {
  using Groups = std::pair<std::vector<int>, std::vector<char>>;
  EXPECT_EQ(sorted(numbers().cogroup(letters()).collect()),
            (std::vector<std::pair<std::string, Groups>>{
                {"a", {{1, 3}, {'y', 'w'}}}, {"b", {{2, 10}, {'x'}}}, {"c", {{7}, {}}}, {"d", {{}, {'z'}}}}));
}

TEST_F(PairRddTest, JoinsInFourWays) {
  using Inner = std::vector<std::pair<std::string, std::pair<int, char>>>;
  EXPECT_EQ(sorted(numbers().join(letters()).collect()), (Inner{{"a", {1, 'w'}},
                                                                {"a", {1, 'y'}},
                                                                {"a", {3, 'w'}},
                                                                {"a", {3, 'y'}},
                                                                {"b", {2, 'x'}},
                                                                {"b", {10, 'x'}}}));
  const auto few = rdd<Pair>({{{"a", 1}, {"c", 7}}});
  const auto others = rdd<Pair>({{{"d", 4}}, {{"a", 2}}});
  constexpr std::nullopt_t kNone = std::nullopt;
  using Left = std::vector<std::pair<std::string, std::pair<int, std::optional<int>>>>;
  EXPECT_EQ(sorted(few.leftOuterJoin(others).collect()), (Left{{"a", {1, 2}}, {"c", {7, kNone}}}));
  using Right = std::vector<std::pair<std::string, std::pair<std::optional<int>, int>>>;
  EXPECT_EQ(sorted(few.rightOuterJoin(others).collect()), (Right{{"a", {1, 2}}, {"d", {kNone, 4}}}));
  using Full = std::vector<std::pair<std::string, std::pair<std::optional<int>, std::optional<int>>>>;
  EXPECT_EQ(sorted(few.fullOuterJoin(others).collect()),
            (Full{{"a", {1, 2}}, {"c", {7, kNone}}, {"d", {kNone, 4}}}));
}

TEST_F(PairRddTest, JoinsWithNothing) {
  const auto nothing = rdd<Pair>({});
  EXPECT_TRUE(numbers().join(nothing).collect().empty());
  EXPECT_TRUE(nothing.leftOuterJoin(numbers()).collect().empty());
  EXPECT_EQ(nothing.rightOuterJoin(numbers()).count(), 5);
  EXPECT_EQ(nothing.fullOuterJoin(nothing).count(), 0);
}

TEST_F(PairRddTest, SubtractsKeys) {
  EXPECT_EQ(numbers().subtractByKey(letters()).collect(), (std::vector<Pair>{{"c", 7}}));
}

TEST_F(PairRddTest, LooksUpOneKeyInOnePartition) {
  std::atomic<int> computed{0};
  const auto seen = [&](int n) {
    ++computed;
    return n;
  };
  EXPECT_EQ(numbers().mapValues(seen).lookup("b"), (std::vector<int>{2, 10}));
  EXPECT_EQ(computed, 5);
  EXPECT_TRUE(numbers().lookup("nobody").empty());
  computed = 0;
  const auto spread = numbers().reduceByKey(add, 64).mapValues(seen);
  EXPECT_EQ(spread.lookup("b"), (std::vector<int>{12}));
  EXPECT_LT(computed, 3);  // Of three keys in 64 partitions.
  EXPECT_TRUE(spread.lookup("nobody").empty());
}

TEST_F(PairRddTest, CollectsAsAMapWhereTheLastValueStays) {
  const auto map = numbers().collectAsMap();
  EXPECT_EQ((std::map<std::string, int>(map.begin(), map.end())),
            (std::map<std::string, int>{{"a", 3}, {"b", 10}, {"c", 7}}));
  EXPECT_EQ(numbers().countByKey().at("a"), 2);
}

TEST_F(PairRddTest, TakesCompositeKeys) {
  using Key = std::tuple<std::pair<std::string, int>, std::vector<int>, std::optional<bool>>;
  const auto keyed = rdd<std::pair<Key, int>>(
      {{{Key{{"a", 1}, {1, 2}, true}, 1}, {Key{{"a", 1}, {2, 1}, true}, 2}},
       {{Key{{"a", 1}, {1, 2}, true}, 4}, {Key{{"a", 1}, {1, 2}, std::nullopt}, 8}}});
  EXPECT_EQ(sorted(keyed.reduceByKey(add).values().collect()), (std::vector<int>{2, 5, 8}));
}

// A second shuffle by the same key into as many partitions moves nothing.
TEST_F(PairRddTest, KeepsWhatIsDividedByKeyWhereItIs) {
  const auto once = numbers().partitionBy(5);
  EXPECT_EQ(sorted(once.collect()), sorted(numbers().collect()));
  EXPECT_EQ(detail::RddAccess::node(once).partitionsByKey(), 5u);

  const auto kept =
      once.filter([](const Pair& pair) { return pair.second != 7; }).mapValues([](int n) { return n; });
  EXPECT_EQ(detail::RddAccess::node(kept).partitionsByKey(), 5u);
  EXPECT_EQ(detail::RddAccess::node(kept.map([](Pair pair) { return pair; })).partitionsByKey(), 0u);

  const auto reduced = kept.reduceByKey(add);
  EXPECT_EQ(reduced.getNumPartitions(), 5u);
  EXPECT_EQ(sorted(reduced.collect()), (std::vector<Pair>{{"a", 4}, {"b", 12}}));
  const auto united = reduced.union_(once);
  EXPECT_EQ(united.getNumPartitions(), 5u);
  EXPECT_EQ(united.count(), 7);
  EXPECT_EQ(sorted(united.reduceByKey(add).collect()), (std::vector<Pair>{{"a", 8}, {"b", 24}, {"c", 7}}));
  EXPECT_EQ(united.union_(numbers()).getNumPartitions(), 9u);
  EXPECT_EQ(sorted(once.join(reduced).keys().collect()), (std::vector<std::string>{"a", "a", "b", "b"}));
}

TEST_F(PairRddTest, RunsTheMapSideOnceForSeveralActions) {
  std::atomic<int> seen{0};
  const auto reduced = numbers()
                           .map([&](Pair pair) {
                             ++seen;
                             return pair;
                           })
                           .reduceByKey(add);
  EXPECT_EQ(reduced.count(), 3);
  EXPECT_EQ(reduced.collect().size(), 3u);
  EXPECT_EQ(reduced.mapValues([](int n) { return n; }).count(), 3);
  EXPECT_EQ(seen, 5);
}

TEST_F(PairRddTest, TriesBothSidesOfAShuffleAgain) {
  std::atomic<int> before{2};
  std::atomic<int> behind{2};
  const auto sums = numbers()
                        .map([&](Pair pair) {
                          if (pair.second == 3 && before.fetch_sub(1) > 0) throw std::runtime_error("before");
                          return pair;
                        })
                        .reduceByKey(add)
                        .mapValues([&](int n) {
                          if (n == 12 && behind.fetch_sub(1) > 0) throw std::runtime_error("behind");
                          return n;
                        });
  EXPECT_EQ(sorted(sums.collect()), (std::vector<Pair>{{"a", 4}, {"b", 12}, {"c", 7}}));
}

TEST_F(PairRddTest, AFailedMapSideIsTriedAgainByTheNextAction) {
  std::atomic<int> failures{4};
  const auto sums = numbers()
                        .map([&](Pair pair) {
                          if (pair.second == 3 && failures.fetch_sub(1) > 0) throw std::runtime_error("bad");
                          return pair;
                        })
                        .reduceByKey(add);
  EXPECT_THROW(sums.collect(), Error);
  EXPECT_EQ(sums.count(), 3);
}

TEST_F(PairRddTest, ACombineFunctionThatThrowsFailsTheAction) {
  const auto refuse = [](int, int) -> int { throw std::runtime_error("cannot add"); };
  try {
    numbers().reduceByKey(refuse).collect();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUserCodeFailed);
    EXPECT_NE(error.message().find("failed 3 times: cannot add"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace tidemill
