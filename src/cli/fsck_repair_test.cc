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
                                                     const std::vector<std::string>& numbers,
                                                     const std::string& stream = "orders") {
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = stream;
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
  Result<RepairReport> repair() { return repair(check().toRebuild()); }
  Result<RepairReport> repair(std::vector<std::shared_ptr<const block::BlockInfo>> damaged) {
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

TEST_F(FsckRepairTest, ABlockWhoseStreamCannotBeReadStaysAndNamesItsRanges) {
  segment()[places_[0].offset + 200] ^= 1;
  api_.iterators = {fail(Code::kAccessDenied, "not allowed")};
  const auto repaired = repair();
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->rebuilt, 0u);
  ASSERT_TRUE(repaired->failure());
  EXPECT_EQ(repaired->failure()->code(), Code::kAccessDenied);
  EXPECT_NE(repaired->failure()->message().find("block a, SequenceNumberRanges(SequenceNumberRange(orders,"),
            std::string::npos)
      << repaired->failure()->message();
  EXPECT_EQ(check().damaged, 1u);
}

TEST_F(FsckRepairTest, AStreamThatIsGoneDoesNotKeepTheOthersFromBeingRebuilt) {
  const auto other = blockOf("c", {"7", "8"}, "billing");
  const auto place = *open()->put(std::vector{other});
  disk_.find(place[0].path)->bytes[place[0].offset + 200] ^= 1;
  segment()[places_[0].offset + 200] ^= 1;
  // Streams come in the order of their names.
  api_.iterators = {fail(Code::kUnknownStream, "stream billing does not exist"), std::string("i1")};
  api_.listings = {fail(Code::kUnknownStream, "stream billing does not exist")};
  api_.pages = {consume::pageOf({"1", "2", "3", "4"}, "i2")};

  const auto repaired = repair();

  ASSERT_TRUE(repaired) << repaired.error().message();
  EXPECT_EQ(repaired->rebuilt, 1u);
  ASSERT_EQ(repaired->notRebuilt.size(), 1u);
  EXPECT_EQ(repaired->notRebuilt[0].code(), Code::kUnknownStream);
  EXPECT_EQ(repaired->notRebuilt[0].message().rfind("block c, ", 0), 0u);
  EXPECT_NE(repaired->notRebuilt[0].hint().find("if the stream was deleted"), std::string::npos);
  EXPECT_EQ(check().damaged, 1u);
}

TEST_F(FsckRepairTest, ABlockThatWasReleasedMeanwhileIsNotMadeAgain) {
  segment()[places_[0].offset + 200] ^= 1;
  auto damaged = check().toRebuild();
  ASSERT_TRUE(open()->release(std::vector<std::string>{"a"}));
  const auto repaired = repair(std::move(damaged));
  ASSERT_TRUE(repaired) << repaired.error().message();
  EXPECT_EQ(repaired->rebuilt, 0u);
  EXPECT_TRUE(api_.calls.empty());
  EXPECT_EQ(check().blocks, 1u);
}

TEST_F(FsckRepairTest, AFullDiskEndsTheRepairAndNothingIsLost) {
  segment()[places_[0].offset + 200] ^= 1;
  api_.iterators = {std::string("i1")};
  api_.pages = {consume::pageOf({"1", "2", "3", "4"}, "i2")};
  auto damaged = check().toRebuild();
  disk_.faults().bytesMax = disk_.bytesUsed();
  const auto full = repair(std::move(damaged));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kDiskFull);
  disk_.faults().bytesMax = 1 << 20;
  EXPECT_EQ(check().damaged, 1u);
  EXPECT_EQ(check().blocks, 1u);
}

TEST(RepairReport, SaysHowManyAndWhatIsGoneFirst) {
  RepairReport report;
  EXPECT_FALSE(report.failure());
  report.notRebuilt.emplace_back(Code::kAccessDenied, "block a: not allowed", "ask");
  EXPECT_EQ(report.failure()->message(), "block a: not allowed");
  report.notRebuilt.emplace_back(Code::kDataLoss, "block b: gone", "look");
  EXPECT_EQ(report.failure()->code(), Code::kDataLoss);
  EXPECT_EQ(report.failure()->message(), "2 blocks were not rebuilt, one of them: block b: gone");
  EXPECT_EQ(report.failure()->hint(), "look");
}

TEST_F(FsckRepairTest, DamageThatNobodyKnowsIsALossWithItsPlace) {
  segment()[places_[0].offset + 70] ^= 1;
  const auto listing = block::listStore(files_, "/store");
  disk_.find("/store/" + block::indexName(listing->indexes.back()))->bytes[160] ^= 1;

  const auto unknown = unknownDamage(check());

  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0].code(), Code::kDataLoss);
  EXPECT_EQ(unknown[0].message().rfind(places_[0].path + " at byte 0: ", 0), 0u) << unknown[0].message();
  EXPECT_FALSE(unknown[0].hint().empty());
}

}  // namespace
}  // namespace tidemill::cli
