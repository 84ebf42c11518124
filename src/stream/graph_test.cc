#include "stream/graph.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "stream/test_stream.h"

namespace tidemill {
namespace {

using SeenNumbers = std::map<std::int64_t, std::vector<int>>;

// Looks back: gives the elements of the last `reach` of its parent.
class LookBack final : public detail::StreamNode<int> {
 public:
  LookBack(detail::StreamPlace place, std::shared_ptr<detail::StreamNode<int>> parent, Duration reach,
           Duration slide)
      : StreamNode(std::move(place), "look-back", {parent}, slide),
        parent_(std::move(parent)),
        reach_(reach) {}
  Duration parentReach() const override { return reach_; }
  bool worthKeeping() const override { return false; }

 protected:
  std::optional<RDD<int>> compute(detail::BatchContext& batch, Time time) override {
    std::vector<std::vector<int>> parts;
    for (Time t = time - reach_ + parent_->slide(); t <= time; t += parent_->slide()) {
      const auto rdd = parent_->getOrCompute(batch, t);
      if (rdd) parts.push_back(rdd->collect());
    }
    return RDD<int>(std::make_shared<detail::KeptNode<int>>(*batch.tasks, std::move(parts)));
  }

 private:
  const std::shared_ptr<detail::StreamNode<int>> parent_;
  const Duration reach_;
};

class GraphTest : public StreamFixture {
 protected:
  DStream<int> lookBack(const DStream<int>& parent, Duration reach, Duration slide) {
    return DStream<int>(
        detail::addNode<LookBack>(detail::GraphAccess::core(*context_), parent.node(), reach, slide));
  }
};

TEST_F(GraphTest, AStreamThatIsUsedTwiceIsMadeOnceForABatchAndAgainForARetry) {
  auto node = inputNode<int>({{at(1), {{1, 2}}}});
  const DStream<int> numbers(node);
  collect(numbers);
  collect(numbers.map([](int n) { return n + 1; }));

  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(node->made(), 1);
  ASSERT_TRUE(runBatch(1, 2));
  EXPECT_EQ(node->made(), 2);
}

TEST_F(GraphTest, WhatNobodyLooksBackAtIsLetGoWithItsBatch) {
  const auto numbers = input<int>({{1}, {2}});
  const auto doubled = numbers.map([](int n) { return 2 * n; });
  collect(doubled);
  runBatches(1, 2);
  EXPECT_EQ(numbers.node()->rddsHeld(), 0u);
  EXPECT_EQ(doubled.node()->rddsHeld(), 0u);
  EXPECT_FALSE(graph().looksBack());
}

TEST_F(GraphTest, WhatIsLookedBackAtIsComputedInItsBatchAndHeldAsLongAsItIsWanted) {
  int calls = 0;
  const auto numbers = input<int>({{1}, {2}, {3}, {4}, {5}, {6}});
  const auto counted = numbers.map([&](int n) {
    ++calls;
    return n;
  });
  const auto seen = collect(lookBack(counted, Seconds(3), Seconds(2)));

  runBatches(1, 6);

  EXPECT_EQ(*seen, (SeenNumbers{{2, {1, 2}}, {4, {2, 3, 4}}, {6, {4, 5, 6}}}));
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(numbers.node()->rddsHeld(), 0u);
  EXPECT_LE(counted.node()->rddsHeld(), 3u);
  EXPECT_TRUE(graph().looksBack());
}

TEST_F(GraphTest, LookingBackTwiceReachesAsFarAsBothTogether) {
  const auto numbers = input<int>({{1}, {2}, {3}, {4}, {5}});
  const auto twice = lookBack(lookBack(numbers, Seconds(2), Seconds(1)), Seconds(3), Seconds(1));
  const auto seen = collect(twice);
  runBatches(1, 5);
  EXPECT_EQ(seen->at(5), (std::vector<int>{2, 3, 3, 4, 4, 5}));
  EXPECT_EQ(graph().rememberDuration(), Seconds(4));
  EXPECT_EQ(graph().historyAfter(at(5), {}, at(0)), at(2));
}

TEST_F(GraphTest, AfterARestartTheHistoryIsComputedOnceAndInItsOrder) {
  int calls = 0;
  const auto counted = input<int>({{1}, {2}, {3}, {4}, {5}}).map([&](int n) {
    ++calls;
    return n;
  });
  const auto seen = collect(lookBack(counted, Seconds(3), Seconds(1)));
  history_ = {2, 3};  // Batch 4 was none: the program did not run.

  ASSERT_TRUE(runBatch(5));
  history_.clear();
  ASSERT_TRUE(runBatch(6));

  EXPECT_EQ(*seen, (SeenNumbers{{5, {3, 5}}, {6, {5}}}));
  EXPECT_EQ(calls, 2);
}

TEST_F(GraphTest, AFailedBatchKeepsWhatEarlierOnesLeft) {
  bool fails = true;
  int calls = 0;
  const auto counted = input<int>({{1}, {2}, {3}}).map([&](int n) {
    ++calls;
    return n;
  });
  const auto back = lookBack(counted, Seconds(2), Seconds(1));
  const auto seen = collect(back);
  back.foreachRDD([&](const RDD<int>&, Time time) {
    if (time == at(2) && std::exchange(fails, false)) throw std::runtime_error("not yet");
  });

  ASSERT_TRUE(runBatch(1));
  auto failed = runBatch(2);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("output 1 (foreachRDD): not yet"), std::string::npos);
  ASSERT_TRUE(runBatch(2, 2));
  ASSERT_TRUE(runBatch(3));

  EXPECT_EQ(*seen, (SeenNumbers{{1, {1}}, {2, {1, 2}}, {3, {2, 3}}}));
  EXPECT_EQ(calls, 4);  // The second batch twice.
}

TEST_F(GraphTest, OperatorsHaveNamesThatAreTheirOwn) {
  const auto numbers = input<int>({});
  const auto mapped = numbers.map([](int n) { return n; });
  EXPECT_EQ(numbers.node()->uid(), "test-0");
  EXPECT_EQ(mapped.node()->uid(), "map-1");
  EXPECT_EQ(mapped.uid("total").node()->uid(), "total");
  EXPECT_EQ(thrownBy([&] { numbers.uid("total"); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { numbers.uid(""); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { numbers.uid("../up"); }), Code::kUsage);
}

TEST_F(GraphTest, TheShapeNamesWhatOutputsNeed) {
  const auto numbers = input<int>({});
  const auto mapped = numbers.map([](int n) { return n; }).uid("total");
  numbers.map([](int n) { return -n; });  // Nobody's.
  mapped.print();
  ASSERT_TRUE(runBatch(1));
  const auto shape = graph().shape();
  ASSERT_EQ(shape.size(), 2u);
  EXPECT_EQ(shape[0], (stream::OperatorShape{.uid = "test-0", .kind = "test", .slide = Seconds(1)}));
  EXPECT_EQ(
      shape[1],
      (stream::OperatorShape{
          .uid = "total", .kind = "map", .parents = {"test-0"}, .slide = Seconds(1), .uidGiven = true}));
}

TEST_F(GraphTest, StreamsOfTwoContextsAreNotJoined) {
  StreamingContext other(*seams_, Conf(), Seconds(1));
  const auto numbers = input<int>({});
  EXPECT_EQ(thrownBy([&] {
              detail::addNode<LookBack>(detail::GraphAccess::core(other), numbers.node(), Seconds(1),
                                        Seconds(1));
            }),
            Code::kUsage);
}

TEST_F(GraphTest, AnRddIsNotComputedOutsideItsBatch) {
  std::optional<RDD<int>> kept;
  input<int>({{1}}).map([](int n) { return n; }).foreachRDD([&](const RDD<int>& rdd) { kept = rdd; });
  ASSERT_TRUE(runBatch(1));
  EXPECT_EQ(thrownBy([&] { kept->collect(); }), Code::kUsage);
}

}  // namespace
}  // namespace tidemill
