#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include "stream/test_stream.h"

namespace tidemill {
namespace {

template <class T>
using Seen = std::map<std::int64_t, std::vector<T>>;
using Word = std::pair<std::string, int>;
using Words = std::vector<std::vector<Word>>;

int plus(int a, int b) {
  return a + b;
}

class StreamOperatorsTest : public StreamFixture {};

TEST_F(StreamOperatorsTest, MorePartitionsThanThereMayBeAreRefusedWhereTheyAreAskedFor) {
  constexpr std::size_t kTooMany = 65'537;
  const auto words = input<Word>({{{"a", 1}}});
  const auto add = [](int a, int b) { return a + b; };
  const auto keep = [](const std::vector<int>&, std::optional<int> state) { return state; };
  const auto spec = StateSpec::function<std::string, int, int>(
      [](const std::string&, const std::optional<int>&, State<int>&) { return 0; });
  const std::vector<std::function<void()>> mistakes = {
      [&] { words.repartition(kTooMany); },
      [&] { words.countByValue(kTooMany); },
      [&] { words.reduceByKey(add, kTooMany); },
      [&] { words.groupByKey(kTooMany); },
      [&] { words.combineByKey([](int n) { return n; }, add, add, kTooMany); },
      [&] { words.cogroup(words, kTooMany); },
      [&] { words.join(words, kTooMany); },
      [&] { words.fullOuterJoin(words, kTooMany); },
      [&] { words.groupByKeyAndWindow(Seconds(2), Seconds(1), kTooMany); },
      [&] { words.reduceByKeyAndWindow(add, Seconds(2), Seconds(1), kTooMany); },
      [&] { words.reduceByKeyAndWindow(add, add, Seconds(2), Seconds(1), kTooMany); },
      [&] { words.updateStateByKey(keep, kTooMany); },
      [&] { words.mapWithState(std::decay_t<decltype(spec)>(spec).numPartitions(kTooMany)); },
  };
  for (std::size_t i = 0; i < mistakes.size(); ++i) EXPECT_EQ(thrownBy(mistakes[i]), Code::kUsage) << i;
}

// --- Spark: BasicOperationsSuite.

TEST_F(StreamOperatorsTest, MapFlatMapAndFilterWorkOnEachBatch) {
  const auto numbers = input<int>({{1, 2, 3, 4}, {5, 6, 7, 8}, {}});
  const auto text = collect(numbers.map([](int n) { return std::to_string(n); }));
  const auto many = collect(numbers.flatMap([](int n) { return std::vector<int>{n, n * 10}; }));
  const auto even = collect(numbers.filter([](int n) { return n % 2 == 0; }));
  runBatches(1, 3);
  EXPECT_EQ(*text, (Seen<std::string>{{1, {"1", "2", "3", "4"}}, {2, {"5", "6", "7", "8"}}, {3, {}}}));
  EXPECT_EQ(*many,
            (Seen<int>{{1, {1, 2, 3, 4, 10, 20, 30, 40}}, {2, {5, 6, 7, 8, 50, 60, 70, 80}}, {3, {}}}));
  EXPECT_EQ(*even, (Seen<int>{{1, {2, 4}}, {2, {6, 8}}, {3, {}}}));
}

TEST_F(StreamOperatorsTest, GlomAndMapPartitionsSeeWholePartitions) {
  const auto numbers = input<int>({{1, 2, 3, 4}});
  const auto parts = collect(numbers.glom());
  const auto sums = collect(numbers.mapPartitions([](std::vector<int>&& part) {
    return std::vector<int>{std::accumulate(part.begin(), part.end(), 0)};
  }));
  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(parts->at(1), (std::vector<std::vector<int>>{{1, 3}, {2, 4}}));
  EXPECT_EQ(sums->at(1), (std::vector<int>{4, 6}));
}

TEST_F(StreamOperatorsTest, RepartitionSpreadsOverMoreAndFewerPartitions) {
  const auto numbers = input<int>({{1, 2, 3, 4, 5, 6, 7, 8}});
  for (const std::size_t count : {std::size_t{1}, std::size_t{5}}) {
    numbers.repartition(count).foreachRDD([count](const RDD<int>& rdd) {
      EXPECT_EQ(rdd.getNumPartitions(), count);
      EXPECT_EQ(rdd.count(), 8);
    });
  }
  ASSERT_TRUE(runBatch(1));
}

TEST_F(StreamOperatorsTest, CountReduceAndCountByValueSumUpEachBatch) {
  const auto numbers = input<int>({{1, 1, 2}, {}, {3}});
  const auto counts = collect(numbers.count());
  const auto sums = collect(numbers.reduce(plus));
  const auto values = collect(numbers.countByValue());
  runBatches(1, 3);
  EXPECT_EQ(*counts, (Seen<std::int64_t>{{1, {3}}, {2, {0}}, {3, {1}}}));
  EXPECT_EQ(*sums, (Seen<int>{{1, {4}}, {2, {}}, {3, {3}}}));
  using Counted = std::pair<int, std::int64_t>;
  EXPECT_EQ(*values, (Seen<Counted>{{1, {{1, 2}, {2, 1}}}, {2, {}}, {3, {{3, 1}}}}));
}

TEST_F(StreamOperatorsTest, CountComputesNothingUntilAnActionAsks) {
  std::atomic<int> computed{0};
  const auto counts = input<int>({{1, 2}})
                          .map([&](int n) {
                            ++computed;
                            return n;
                          })
                          .count();
  counts.foreachRDD([&](const RDD<std::int64_t>& rdd) {
    EXPECT_EQ(rdd.getNumPartitions(), 1u);
    EXPECT_EQ(computed, 0);
    EXPECT_EQ(rdd.collect(), (std::vector<std::int64_t>{2}));
  });
  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(computed, 2);
}

TEST_F(StreamOperatorsTest, KeysAreReducedGroupedAndCombined) {
  const auto words = input<Word>({{{"a", 1}, {"a", 2}, {"b", 3}}, {{"", 7}}, {}});
  const auto sums = collect(words.reduceByKey(plus));
  const auto groups = collect(words.groupByKey(3));
  const auto lengths =
      collect(words.combineByKey([](int) { return std::size_t{1}; }, [](std::size_t n, int) { return n + 1; },
                                 [](std::size_t a, std::size_t b) { return a + b; }));
  const auto values = collect(words.mapValues([](int n) { return n * 10; }));
  const auto many = collect(words.flatMapValues([](int n) { return std::vector<int>{n, n + 10}; }));
  runBatches(1, 3);
  EXPECT_EQ(*sums, (Seen<Word>{{1, {{"a", 3}, {"b", 3}}}, {2, {{"", 7}}}, {3, {}}}));
  using Group = std::pair<std::string, std::vector<int>>;
  EXPECT_EQ(*groups, (Seen<Group>{{1, {{"a", {1, 2}}, {"b", {3}}}}, {2, {{"", {7}}}}, {3, {}}}));
  using Length = std::pair<std::string, std::size_t>;
  EXPECT_EQ(*lengths, (Seen<Length>{{1, {{"a", 2}, {"b", 1}}}, {2, {{"", 1}}}, {3, {}}}));
  EXPECT_EQ(values->at(1), (std::vector<Word>{{"a", 10}, {"a", 20}, {"b", 30}}));
  EXPECT_EQ(many->at(2), (std::vector<Word>{{"", 7}, {"", 17}}));
}

TEST_F(StreamOperatorsTest, UnionTakesTheElementsOfAllStreams) {
  const auto one = input<int>({{1, 2}, {5}});
  const auto two = input<int>({{3}, {}});
  const auto three = input<int>({{4}, {6}});
  const auto both = collect(one.union_(two));
  const auto all = collect(context_->union_(std::vector{one, two, three}));
  const auto twice = collect(one.union_(one));
  runBatches(1, 2);
  EXPECT_EQ(*both, (Seen<int>{{1, {1, 2, 3}}, {2, {5}}}));
  EXPECT_EQ(*all, (Seen<int>{{1, {1, 2, 3, 4}}, {2, {5, 6}}}));
  EXPECT_EQ(*twice, (Seen<int>{{1, {1, 1, 2, 2}}, {2, {5, 5}}}));
}

TEST_F(StreamOperatorsTest, UnionAndTransformRefuseStreamsThatDoNotMeet) {
  const auto one = input<int>({{1}});
  const auto slow = one.window(Seconds(2), Seconds(2));
  EXPECT_EQ(thrownBy([&] { one.union_(slow); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { context_->union_(std::vector<DStream<int>>()); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { one.transformWith(slow, [](const RDD<int>& a, const RDD<int>&) { return a; }); }),
            Code::kUsage);
}

TEST_F(StreamOperatorsTest, TransformsGetTheRddsAndTheTimeOfTheBatch) {
  const auto one = input<int>({{1}, {2}});
  const auto two = input<std::string>({{"a"}, {"b"}});
  const auto timed = collect(one.transform([](const RDD<int>& rdd, Time time) {
    return rdd.map([second = time.time_since_epoch() / Seconds(1)](int n) {
      return n * 100 + static_cast<int>(second);
    });
  }));
  const auto plain =
      collect(one.transform([](const RDD<int>& rdd) { return rdd.map([](int n) { return -n; }); }));
  const auto with =
      collect(one.transformWith(two, [](const RDD<int>& numbers, const RDD<std::string>& texts) {
        return numbers.map([](int n) { return std::to_string(n); }).union_(texts);
      }));
  const auto many =
      collect(context_->transform(std::vector{one, one}, [](const std::vector<RDD<int>>& rdds, Time) {
        return rdds[0].union_(rdds[1]);
      }));
  runBatches(1, 2);
  EXPECT_EQ(*timed, (Seen<int>{{1, {101}}, {2, {202}}}));
  EXPECT_EQ(*plain, (Seen<int>{{1, {-1}}, {2, {-2}}}));
  EXPECT_EQ(*with, (Seen<std::string>{{1, {"1", "a"}}, {2, {"2", "b"}}}));
  EXPECT_EQ(*many, (Seen<int>{{1, {1, 1}}, {2, {2, 2}}}));
}

TEST_F(StreamOperatorsTest, JoinsAndCogroupMeetByKey) {
  const auto left = input<Word>({{{"a", 1}, {"b", 2}}, {{"a", 1}}, {}});
  const auto right = input<std::pair<std::string, char>>({{{"a", 'x'}, {"c", 'y'}}, {}, {{"b", 'z'}}});
  using None = std::nullopt_t;
  constexpr None none = std::nullopt;
  const auto joined = collect(left.join(right));
  const auto leftOuter = collect(left.leftOuterJoin(right));
  const auto rightOuter = collect(left.rightOuterJoin(right));
  const auto fullOuter = collect(left.fullOuterJoin(right));
  const auto grouped = collect(left.cogroup(right));
  runBatches(1, 3);
  using Joined = std::pair<std::string, std::pair<int, char>>;
  EXPECT_EQ(*joined, (Seen<Joined>{{1, {{"a", {1, 'x'}}}}, {2, {}}, {3, {}}}));
  using Left = std::pair<std::string, std::pair<int, std::optional<char>>>;
  EXPECT_EQ(*leftOuter,
            (Seen<Left>{{1, {{"a", {1, 'x'}}, {"b", {2, none}}}}, {2, {{"a", {1, none}}}}, {3, {}}}));
  using Right = std::pair<std::string, std::pair<std::optional<int>, char>>;
  EXPECT_EQ(*rightOuter,
            (Seen<Right>{{1, {{"a", {1, 'x'}}, {"c", {none, 'y'}}}}, {2, {}}, {3, {{"b", {none, 'z'}}}}}));
  using Full = std::pair<std::string, std::pair<std::optional<int>, std::optional<char>>>;
  EXPECT_EQ(fullOuter->at(1), (std::vector<Full>{{"a", {1, 'x'}}, {"b", {2, none}}, {"c", {none, 'y'}}}));
  using Grouped = std::pair<std::string, std::pair<std::vector<int>, std::vector<char>>>;
  EXPECT_EQ(grouped->at(1),
            (std::vector<Grouped>{{"a", {{1}, {'x'}}}, {"b", {{2}, {}}}, {"c", {{}, {'y'}}}}));
}

TEST_F(StreamOperatorsTest, TryMapCountsWhatItLeavesOutAndHandsItOver) {
  std::atomic<int> errors{0};
  std::vector<std::string> letters;
  const auto numbers = collect(input<std::string>({{"1", "two", "3"}, {"x"}})
                                   .tryMap([](const std::string& text) { return std::stoi(text); },
                                           [&](const std::string& text) {
                                             ++errors;
                                             letters.push_back(text);
                                           }));
  runBatches(1, 2);
  EXPECT_EQ(*numbers, (Seen<int>{{1, {1, 3}}, {2, {}}}));
  EXPECT_EQ(errors, 2);
  EXPECT_EQ(letters, (std::vector<std::string>{"two", "x"}));
}

TEST_F(StreamOperatorsTest, WhatIsCachedIsComputedOnceForTheBatch) {
  std::atomic<int> computed{0};
  const auto mapped = input<int>({{1, 2}}).map([&](int n) {
    ++computed;
    return n;
  });
  mapped.cache();
  collect(mapped);
  collect(mapped.map([](int n) { return -n; }));
  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(computed, 2);
  EXPECT_EQ(mapped.node()->rddsHeld(), 0u);
}

TEST_F(StreamOperatorsTest, SliceGivesTheRememberedRddsBetweenTwoTimes) {
  const auto numbers = input<int>({{1}, {2}, {3}, {4}, {5}});
  context_->remember(Seconds(3));
  std::vector<std::vector<int>> sliced;
  numbers.foreachRDD([&](const RDD<int>&, Time time) {
    if (time != at(5)) return;
    for (const RDD<int>& rdd : numbers.slice(at(3), at(4) + Milliseconds(500)))
      sliced.push_back(rdd.collect());
  });
  history_ = {};
  runBatches(1, 5);
  EXPECT_EQ(sliced, (std::vector<std::vector<int>>{{3}, {4}}));
  EXPECT_EQ(thrownBy([&] { numbers.slice(at(1), at(2)); }), Code::kUsage);  // Outside a batch.
  EXPECT_EQ(thrownBy([&] { numbers.slice(at(2), at(1)); }), Code::kUsage);
}

TEST_F(StreamOperatorsTest, PrintShowsTheFirstElementsOfEachBatch) {
  input<Word>({{{"a", 1}, {"a", 2}}}).repartition(1).print(1);
  testing::internal::CaptureStdout();
  ASSERT_TRUE(runBatch(1));
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(printed,
            "-------------------------------------------\nTime: 1000 ms\n"
            "-------------------------------------------\n(a,1)\n...\n\n");
}

class SavedFiles : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    directory_ = std::filesystem::path(testing::TempDir()) / ("saved-" + std::to_string(::getpid()));
    std::filesystem::remove_all(directory_);
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    StreamFixture::TearDown();
  }
  std::string read(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(directory_ / file).rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
};

TEST_F(SavedFiles, OfEachBatchLieInAFolderNamedByItsTime) {
  const auto numbers = input<int>({{1, 2, 3}, {}});
  numbers.saveAsTextFiles((directory_ / "numbers").string(), "txt");
  numbers.map([](int n) { return std::pair(n, n * n); }).saveAsTextFiles((directory_ / "pairs").string());
  runBatches(1, 2);
  EXPECT_EQ(read("numbers-1000.txt/part-00000"), "1\n3\n");
  EXPECT_EQ(read("numbers-1000.txt/part-00001"), "2\n");
  EXPECT_TRUE(std::filesystem::exists(directory_ / "numbers-1000.txt" / "_SUCCESS"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "numbers-2000.txt" / "_SUCCESS"));
  EXPECT_EQ(read("pairs-1000/part-00001"), "(2,4)\n");
}

TEST_F(SavedFiles, OfARetryReplaceTheOnesBefore) {
  input<int>({{1}}).saveAsTextFiles((directory_ / "n").string());
  ASSERT_TRUE(runBatch(1));
  std::ofstream(directory_ / "n-1000" / "part-00007") << "stale";
  ASSERT_TRUE(runBatch(1, 2));
  EXPECT_EQ(read("n-1000/part-00000"), "1\n");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "n-1000" / "part-00007"));
}

TEST_F(SavedFiles, WhereNothingCanBeWrittenFailTheBatchWithTheName) {
  std::filesystem::create_directories(directory_);
  std::ofstream(directory_ / "file") << "in the way";
  input<int>({{1}}).saveAsTextFiles((directory_ / "file" / "n").string());
  auto failed = runBatch(1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kIo);
  EXPECT_NE(failed.error().message().find("n-1000"), std::string::npos);
}

// --- Spark: WindowOperationsSuite.

class WindowTest : public StreamFixture {
 protected:
  const std::vector<std::vector<int>> ones_ = {{0}, {1}, {2}, {3}, {4}, {5}};
  // As in Spark: a key that goes, and one that comes back.
  const Words words_ = {{{"a", 1}},           {{"a", 1}}, {{"a", 1}, {"b", 1}},
                        {{"a", 1}, {"b", 1}}, {{"b", 1}}, {{"a", 1}}};
};

TEST_F(WindowTest, HoldsTheBatchesOfItsLengthAtEachSlide) {
  const auto numbers = input<int>(ones_);
  const auto basic = collect(numbers.window(Seconds(2)));
  const auto tumbling = collect(numbers.window(Seconds(2), Seconds(2)));
  const auto larger = collect(numbers.window(Seconds(4), Seconds(2)));
  const auto gaps = collect(numbers.window(Seconds(1), Seconds(3)));
  runBatches(1, 6);
  EXPECT_EQ(*basic, (Seen<int>{{1, {0}}, {2, {0, 1}}, {3, {1, 2}}, {4, {2, 3}}, {5, {3, 4}}, {6, {4, 5}}}));
  EXPECT_EQ(*tumbling, (Seen<int>{{2, {0, 1}}, {4, {2, 3}}, {6, {4, 5}}}));
  EXPECT_EQ(*larger, (Seen<int>{{2, {0, 1}}, {4, {0, 1, 2, 3}}, {6, {2, 3, 4, 5}}}));
  EXPECT_EQ(*gaps, (Seen<int>{{3, {2}}, {6, {5}}}));
}

TEST_F(WindowTest, StaysEmptyWhenItsBatchesHaveNothing) {
  const auto seen = collect(input<int>({{1}}).window(Seconds(2)));
  runBatches(1, 3);
  EXPECT_EQ(*seen, (Seen<int>{{1, {1}}, {2, {1}}, {3, {}}}));
}

// (Spark: a stream has no RDD before the time at which its context starts)
TEST_F(WindowTest, HasNothingOfWindowsThatEndBeforeTheFirstBatch) {
  const auto words =
      input<Word>(words_).reduceByKeyAndWindow(plus, std::minus<int>(), Seconds(2), Seconds(1));
  const auto direct = collect(input<int>(ones_).countByWindow(Seconds(2), Seconds(1)).window(Seconds(3)));
  const auto inverse = collect(words.count().window(Seconds(3)));
  runBatches(1, 3);
  EXPECT_EQ(*direct, (Seen<std::int64_t>{{1, {1}}, {2, {1, 2}}, {3, {1, 2, 2}}}));
  EXPECT_EQ(*inverse, (Seen<std::int64_t>{{1, {1}}, {2, {1, 1}}, {3, {1, 1, 2}}}));
}

TEST_F(WindowTest, ReducesWithAndWithoutTheInverseToTheSame) {
  const auto numbers = input<int>(ones_);
  const auto direct = collect(numbers.reduceByWindow(plus, Seconds(3), Seconds(1)));
  const auto inverse = collect(numbers.reduceByWindow(plus, std::minus<int>(), Seconds(3), Seconds(1)));
  const auto counts = collect(numbers.countByWindow(Seconds(4), Seconds(2)));
  runBatches(1, 7);
  EXPECT_EQ(*direct, (Seen<int>{{1, {0}}, {2, {1}}, {3, {3}}, {4, {6}}, {5, {9}}, {6, {12}}, {7, {9}}}));
  EXPECT_EQ(*inverse, *direct);
  EXPECT_EQ(*counts, (Seen<std::int64_t>{{2, {2}}, {4, {4}}, {6, {4}}}));
}

TEST_F(WindowTest, GroupsAndReducesByKey) {
  const auto words = input<Word>(words_);
  const auto groups = collect(words.groupByKeyAndWindow(Seconds(2)));
  const auto sums = collect(words.reduceByKeyAndWindow(plus, Seconds(2), Seconds(1)));
  runBatches(1, 7);
  using Group = std::pair<std::string, std::vector<int>>;
  EXPECT_EQ(groups->at(4), (std::vector<Group>{{"a", {1, 1}}, {"b", {1, 1}}}));
  EXPECT_EQ(*sums, (Seen<Word>{{1, {{"a", 1}}},
                               {2, {{"a", 2}}},
                               {3, {{"a", 2}, {"b", 1}}},
                               {4, {{"a", 2}, {"b", 2}}},
                               {5, {{"a", 1}, {"b", 2}}},
                               {6, {{"a", 1}, {"b", 1}}},
                               {7, {{"a", 1}}}}));
}

TEST_F(WindowTest, WithTheInverseKeysStayUntilTheFilterTakesThem) {
  const auto words = input<Word>(words_);
  const auto minus = std::minus<int>();
  const auto stays = collect(words.reduceByKeyAndWindow(plus, minus, Seconds(2), Seconds(1)));
  const auto filtered = collect(words.reduceByKeyAndWindow(
      plus, minus, Seconds(2), Seconds(1), 3, [](const Word& word) { return word.second != 0; }));
  runBatches(1, 8);
  EXPECT_EQ(stays->at(4), (std::vector<Word>{{"a", 2}, {"b", 2}}));
  EXPECT_EQ(stays->at(8), (std::vector<Word>{{"a", 0}, {"b", 0}}));
  EXPECT_EQ(filtered->at(4), (std::vector<Word>{{"a", 2}, {"b", 2}}));
  EXPECT_EQ(filtered->at(7), (std::vector<Word>{{"a", 1}}));
  EXPECT_EQ(filtered->at(8), (std::vector<Word>{}));
}

TEST_F(WindowTest, CountsValues) {
  const auto seen =
      collect(input<char>({{'a', 'a'}, {'b'}, {'a'}}).countByValueAndWindow(Seconds(2), Seconds(1)));
  runBatches(1, 4);
  using Counted = std::pair<char, std::int64_t>;
  EXPECT_EQ(*seen,
            (Seen<Counted>{
                {1, {{'a', 2}}}, {2, {{'a', 2}, {'b', 1}}}, {3, {{'a', 1}, {'b', 1}}}, {4, {{'a', 1}}}}));
}

TEST_F(WindowTest, WhoseLengthOrSlideIsNoMultipleIsRefused) {
  const auto numbers = input<int>({});
  const auto slow = numbers.window(Seconds(2), Seconds(2));
  EXPECT_EQ(thrownBy([&] { numbers.window(Milliseconds(1500)); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { numbers.window(Seconds(2), Milliseconds(500)); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { numbers.window(Seconds(0)); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { numbers.window(Seconds(-1)); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { slow.window(Seconds(3)); }), Code::kUsage);  // Of the parent's slide, too.
  EXPECT_EQ(thrownBy([&] {
              input<Word>({}).reduceByKeyAndWindow(plus, std::minus<int>(), Seconds(3), Milliseconds(100));
            }),
            Code::kUsage);
  slow.window(Seconds(4));
}

TEST_F(WindowTest, AfterARestartTheInverseBeginsFromTheHistory) {
  const auto words = input<Word>(words_);
  const auto seen = collect(words.reduceByKeyAndWindow(plus, std::minus<int>(), Seconds(3), Seconds(1)));
  history_ = {2, 3};
  ASSERT_TRUE(runBatch(4));
  history_.clear();
  ASSERT_TRUE(runBatch(5));
  EXPECT_EQ(seen->at(4), (std::vector<Word>{{"a", 3}, {"b", 2}}));
  EXPECT_EQ(seen->at(5), (std::vector<Word>{{"a", 2}, {"b", 3}}));
}

}  // namespace
}  // namespace tidemill
