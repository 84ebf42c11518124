#include "block/disk_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "block/test_blocks.h"
#include "sim/recorded_files.h"
#include "sim/sim_files.h"

namespace tidemill::block {
namespace {

using Blocks = std::vector<std::shared_ptr<const Block>>;

class DiskBlocksTest : public testing::Test {
 protected:
  std::unique_ptr<DiskBlocks> open() {
    auto store = DiskBlocks::open(files_, faults_, "/store", options_);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  // The text of a stored block, or why there is none.
  static std::string stored(const DiskBlocks& store, const std::string& id) {
    const auto where = store.location(id);
    if (!where) return "unknown";
    const auto block = store.load(*where);
    return block ? textOf(**block) : "error: " + block.error().message();
  }
  static void release(DiskBlocks& store, std::vector<std::string> ids) { EXPECT_TRUE(store.release(ids)); }
  std::vector<std::string> names(const std::string& kind) {
    std::vector<std::string> result;
    const auto all = files_.list("/store");
    for (const std::string& name : *all)
      if (name.starts_with(kind)) result.push_back(name);
    return result;
  }
  std::string& bytesOf(const std::string& path) { return disk_.find(path)->bytes; }

  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
  rt::NoFaults faults_;
  DiskBlocksOptions options_{.holder = "test", .salt = 77};
};

TEST_F(DiskBlocksTest, GivesBackWhatWasPut) {
  const auto store = open();
  const Blocks blocks = {testBlock("a", 1), testBlock("b", 3, 100, 300)};
  for (const BlockEncoding encoding : {BlockEncoding::kNone, BlockEncoding::kLz4, BlockEncoding::kZstd}) {
    const auto places = store->put(blocks, encoding);
    ASSERT_TRUE(places) << places.error().message();
    ASSERT_EQ(places->size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(textOf(**store->load((*places)[i])), textOf(*blocks[i]));
      EXPECT_EQ(stored(*store, blocks[i]->id()), textOf(*blocks[i]));
    }
    release(*store, {"a", "b"});
    EXPECT_EQ(stored(*store, "a"), "unknown");
  }
}

TEST_F(DiskBlocksTest, SurvivesAPowerCut) {
  const auto a = testBlock("a", 1);
  const auto b = testBlock("b", 3);
  {
    const auto store = open();
    ASSERT_TRUE(store->put(Blocks{a}));
    ASSERT_TRUE(store->put(Blocks{b}));
  }
  disk_.powerCut();

  const auto store = open();

  EXPECT_EQ(store->found().blocks, 2u);
  EXPECT_EQ(store->found().epoch, 2u);
  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  EXPECT_EQ(stored(*store, "b"), textOf(*b));
  EXPECT_EQ(store->live().size(), 2u);
}

TEST_F(DiskBlocksTest, ASecondProcessIsRefused) {
  const auto store = open();
  const auto second = DiskBlocks::open(files_, faults_, "/store", options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
}

TEST_F(DiskBlocksTest, PuttingTheSameAgainDoesNothingAndAnotherOfTheSameIdReplaces) {
  const auto store = open();
  const auto first = store->put(Blocks{testBlock("a", 1)});
  const auto same = store->put(Blocks{testBlock("a", 1)});
  ASSERT_TRUE(first && same);
  EXPECT_EQ((*first)[0].offset, (*same)[0].offset);

  const auto other = testBlock("a", 50);
  ASSERT_TRUE(store->put(Blocks{other}));

  EXPECT_EQ(stored(*store, "a"), textOf(*other));
  EXPECT_EQ(store->live().size(), 1u);
  disk_.powerCut();
}

TEST_F(DiskBlocksTest, SegmentsRollAndAreDeletedWithTheirLastBlock) {
  options_.segmentBytes = 2000;
  const auto store = open();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(store->put(Blocks{testBlock("b" + std::to_string(i), 10 * i, 5, 100)}));
  EXPECT_EQ(names("segment-").size(), 4u);
  const std::uint64_t used = store->bytesUsed();

  for (int i = 0; i < 12; ++i)
    if (i != 6) release(*store, {"b" + std::to_string(i)});

  EXPECT_EQ(names("segment-").size(), 1u);
  EXPECT_LT(store->bytesUsed(), used / 2);
  EXPECT_EQ(stored(*store, "b6"), textOf(*testBlock("b6", 60, 5, 100)));
  release(*store, {"b6"});
  EXPECT_EQ(names("segment-").size(), 0u);
}

TEST_F(DiskBlocksTest, ASmallDiskNeverFillsUpWhenBlocksAreReleased) {
  disk_.faults().bytesMax = 800'000;
  options_.segmentBytes = 400'000;
  const auto store = open();
  for (int i = 0; i < 40; ++i) {
    const std::string id = "b" + std::to_string(i);
    const auto put = store->put(Blocks{testBlock(id, i * 100, 40, 5'000)});
    ASSERT_TRUE(put) << i << put.error().message();
    if (i > 0) release(*store, {"b" + std::to_string(i - 1)});
  }
}

TEST_F(DiskBlocksTest, AFullDiskLeavesWhatIsStoredAndTakesNoRoom) {
  disk_.faults().bytesMax = 800'000;
  const auto store = open();
  const auto kept = testBlock("kept", 1, 60, 5'000);
  ASSERT_TRUE(store->put(Blocks{kept}));
  const std::uint64_t used = disk_.bytesUsed();
  const auto large = testBlock("large", 1000, 130, 5'000);

  for (int i = 0; i < 3; ++i) {
    const auto full = store->put(Blocks{large});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), Code::kDiskFull);
    EXPECT_LT(disk_.bytesUsed(), used + 2000);
    EXPECT_EQ(stored(*store, "kept"), textOf(*kept));
  }
  release(*store, {"kept"});

  ASSERT_TRUE(store->put(Blocks{large}));
  EXPECT_EQ(stored(*store, "large"), textOf(*large));
}

TEST_F(DiskBlocksTest, AStoreThatFillsTheDiskCanBeEmptied) {
  disk_.faults().bytesMax = 1 << 20;
  {
    const auto store = open();
    for (int i = 0; i < 100; ++i)
      if (!store->put(Blocks{testBlock("b" + std::to_string(i), i * 10, 10, 10'000)})) break;
  }
  disk_.faults().bytesMax = disk_.bytesUsed();  // Not one byte is left.

  const auto store = open();
  EXPECT_GE(store->live().size(), 9u);
  for (const auto& info : store->live()) release(*store, {info->id});

  EXPECT_EQ(names("segment-").size(), 0u);
  EXPECT_TRUE(store->put(Blocks{testBlock("new", 1, 10, 10'000)}));
}

TEST_F(DiskBlocksTest, AFailedSyncMovesToAnotherFile) {
  const auto store = open();
  const auto a = testBlock("a", 1);
  const auto b = testBlock("b", 3);
  ASSERT_TRUE(store->put(Blocks{a}));
  disk_.faults().syncFails = 1'000'000;
  const auto failed = store->put(Blocks{b});
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kIo);
  disk_.faults().syncFails = 0;

  ASSERT_TRUE(store->put(Blocks{b}));
  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  EXPECT_EQ(stored(*store, "b"), textOf(*b));
  EXPECT_EQ(names("segment-").size(), 2u);
}

TEST_F(DiskBlocksTest, AReadOnlyDiskGivesWhatIsStoredAndTakesBlocksAgainAfterwards) {
  const auto store = open();
  const auto a = testBlock("a", 1);
  const auto b = testBlock("b", 3);
  const auto c = testBlock("c", 5);
  ASSERT_TRUE(store->put(Blocks{a, b}));
  disk_.faults().readOnly = true;

  for (int i = 0; i < 3; ++i) {
    const auto refused = store->put(Blocks{c});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kIo);
    EXPECT_NE(refused.error().message().find("read-only"), std::string::npos) << refused.error().message();
  }
  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  EXPECT_EQ(stored(*store, "c"), "unknown");
  static_cast<void>(store->release(std::vector<std::string>{"b"}));  // Its room comes back later.
  EXPECT_FALSE(DiskBlocks::open(files_, faults_, "/other", options_));

  disk_.faults().readOnly = false;
  ASSERT_TRUE(store->put(Blocks{c}));
  disk_.powerCut();
  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  EXPECT_EQ(stored(*store, "c"), textOf(*c));
}

TEST_F(DiskBlocksTest, AZeroedStretchOfABlockIsDamage) {
  const auto store = open();
  const auto places = store->put(Blocks{testBlock("a", 1), testBlock("b", 3)});
  for (const BlockLocation& place : *places) {
    std::string& bytes = bytesOf(place.path);
    const std::string before = bytes;
    for (std::size_t from = 0; from < place.bytes; from += 7) {
      for (const std::size_t size : {std::size_t{16}, std::size_t{place.bytes}}) {
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(place.offset + from),
                    std::min<std::size_t>(size, place.bytes - from), '\0');
        // Sixteen bytes of a header may have been zeros before.
        if (bytes == before) continue;
        const auto block = store->load(place);
        ASSERT_FALSE(block) << from << " " << size;
        EXPECT_EQ(block.error().code(), Code::kDamagedBlock);
        bytes = before;
      }
    }
  }
}

TEST_F(DiskBlocksTest, DamageIsFoundWhenTheBlockIsLoaded) {
  const auto store = open();
  const auto places = store->put(Blocks{testBlock("a", 1), testBlock("b", 3)});
  std::string& bytes = bytesOf((*places)[0].path);
  const std::string before = bytes;
  for (std::size_t at = (*places)[0].offset; at < (*places)[0].offset + (*places)[0].bytes; ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const auto block = store->load((*places)[0]);
    ASSERT_FALSE(block) << at;
    EXPECT_EQ(block.error().code(), Code::kDamagedBlock);
    EXPECT_NE(block.error().message().find("block a in /store/segment-"), std::string::npos);
    EXPECT_TRUE(store->load((*places)[1]));
    bytes = before;
  }
  bytes.resize((*places)[1].offset + 10);
  EXPECT_EQ(store->load((*places)[1]).error().code(), Code::kDamagedBlock);
  EXPECT_TRUE(store->load((*places)[0]));
}

TEST_F(DiskBlocksTest, ADamagedBlockCanBeReplaced) {
  const auto store = open();
  const auto a = testBlock("a", 1);
  const auto places = store->put(Blocks{a});
  bytesOf((*places)[0].path)[(*places)[0].offset + 70] ^= 1;
  ASSERT_FALSE(store->load((*places)[0]));

  ASSERT_TRUE(store->replace(a));

  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  disk_.powerCut();
}

TEST_F(DiskBlocksTest, NothingIsAppendedToAFileWhoseBlockIsReplaced) {
  const auto store = open();
  const auto a = testBlock("a", 1);
  const auto b = testBlock("b", 3);
  const auto places = store->put(Blocks{a});
  bytesOf((*places)[0].path).clear();  // Under the eyes of the process that writes it.

  ASSERT_TRUE(store->replace(a));
  ASSERT_TRUE(store->put(Blocks{b}));

  EXPECT_EQ(stored(*store, "a"), textOf(*a));
  EXPECT_EQ(stored(*store, "b"), textOf(*b));
}

TEST_F(DiskBlocksTest, ALostTailIsToldAndItsBlocksStayKnown) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put(Blocks{testBlock("a", 1), testBlock("b", 3)}));
    std::string& bytes = bytesOf("/store/" + names("segment-")[0]);
    bytes.resize(bytes.size() - 1);
  }
  for (int i = 0; i < 2; ++i) {
    const auto store = open();
    ASSERT_EQ(store->found().lost.size(), 1u);
    EXPECT_EQ(store->found().lost[0]->id, "b");
    EXPECT_EQ(store->live().size(), 2u);
    EXPECT_EQ(store->load(*store->location("b")).error().code(), Code::kDamagedBlock);
    EXPECT_EQ(stored(*store, "a"), textOf(*testBlock("a", 1)));
  }
}

TEST_F(DiskBlocksTest, BlocksThatADamagedIndexForgotAreFoundInTheSegments) {
  const Blocks blocks = {testBlock("a", 1), testBlock("b", 3), testBlock("c", 5)};
  {
    const auto store = open();
    for (const auto& block : blocks) ASSERT_TRUE(store->put(Blocks{block}));
    release(*store, {"c"});
  }
  std::string& index = bytesOf("/store/" + names("index-")[0]);
  index[160] ^= 1;  // The entry of a.

  const auto store = open();

  EXPECT_EQ(store->found().indexDamage.size(), 1u);
  EXPECT_EQ(stored(*store, "a"), textOf(*blocks[0]));
  EXPECT_EQ(stored(*store, "b"), textOf(*blocks[1]));
  EXPECT_EQ(stored(*store, "c"), "unknown");
}

TEST_F(DiskBlocksTest, ABlockThatADamagedIndexForgotIsKnownByItsHeadIfNoWholeOneIsThere) {
  const Blocks blocks = {testBlock("a", 1), testBlock("b", 3)};
  {
    const auto store = open();
    const auto places = store->put(blocks);
    for (const BlockLocation& place : *places) bytesOf(place.path)[place.offset + place.bytes - 20] ^= 1;
    ASSERT_TRUE(store->replace(blocks[1]));
  }
  ASSERT_TRUE(files_.remove("/store/" + names("index-")[0]));

  const auto store = open();

  EXPECT_EQ(store->live().size(), 2u);
  EXPECT_EQ(store->load(*store->location("a")).error().code(), Code::kDamagedBlock);
  EXPECT_EQ(stored(*store, "b"), textOf(*blocks[1]));
}

TEST_F(DiskBlocksTest, ADamagedFrameBehindATornIndexIsNoBlock) {
  {
    const auto store = open();
    const auto places = store->put(Blocks{testBlock("a", 1), testBlock("b", 3)});
    const BlockLocation& place = (*places)[1];
    bytesOf(place.path)[place.offset + place.bytes - 20] ^= 1;
  }
  std::string& index = bytesOf("/store/" + names("index-")[0]);
  index.resize(index.size() - 1);
  const auto store = open();
  EXPECT_EQ(store->live().size(), 1u);
  EXPECT_TRUE(store->found().indexTorn);
}

TEST_F(DiskBlocksTest, WhateverCannotBeReadBesideALostIndexIsNotDeleted) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put(Blocks{testBlock("a", 1)}));
  }
  const std::string segment = "/store/" + names("segment-")[0];
  bool named = false;
  bool reached = true;
  for (std::size_t call = 0; reached; ++call) {
    for (const std::string& index : names("index-")) ASSERT_TRUE(files_.remove("/store/" + index));
    sim::RecordedFiles failing(files_);
    failing.fail({.first = call});
    const auto refused = DiskBlocks::open(failing, faults_, "/store", options_);
    reached = failing.calls() > call;
    if (!refused) named = named || refused.error().message().find("the index of /store is damaged") == 0;
    ASSERT_TRUE(*files_.exists(segment)) << call;
  }
  EXPECT_TRUE(named);
  EXPECT_EQ(stored(*open(), "a"), textOf(*testBlock("a", 1)));
}

TEST_F(DiskBlocksTest, ADeletedIndexIsMadeAgainFromTheSegments) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put(Blocks{testBlock("a", 1)}));
  }
  ASSERT_TRUE(files_.remove("/store/" + names("index-")[0]));
  const auto store = open();
  EXPECT_EQ(stored(*store, "a"), textOf(*testBlock("a", 1)));
  EXPECT_EQ(store->found().indexDamage.size(), 1u);
}

TEST_F(DiskBlocksTest, TheIndexIsWrittenAnewWhenItHasGrown) {
  options_.indexBytes = 1000;
  const auto store = open();
  const auto kept = testBlock("kept", 1);
  ASSERT_TRUE(store->put(Blocks{kept}));
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(store->put(Blocks{testBlock("b" + std::to_string(i), 10 * i)}));
    release(*store, {"b" + std::to_string(i)});
    ASSERT_EQ(names("index-").size(), 1u);
    EXPECT_LT(*files_.size("/store/" + names("index-")[0]), 3000u);
  }
  EXPECT_EQ(stored(*store, "kept"), textOf(*kept));
}

}  // namespace
}  // namespace tidemill::block
