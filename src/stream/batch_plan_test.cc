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

TEST(BatchPlan, PartsOfOneBlockAreOneInABatchAndEachShardKeepsItsOrder) {
  const auto part = [](const std::string& id, const std::string& shard) {
    auto info = std::make_shared<block::BlockInfo>();
    info->id = id;
    info->slices.push_back({.range = {"stream", shard, "1", "2", 2}});
    return std::shared_ptr<const block::BlockInfo>(std::move(info));
  };
  BatchPlan plan(1);
  plan.add(0, part("9", "new"));
  plan.addFirst(0, {part("2", "s"), part("4", "s"), part("5", "s")});
  plan.addFirst(0, {part("1", "t"), part("2", "t"), part("3", "t"), part("5", "t")});
  const auto batch = plan.allocate(kFirst, false);

  EXPECT_EQ(idsOf(batch->inputs[0]), "1 2 3 4 5 9 ");
  std::string slices;
  for (const auto& info : batch->inputs[0]) {
    for (const block::SliceInfo& slice : info->slices) slices += info->id + slice.range.shardId + " ";
  }
  EXPECT_EQ(slices, "1t 2s 2t 3t 4s 5s 5t 9new ");
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
