#include "tidemill/rdd.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <new>
#include <stdexcept>
#include <string>

#include "rt/thread_pool.h"
#include "stream/task_retry.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

// Partitions given as they are.
template <class T>
class PartsNode final : public detail::RddNode<T> {
 public:
  PartsNode(TaskRunner& runner, std::vector<std::vector<T>> parts)
      : detail::RddNode<T>(runner), parts_(std::move(parts)) {}
  std::size_t partitions() const override { return parts_.size(); }
  void compute(std::size_t partition, FunctionRef<void(T&&)> emit) const override {
    for (const T& element : parts_[partition]) emit(T(element));
  }

 private:
  const std::vector<std::vector<T>> parts_;
};

class RddTest : public testing::Test {
 protected:
  template <class T>
  RDD<T> rdd(std::vector<std::vector<T>> parts) {
    return RDD<T>(std::make_shared<PartsNode<T>>(runner_, std::move(parts)));
  }

  rt::ThreadPool workers_{3, "test"};
  stream::RetryingTaskRunner runner_{workers_, 3};
};

TEST_F(RddTest, MapsFiltersAndFlattensInOrderOfThePartitions) {
  const auto result = rdd<int>({{1, 2}, {}, {3, 4, 5}})
                          .filter([](int n) { return n != 4; })
                          .flatMap([](int n) { return std::vector<int>(static_cast<std::size_t>(n), n); })
                          .map([](int n) { return std::to_string(n); })
                          .collect();
  EXPECT_EQ(result, (std::vector<std::string>{"1", "2", "2", "3", "3", "3", "5", "5", "5", "5", "5"}));
}

TEST_F(RddTest, ReducesByKeyOverAllPartitions) {
  using Pair = std::pair<std::string, int>;
  const auto pairs = rdd<Pair>({{{"a", 1}, {"b", 2}, {"a", 3}}, {{"b", 10}}, {{"c", 7}}})
                         .reduceByKey([](int a, int b) { return a + b; })
                         .collect();
  const std::map<std::string, int> result(pairs.begin(), pairs.end());
  EXPECT_EQ(pairs.size(), 3u);
  EXPECT_EQ(result, (std::map<std::string, int>{{"a", 4}, {"b", 12}, {"c", 7}}));
}

TEST_F(RddTest, ReducesManySmallPartitionsToFew) {
  using Pair = std::pair<std::string, int>;
  std::vector<std::vector<Pair>> parts(10'000);
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {{std::to_string(i % 100), 1}};
  const auto reduced = rdd<Pair>(std::move(parts)).reduceByKey([](int a, int b) { return a + b; });
  EXPECT_LE(reduced.getNumPartitions(), 32u);
  const auto pairs = reduced.collect();
  EXPECT_EQ(pairs.size(), 100u);
  for (const auto& [key, count] : pairs) EXPECT_EQ(count, 100) << key;
}

TEST_F(RddTest, AnswersActionsOnNothing) {
  const auto empty = rdd<int>({});
  EXPECT_EQ(empty.count(), 0);
  EXPECT_TRUE(empty.isEmpty());
  EXPECT_TRUE(empty.collect().empty());
  EXPECT_EQ(empty.reduce([](int a, int b) { return a + b; }), std::nullopt);
  using Pair = std::pair<int, int>;
  EXPECT_TRUE(rdd<Pair>({}).reduceByKey([](int a, int b) { return a + b; }).collect().empty());
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

}  // namespace
}  // namespace tidemill
