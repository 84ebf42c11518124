#include "block/block_fsck.h"

#include <gtest/gtest.h>

#include "block/disk_blocks.h"
#include "block/test_blocks.h"
#include "sim/recorded_files.h"
#include "sim/sim_files.h"

namespace tidemill::block {
namespace {

using Blocks = std::vector<std::shared_ptr<const Block>>;

// A store with blocks a, b and c in one segment; b is of two shards.
class FsckTest : public testing::Test {
 protected:
  FsckTest() {
    const auto store = open();
    blocks_ = {testBlock("a", 1), testBlock("b", {testPage("shard-a", 3, 9), testPage("shard-b", 1, 4)}),
               testBlock("c", 20)};
    places_ = *store->put(blocks_);
  }
  std::unique_ptr<DiskBlocks> open() {
    return std::move(*DiskBlocks::open(files_, faults_, "/store", {.salt = 7}));
  }
  FsckReport check(bool repair = false) {
    const auto report = checkStore(files_, "/store", {.repair = repair});
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : FsckReport{};
  }
  static std::string text(const FsckReport& report) {
    return std::to_string(report.blocks) + " blocks, damaged: " + std::to_string(report.damaged) +
           " rebuildable: " + std::to_string(report.rebuildable) + ", torn: " + std::to_string(report.torn) +
           ", lost: " + std::to_string(report.lost) + ", unindexed: " + std::to_string(report.unindexed);
  }
  std::string& segment() { return disk_.find(places_[0].path)->bytes; }
  std::string& index() {
    const auto listing = listStore(files_, "/store");
    return disk_.find("/store/" + indexName(listing->indexes.back()))->bytes;
  }

  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
  rt::NoFaults faults_;
  Blocks blocks_;
  std::vector<BlockLocation> places_;
};

TEST_F(FsckTest, AStoreInOrderHasNoFindings) {
  EXPECT_EQ(text(check()), "3 blocks, damaged: 0 rebuildable: 0, torn: 0, lost: 0, unindexed: 0");
  EXPECT_TRUE(check().findings.empty());
}

TEST_F(FsckTest, EveryFlippedByteOfASegmentIsOneDamagedBlockThatCanBeRebuilt) {
  const std::string before = segment();
  for (std::size_t at = 0; at < before.size(); ++at) {
    segment()[at] = static_cast<char>(before[at] ^ 0x04);
    const FsckReport report = check();
    ASSERT_EQ(text(report), "2 blocks, damaged: 1 rebuildable: 1, torn: 0, lost: 0, unindexed: 0") << at;
    const std::size_t block = at < places_[1].offset ? 0 : at < places_[2].offset ? 1 : 2;
    ASSERT_EQ(report.toRebuild().size(), 1u);
    EXPECT_EQ(report.toRebuild()[0]->slices, blocks_[block]->info()->slices);
    segment() = before;
  }
}

TEST_F(FsckTest, AFindingNamesBlockFilePlaceAndRanges) {
  segment()[places_[1].offset + 400] ^= 1;
  const FsckReport report = check();
  ASSERT_EQ(report.findings.size(), 1u);
  const std::string found = report.findings[0].text();
  for (const std::string& part :
       {std::string("damaged: block b in "), places_[1].path, "at byte " + std::to_string(places_[1].offset),
        std::string(
            "SequenceNumberRange(orders,shard-a,3:3,9:9,7), SequenceNumberRange(orders,shard-b,1,4,4)")})
    EXPECT_NE(found.find(part), std::string::npos) << part << "\n" << found;
  EXPECT_EQ(report.findings[0].what, "the checksum of the body is wrong");
  EXPECT_EQ(found.find("block b"), found.rfind("block b"));
}

TEST_F(FsckTest, EveryCutIsATornTailAndNamesWhatItTook) {
  const std::string before = segment();
  for (std::size_t size = 0; size < before.size(); ++size) {
    segment().resize(size);
    const FsckReport report = check();
    const std::size_t whole = size < places_[1].offset ? 0 : size < places_[2].offset ? 1 : 2;
    ASSERT_EQ(text(report), std::to_string(whole) + " blocks, damaged: 0 rebuildable: 0, torn: 1, lost: " +
                                std::to_string(3 - whole) + ", unindexed: 0")
        << size;
    EXPECT_EQ(report.toRebuild().size(), 3 - whole);
    segment() = before;
  }
}

TEST_F(FsckTest, ZerosUpToTheEndAreATornTailAndAZeroedMiddleIsDamage) {
  const std::string before = segment();
  std::fill(segment().begin() + static_cast<std::ptrdiff_t>(places_[2].offset) + 50, segment().end(), '\0');
  EXPECT_EQ(text(check()), "2 blocks, damaged: 0 rebuildable: 0, torn: 1, lost: 1, unindexed: 0");

  segment() = before;
  std::fill_n(segment().begin() + static_cast<std::ptrdiff_t>(places_[0].offset) + 50, places_[2].offset - 50,
              '\0');
  EXPECT_EQ(text(check()), "1 blocks, damaged: 2 rebuildable: 2, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, EveryFlippedByteOfTheIndexIsFound) {
  const std::string before = index();
  for (std::size_t at = 0; at < before.size(); ++at) {
    index()[at] = static_cast<char>(before[at] ^ 0x20);
    const FsckReport report = check();
    ASSERT_EQ(report.damaged, 1u) << at;
    ASSERT_EQ(report.rebuildable, 1u);
    ASSERT_EQ(report.blocks + report.unindexed, 3u);
    index() = before;
  }
}

TEST_F(FsckTest, AnIndexIsMendedByOpeningTheStore) {
  index()[200] ^= 1;
  ASSERT_EQ(check().damaged, 1u);
  open();
  EXPECT_EQ(text(check()), "3 blocks, damaged: 0 rebuildable: 0, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, ABlockWhoseIndexEntryIsDamagedTooIsKnownByItsOwnHead) {
  segment()[places_[0].offset + places_[0].bytes - 20] ^= 1;
  index()[160] ^= 1;
  const FsckReport report = check();
  EXPECT_EQ(text(report), "2 blocks, damaged: 2 rebuildable: 2, torn: 0, lost: 0, unindexed: 0");
  ASSERT_EQ(report.toRebuild().size(), 1u);
  EXPECT_EQ(report.toRebuild()[0]->slices, blocks_[0]->info()->slices);
}

TEST_F(FsckTest, ADamagedBlockThatLiesElsewhereOrWasReleasedIsNeededByNobody) {
  segment()[places_[0].offset + places_[0].bytes - 20] ^= 1;
  segment()[places_[1].offset + places_[1].bytes - 20] ^= 1;
  {
    const auto store = open();
    ASSERT_TRUE(store->replace(blocks_[0]));
    ASSERT_TRUE(store->release(std::vector<std::string>{"b"}));
  }
  index()[100] ^= 1;  // An entry of the index, whichever.

  const FsckReport report = check();

  EXPECT_EQ(report.damaged, 1u) << text(report);
  EXPECT_TRUE(report.toRebuild().empty());
}

TEST_F(FsckTest, ABlockOfWhichNothingIsKnownCannotBeRebuilt) {
  segment()[places_[0].offset + 70] ^= 1;  // In its head.
  index()[160] ^= 1;
  const FsckReport report = check();
  EXPECT_EQ(text(report), "2 blocks, damaged: 2 rebuildable: 1, torn: 0, lost: 0, unindexed: 0");
  EXPECT_TRUE(report.toRebuild().empty());
}

TEST_F(FsckTest, ABlockWithoutRecordsIsRebuiltFromWhatIsKnownOfIt) {
  const auto ends = testBlock("e", {}, {{"shard-a", {{"shard-b", {"shard-a"}, "0", "9"}}, 3}});
  const auto place = *open()->put(Blocks{ends});
  disk_.find(place[0].path)->bytes[place[0].offset + 70] ^= 1;
  const FsckReport report = check();
  EXPECT_EQ(text(report), "3 blocks, damaged: 1 rebuildable: 1, torn: 0, lost: 0, unindexed: 0");
  ASSERT_EQ(report.toRebuild().size(), 1u);
  EXPECT_EQ(report.toRebuild()[0]->ends[0].children[0].shardId, "shard-b");
}

TEST_F(FsckTest, ASegmentThatIsGoneIsDamage) {
  ASSERT_TRUE(files_.remove(places_[0].path));
  EXPECT_EQ(text(check()), "0 blocks, damaged: 3 rebuildable: 3, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, AnIndexThatIsGoneIsDamage) {
  ASSERT_TRUE(files_.remove("/store/" + indexName(listStore(files_, "/store")->indexes.back())));
  EXPECT_EQ(text(check()), "0 blocks, damaged: 1 rebuildable: 1, torn: 0, lost: 0, unindexed: 3");
}

TEST_F(FsckTest, ASegmentThatCannotBeReadBesideALostIndexIsDamage) {
  ASSERT_TRUE(files_.remove("/store/" + indexName(listStore(files_, "/store")->indexes.back())));
  bool found = false;
  bool reached = true;
  for (std::size_t call = 0; reached; ++call) {
    sim::RecordedFiles failing(files_);
    failing.fail({.first = call});
    const auto report = checkStore(failing, "/store");
    reached = failing.calls() > call;
    if (!report) continue;
    found = found || (report->damaged == 2 && report->rebuildable == 1);
    EXPECT_EQ(report->unindexed == 3, report->damaged == 1) << call;
  }
  EXPECT_TRUE(found);
}

TEST_F(FsckTest, RepairCutsATornTailOnceItsBlocksAreElsewhere) {
  segment()[100] ^= 1;
  segment().resize(segment().size() - 1);
  const std::string before = segment();
  ASSERT_EQ(text(check(/*repair=*/true)),
            "1 blocks, damaged: 1 rebuildable: 1, torn: 1, lost: 1, unindexed: 0");
  EXPECT_EQ(segment(), before);  // Nothing else has what is left of c.

  {
    const auto store = open();
    ASSERT_TRUE(store->replace(blocks_[0]));
    ASSERT_TRUE(store->replace(blocks_[2]));
  }
  ASSERT_EQ(check(/*repair=*/true).torn, 1u);
  EXPECT_EQ(segment().size(), places_[2].offset);
  EXPECT_EQ(text(check()), "3 blocks, damaged: 0 rebuildable: 0, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, RepairLeavesATornIndexToWhoeverOpensTheStore) {
  index().resize(index().size() - 10);  // In the entry of c.
  const std::string before = index();
  ASSERT_EQ(text(check(/*repair=*/true)),
            "2 blocks, damaged: 0 rebuildable: 0, torn: 1, lost: 0, unindexed: 1");
  EXPECT_EQ(index(), before);

  EXPECT_EQ(open()->live().size(), 3u);
  EXPECT_EQ(text(check()), "3 blocks, damaged: 0 rebuildable: 0, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, WhatIsReleasedIsNoDamage) {
  open()->release(std::vector<std::string>{"b"});
  segment()[places_[1].offset + 90] ^= 1;
  EXPECT_EQ(text(check()), "2 blocks, damaged: 0 rebuildable: 0, torn: 0, lost: 0, unindexed: 0");
}

TEST_F(FsckTest, AFolderThatIsNoStoreIsRefused) {
  disk_.addDirectory("/other");
  for (const char* directory : {"/other", "/gone"}) {
    const auto report = checkStore(files_, directory);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Code::kUsage);
    EXPECT_NE(report.error().message().find(directory), std::string::npos);
    EXPECT_FALSE(report.error().hint().empty());
  }
}

TEST_F(FsckTest, StoresInAFolderThatIsNoneAreNamed) {
  disk_.addDirectory("/blocks");
  for (const char* directory : {"/blocks/w1", "/blocks/w2"})
    ASSERT_TRUE(DiskBlocks::open(files_, faults_, directory, {.salt = 7}));
  const auto report = checkStore(files_, "/blocks");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().hint(), "name one of its folders: /blocks/w1, /blocks/w2");
}

TEST_F(FsckTest, AStoreOnAReadOnlyDiskIsCheckedWithoutTheLock) {
  segment()[places_[1].offset + 20] ^= 0x04;
  std::vector<std::string> seen;
  sim::SimFiles watched(disk_, [&seen](std::string_view operation, std::string_view, std::string_view) {
    seen.emplace_back(operation);
  });
  const std::string writable = text(*checkStore(watched, "/store"));
  EXPECT_EQ(seen, (std::vector<std::string>{"file.lock", "file.unlock"}));
  seen.clear();

  disk_.faults().readOnly = true;
  const auto report = checkStore(watched, "/store");

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(text(*report), writable);
  EXPECT_EQ(text(*report), "2 blocks, damaged: 1 rebuildable: 1, torn: 0, lost: 0, unindexed: 0");
  EXPECT_TRUE(seen.empty());
}

TEST_F(FsckTest, RepairOnAReadOnlyDiskIsRefusedByName) {
  segment() += std::string(7, 'x');
  const std::string before = segment();
  disk_.faults().readOnly = true;

  const auto report = checkStore(files_, "/store", {.repair = true});

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kIo);
  EXPECT_NE(report.error().message().find("read-only file system: /store/blocks.lock"), std::string::npos)
      << report.error().message();
  EXPECT_FALSE(report.error().hint().empty());
  EXPECT_EQ(segment(), before);
}

TEST_F(FsckTest, AStoreInUseIsRefused) {
  const auto store = open();
  const auto report = checkStore(files_, "/store");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kConflict);
}

}  // namespace
}  // namespace tidemill::block
