#include "tidemill/rdd.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>

#include "stream/test_rdds.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

TEST_F(RddTest, MapsFiltersAndFlattensInOrderOfThePartitions) {
  const auto result = rdd<int>({{1, 2}, {}, {3, 4, 5}})
                          .filter([](int n) { return n != 4; })
                          .flatMap([](int n) { return std::vector<int>(static_cast<std::size_t>(n), n); })
                          .map([](int n) { return std::to_string(n); })
                          .collect();
  EXPECT_EQ(result, (std::vector<std::string>{"1", "2", "2", "3", "3", "3", "5", "5", "5", "5", "5"}));
}

TEST_F(RddTest, AnswersActionsOnNothing) {
  const auto empty = rdd<int>({});
  EXPECT_EQ(empty.count(), 0);
  EXPECT_TRUE(empty.isEmpty());
  EXPECT_TRUE(empty.collect().empty());
  EXPECT_EQ(empty.reduce([](int a, int b) { return a + b; }), std::nullopt);
  EXPECT_TRUE(empty.take(3).empty());
  EXPECT_TRUE(empty.takeOrdered(3).empty());
  EXPECT_TRUE(empty.glom().collect().empty());
  EXPECT_TRUE(empty.distinct().collect().empty());
  EXPECT_TRUE(empty.countByValue().empty());
  EXPECT_TRUE(empty.union_(empty).collect().empty());
  EXPECT_EQ(empty.fold(7, [](int a, int b) { return a + b; }), 7);
  EXPECT_EQ(empty.repartition(3).glom().count(), 3);
}

TEST_F(RddTest, CountsTakesReducesAndVisits) {
  const auto numbers = rdd<int>({{1, 2, 3}, {4}});
  EXPECT_EQ(numbers.count(), 4);
  EXPECT_EQ(numbers.take(2), (std::vector<int>{1, 2}));
  EXPECT_EQ(numbers.reduce([](int a, int b) { return a * b; }), 24);
  std::atomic<int> sum{0};
  numbers.foreach ([&](int n) { sum += n; });
  EXPECT_EQ(sum, 10);
  std::atomic<int> partitions{0};
  numbers.foreachPartition([&](std::vector<int>&&) { ++partitions; });
  EXPECT_EQ(partitions, 2);
}

TEST_F(RddTest, TriesAThrowingTaskAgainWithTheSameElements) {
  std::atomic<int> failures{2};
  const auto result = rdd<int>({{1, 2}, {3}})
                          .map([&](int n) {
                            if (n == 2 && failures.fetch_sub(1) > 0) throw std::runtime_error("once more");
                            return n;
                          })
                          .collect();
  EXPECT_EQ(result, (std::vector<int>{1, 2, 3}));
}

TEST_F(RddTest, SaysWhichTaskKeptFailingAndWhatItThrew) {
  try {
    rdd<int>({{1}, {2}})
        .map([](int n) -> int { return n == 2 ? throw std::runtime_error("bad two") : n; })
        .collect();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUserCodeFailed);
    EXPECT_NE(error.message().find("task 1 of 2 failed 3 times: bad two"), std::string::npos)
        << error.message();
  }
}

TEST_F(RddTest, TryMapLeavesOutWhatThrowsAndTellsOfIt) {
  std::vector<int> bad;  // Of one task.
  const auto halfOf = [](const int& n) { return n % 2 == 0 ? n / 2 : throw n; };
  const auto halves = rdd<int>({{4, 5, 6, 7}}).tryMap(halfOf, [&](const int& n) { bad.push_back(n); });
  EXPECT_EQ(halves.collect(), (std::vector<int>{2, 3}));
  EXPECT_EQ(bad, (std::vector<int>{5, 7}));
}

TEST_F(RddTest, TryMapCountsAnElementOnceForEachStepHoweverOftenItIsComputed) {
  const auto odd = [](const int& n) { return n % 2 == 0 ? n : throw n; };
  const auto ignore = [](const int&) {};
  std::atomic<int> failures = 1;
  const auto kept = rdd<int>({{1, 2}, {3, 5, 6}}).tryMap(odd, ignore).map([&](int n) {
    return n == 6 && failures-- > 0 ? throw std::runtime_error("once") : n;
  });
  EXPECT_EQ(kept.collect(), (std::vector<int>{2, 6}));
  EXPECT_EQ(runner_.elementsLeftOut(), 3);
  EXPECT_EQ(kept.count(), 2);
  EXPECT_EQ(runner_.elementsLeftOut(), 3);
  EXPECT_EQ(rdd<int>({{7, 8}}).tryMap(odd, ignore).collect(), (std::vector<int>{8}));
  EXPECT_EQ(runner_.elementsLeftOut(), 4);
}

TEST_F(RddTest, TryMapGivesNoElementUpForLackOfMemoryNorForWhatComesBehindIt) {
  int failures = 1;
  int told = 0;
  const auto same = [&](const int& n) { return failures-- > 0 ? throw std::bad_alloc() : n; };
  const auto tell = [&](const int&) { ++told; };
  EXPECT_EQ(rdd<int>({{1}}).tryMap(same, tell).collect(), (std::vector<int>{1}));
  const auto behind = [](int) -> int { throw std::runtime_error("behind"); };
  EXPECT_THROW(rdd<int>({{1}}).tryMap(same, tell).map(behind).collect(), Error);
  const auto refuse = [](const int&) { throw std::runtime_error("refused"); };
  EXPECT_THROW(rdd<int>({{1}}).tryMap(behind, refuse).collect(), Error);
  EXPECT_EQ(told, 0);
}

TEST_F(RddTest, SurvivesThrownThingsThatAreNoExceptions) {
  EXPECT_THROW(rdd<int>({{1}}).map([](int) -> int { throw 7; }).collect(), Error);
}

TEST_F(RddTest, GivesWholePartitionsToAFunction) {
  const auto numbers = rdd<int>({{1, 2}, {}, {3}});
  const auto sizes = [](std::vector<int>&& part) { return std::vector<std::size_t>{part.size()}; };
  EXPECT_EQ(numbers.mapPartitions(sizes).collect(), (std::vector<std::size_t>{2, 0, 1}));
  const auto places = [](std::size_t partition, std::vector<int>&& part) {
    return std::vector<std::size_t>(part.size(), partition);
  };
  EXPECT_EQ(numbers.mapPartitionsWithIndex(places).collect(), (std::vector<std::size_t>{0, 0, 2}));
  EXPECT_EQ(numbers.glom().collect(), (std::vector<std::vector<int>>{{1, 2}, {}, {3}}));
}

TEST_F(RddTest, UnitesPartitionBehindPartition) {
  const auto all = rdd<int>({{1}, {2}}).union_({rdd<int>({}), rdd<int>({{3, 4}})});
  EXPECT_EQ(all.glom().collect(), (std::vector<std::vector<int>>{{1}, {2}, {3, 4}}));
  EXPECT_EQ(all.count(), 4);
  EXPECT_EQ(all.getPartitions()[2].index, 2u);
}

TEST_F(RddTest, CoalescesNeighboursAndSpreadsElements) {
  const auto numbers = rdd<int>({{1}, {2}, {3, 4}, {}, {5}});
  EXPECT_EQ(numbers.coalesce(2).glom().collect(), (std::vector<std::vector<int>>{{1, 2}, {3, 4, 5}}));
  EXPECT_EQ(numbers.coalesce(2).count(), 5);
  EXPECT_EQ(numbers.coalesce(9).getNumPartitions(), 5u);
  EXPECT_EQ(numbers.coalesce(9, /*shuffle=*/true).getNumPartitions(), 9u);
  const auto spread = rdd<int>({{1, 2, 3, 4, 5, 6, 7}}).repartition(3).glom().collect();
  EXPECT_EQ(spread, (std::vector<std::vector<int>>{{1, 4, 7}, {2, 5}, {3, 6}}));
}

TEST_F(RddTest, RefusesMorePartitionsThanAnybodyNeeds) {
  const auto numbers = rdd<int>({{1}});
  EXPECT_EQ(numbers.repartition(65'536).getNumPartitions(), 65'536u);
  try {
    numbers.repartition(65'537);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
  }
}

TEST_F(RddTest, GivesEachElementOnceAndCountsThem) {
  const auto words = rdd<std::string>({{"a", "b", "a"}, {"b"}, {"c", "a"}});
  auto once = words.distinct().collect();
  std::sort(once.begin(), once.end());
  EXPECT_EQ(once, (std::vector<std::string>{"a", "b", "c"}));
  const auto counted = words.countByValue();
  EXPECT_EQ((std::map<std::string, std::int64_t>(counted.begin(), counted.end())),
            (std::map<std::string, std::int64_t>{{"a", 3}, {"b", 2}, {"c", 1}}));
}

TEST_F(RddTest, TakesWithoutComputingWhatLiesBehind) {
  std::atomic<int> computed{0};
  const auto numbers = rdd<int>({{1, 2}, {}, {3, 4}, {5}, {6}}).map([&](int n) {
    ++computed;
    return n;
  });
  EXPECT_EQ(numbers.take(3), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(computed, 4);
  computed = 0;
  EXPECT_EQ(numbers.first(), 1);
  EXPECT_FALSE(numbers.isEmpty());
  EXPECT_EQ(computed, 4);  // Two for each.
  EXPECT_EQ(numbers.take(0), std::vector<int>());
  EXPECT_EQ(numbers.take(100), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_THROW(rdd<int>({{}, {}}).first(), Error);
}

TEST_F(RddTest, TakeGivesNothingTwiceWhenATaskIsTriedAgain) {
  int failures = 2;
  const auto numbers = rdd<int>({{1, 2}, {3, 4}}).map([&](int n) {
    if (n == 4 && failures-- > 0) throw std::runtime_error("once more");
    return n;
  });
  EXPECT_EQ(numbers.take(4), (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(RddTest, FoldsAndAggregates) {
  const auto numbers = rdd<int>({{1, 2, 3}, {}, {4}});
  // Each of the three partitions and the whole start from 10.
  EXPECT_EQ(numbers.fold(10, [](int a, int b) { return a + b; }), 50);
  const auto join = [](std::string all, int n) { return all + std::to_string(n); };
  const auto add = [](std::string all, const std::string& part) { return all + "|" + part; };
  EXPECT_EQ(numbers.aggregate(std::string(), join, add), "|123||4");
}

TEST_F(RddTest, TakesInOrder) {
  const auto numbers = rdd<int>({{5, 1}, {9, 3, 7}, {}, {2}});
  EXPECT_EQ(numbers.takeOrdered(3), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(numbers.top(2), (std::vector<int>{9, 7}));
  EXPECT_EQ(numbers.takeOrdered(0), std::vector<int>());
  EXPECT_EQ(numbers.top(99), (std::vector<int>{9, 7, 5, 3, 2, 1}));
}

TEST_F(RddTest, ComputesManyPartitionsWithOneWorker) {
  rt::ThreadPool one(1, "one");
  stream::RetryingTaskRunner runner(one, 1);
  std::vector<std::vector<int>> parts(2'000);
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {static_cast<int>(i % 7), 1};
  const RDD<int> numbers(std::make_shared<detail::VectorNode<int>>(runner, parts));
  EXPECT_EQ(numbers.count(), 4'000);
  EXPECT_EQ(numbers.distinct().count(), 7);
}

// What lies between two steps is called once for a chunk, not for each element.
TEST_F(RddTest, StepsCallEachOtherOnceForManyElements) {
  std::size_t calls = 0;
  std::size_t elements = 0;
  const auto take = [&](detail::Chunk<int> chunk) {
    ++calls;
    elements += chunk.size();
  };
  detail::Emit<int> emit(take);
  const auto numbers = rdd<int>({std::vector<int>(12'800, 3)})
                           .map([](int n) { return n + 1; })
                           .filter([](int n) { return n == 4; })
                           .map([](int n) { return n * 2; });
  detail::RddAccess::node(numbers).give(0, emit);
  emit.flush();
  EXPECT_EQ(elements, 12'800u);
  EXPECT_EQ(calls, 100u);
}

TEST(Emit, DropsWhatNobodyTookWhenSomebodyThrows) {
  const auto counted = std::make_shared<int>(1);
  const auto refuse = [](detail::Chunk<std::shared_ptr<int>>) { throw std::runtime_error("no"); };
  {
    detail::Emit<std::shared_ptr<int>> emit(refuse);
    emit(std::shared_ptr<int>(counted));
    emit(std::shared_ptr<int>(counted));
    EXPECT_EQ(counted.use_count(), 3);
    EXPECT_THROW(emit.flush(), std::runtime_error);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST_F(RddTest, FiltersKeepTheOrderWhateverTheyLeaveOut) {
  std::vector<int> numbers(1'000);
  for (int i = 0; i < 1'000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  const auto all = rdd<int>({numbers});
  const auto some = all.filter([](int n) { return n % 3 == 0; }).filter([](int n) { return n % 2 == 0; });
  const auto texts = some.union_(all).coalesce(1).map([](int n) { return std::to_string(n); });
  std::vector<std::string> expected;
  for (int i = 0; i < 1'000; i += 6) expected.push_back(std::to_string(i));
  for (int i = 0; i < 1'000; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(texts.collect(), expected);
  EXPECT_EQ(all.filter([](int n) { return n > 1'000; }).count(), 0);
}

TEST(Emit, KeepsTheMemoryOfPayloadsThatNobodyMovedAway) {
  std::vector<std::pair<std::string, const char*>> taken;
  bool moves = false;
  const auto take = [&](detail::Chunk<std::string> chunk) {
    chunk.forEach([&](std::string& text) {
      taken.emplace_back(text, text.data());
      if (moves) const std::string away = std::move(text);
    });
  };
  detail::Emit<std::string> emit(take);
  const auto add = [&](const std::string& text) {
    emit.makeRoom();
    emit.addCopy(std::as_bytes(std::span(text)));
  };
  const auto flushed = [&] {
    emit.flush();
    return std::exchange(taken, {});
  };
  add(std::string(100, 'a'));
  add(std::string(5'000, 'b'));
  const auto first = flushed();
  moves = true;
  add(std::string(99, 'c'));
  add(std::string(20, 'd'));
  const auto second = flushed();
  EXPECT_EQ(second[0].first, std::string(99, 'c'));
  EXPECT_EQ(second[0].second, first[0].second);
  EXPECT_EQ(second[1].first, std::string(20, 'd'));
  emit(std::string("e"));
  add("f");
  const auto third = flushed();
  EXPECT_EQ(third[0].first, "e");
  EXPECT_EQ(third[1].first, "f");
}

TEST(Emit, PassesElementsLargerThanAChunk) {
  using Large = std::array<char, 10'000>;
  int taken = 0;
  const auto take = [&](detail::Chunk<Large> chunk) { taken += static_cast<int>(chunk.size()); };
  detail::Emit<Large> emit(take);
  emit(Large());
  emit(Large());
  EXPECT_EQ(taken, 1);
  emit.flush();
  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace tidemill
