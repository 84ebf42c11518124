#include "stream/batch_plan.h"

#include <gtest/gtest.h>

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const block::BlockInfo> blockNamed(const std::string& id) {
  return std::make_shared<const block::BlockInfo>(block::BlockInfo{id, {}, {}});
}

std::string idsOf(const BlockInfoList& blocks) {
  std::string ids;
  for (const auto& block : blocks) ids += block->id + " ";
  return ids;
}

constexpr Time kFirst{1000ms};
constexpr Time kSecond{2000ms};

TEST(BatchPlan, PutsEveryBlockIntoExactlyOneBatchInOrder) {
  BatchPlan plan(2);
  plan.add(0, blockNamed("a"));
  plan.add(1, blockNamed("b"));
  plan.add(0, blockNamed("c"));
  const auto first = plan.allocate(kFirst, false);
  plan.add(0, blockNamed("d"));
  const auto second = plan.allocate(kSecond, true);

  EXPECT_EQ(idsOf(first->inputs[0]), "a c ");
  EXPECT_EQ(idsOf(first->inputs[1]), "b ");
  EXPECT_EQ(idsOf(second->inputs[0]), "d ");
  EXPECT_EQ(second->time, kSecond);
}

TEST(BatchPlan, MakesEmptyBatchesButNotBehindABusyOne) {
  BatchPlan plan(1);
  EXPECT_TRUE(plan.allocate(kFirst, false).has_value());
  EXPECT_FALSE(plan.allocate(kSecond, true).has_value());
}

TEST(BatchTimes, NamesBatchesByMultiplesOfTheInterval) {
  const BatchTimes times(rt::TimePoint(50s), rt::WallTime(10'400ms), Seconds(1));
  EXPECT_EQ(times.tick(0).time, Time(11s));
  EXPECT_EQ(times.tick(0).due, rt::TimePoint(50s + 600ms));
  EXPECT_EQ(times.tick(3).time, Time(14s));
  EXPECT_EQ(times.tick(3).due, rt::TimePoint(53s + 600ms));
}

TEST(BatchTimes, WaitsAWholeIntervalWhenStartedOnAMultiple) {
  const BatchTimes times(rt::TimePoint(50s), rt::WallTime(10'000ms), Seconds(1));
  EXPECT_EQ(times.tick(0).time, Time(11s));
  EXPECT_EQ(times.tick(0).due, rt::TimePoint(51s));
}

}  // namespace
}  // namespace tidemill::stream
