#include "cli/fsck_repair.h"

#include <gtest/gtest.h>

#include <string>

#include "block/block_fsck.h"
#include "consume/scripted_kinesis.h"
#include "sim/sim_files.h"
#include "sim/sim_log.h"
#include "sim/sim_loop.h"

namespace tidemill::cli {
namespace {

// A store with two blocks of shard-1 of stream orders: 1 to 3, and 4 to 6.
class FsckRepairTest : public testing::Test {
 protected:
  FsckRepairTest() {
    const auto store = open();
    places_ = *store->put(std::vector{blockOf("a", {"1", "2", "3"}), blockOf("b", {"4", "5", "6"})});
    api_.shards = {consume::shardOf("shard-1")};
    options_.onLoss = consume::LossPolicy::kRecord;
  }
  static std::shared_ptr<const block::Block> blockOf(const std::string& id,
                                                     const std::vector<std::string>& numbers) {
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = "orders";
    page->shardId = "shard-1";
    page->page = consume::pageOf(numbers, "next");
    return std::make_shared<const block::Block>(id, std::vector<block::BlockSlice>{{page, 0, numbers.size()}},
                                                std::vector<block::ShardEnd>{});
  }
  std::unique_ptr<block::DiskBlocks> open() {
    return std::move(*block::DiskBlocks::open(files_, faults_, "/store", {.salt = 7}));
  }
  block::FsckReport check(bool repair = false) {
    const auto report = block::checkStore(files_, "/store", {.repair = repair});
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : block::FsckReport{};
  }
  Result<RepairReport> repair() {
    auto damaged = check().toRebuild();
    const auto store = open();
    consume::RangeReader reader(
        {loop_, api_, std::make_shared<consume::ShardPaces>(consume::PaceOptions()), random_, log_, faults_},
        options_);
    return loop_.run(rebuildBlocks(reader, *store, std::move(damaged)));
  }
  std::string& segment() { return disk_.find(places_[0].path)->bytes; }

  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
  sim::SimLoop loop_{1};
  base::Random random_{1};
  sim::SimLog log_;
  rt::NoFaults faults_;
  consume::ScriptedKinesis api_;
  consume::RangeReadOptions options_;
  std::vector<block::BlockLocation> places_;
};

TEST_F(FsckRepairTest, AFlippedByteIsRebuiltFromKinesis) {
  segment()[places_[0].offset + 200] ^= 1;
  ASSERT_EQ(check().damaged, 1u);
  ASSERT_EQ(check().rebuildable, 1u);
  api_.iterators = {std::string("i1")};
  api_.pages = {consume::pageOf({"1", "2", "3", "4"}, "i2")};

  const auto repaired = repair();

  ASSERT_TRUE(repaired) << repaired.error().message();
  EXPECT_EQ(repaired->rebuilt, 1u);
  EXPECT_TRUE(repaired->notRebuilt.empty());
  EXPECT_EQ(check().damaged, 0u);
  EXPECT_EQ(check().blocks, 2u);
  const auto store = open();
  const auto loaded = store->load(*store->location("a"));
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ((*loaded)->info()->slices, blockOf("a", {"1", "2", "3"})->info()->slices);
}

TEST_F(FsckRepairTest, ABlockThatKinesisNoLongerHasStaysAsItIs) {
  segment()[places_[0].offset + 200] ^= 1;
  api_.iterators = {std::string("i1")};
  api_.pages = {consume::pageOf({"2", "3", "4"}, "i2")};
  const auto repaired = repair();
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->rebuilt, 0u);
  ASSERT_EQ(repaired->notRebuilt.size(), 1u);
  EXPECT_EQ(repaired->notRebuilt[0].code(), Code::kDataLoss);
  EXPECT_EQ(repaired->notRebuilt[0].message().rfind("block a: range 1 to 3 of shard shard-1", 0), 0u);
  EXPECT_EQ(check().damaged, 1u);
}

TEST_F(FsckRepairTest, ABlockInATornTailIsRebuiltAndTheTailIsCut) {
  segment().resize(places_[1].offset + 100);
  ASSERT_EQ(check().torn, 1u);
  ASSERT_EQ(check().lost, 1u);
  ASSERT_EQ(check().damaged, 0u);
  api_.iterators = {std::string("i1")};
  api_.pages = {consume::pageOf({"4", "5", "6"}, "i2")};
  const auto repaired = repair();
  ASSERT_TRUE(repaired) << repaired.error().message();
  EXPECT_EQ(repaired->rebuilt, 1u);
  check(true);
  const block::FsckReport after = check();
  EXPECT_EQ(after.torn, 0u);
  EXPECT_EQ(after.lost, 0u);
  EXPECT_EQ(after.blocks, 2u);
}

TEST_F(FsckRepairTest, WhatWasRebuiltBeforeAFailureStaysSo) {
  segment()[places_[0].offset + 200] ^= 1;
  api_.iterators = {fail(Code::kAccessDenied, "not allowed")};
  const auto repaired = repair();
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code(), Code::kAccessDenied);
  EXPECT_EQ(check().damaged, 1u);
}

}  // namespace
}  // namespace tidemill::cli
