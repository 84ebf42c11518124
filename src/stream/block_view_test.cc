#include "stream/block_view.h"

#include <gtest/gtest.h>

#include "block/memory_block_store.h"
#include "stream/test_blocks.h"

namespace tidemill::stream {
namespace {

class BrokenSource final : public block::BlockSource {
 public:
  Result<std::shared_ptr<const block::Block>> load() const override {
    return fail(Code::kIo, "the file is gone");
  }
};

std::string numbersIn(const BlockView& view) {
  std::string numbers;
  view.forEachRecord([&](const Record& record) { numbers += std::string(record.sequenceNumber) + " "; });
  return numbers;
}

std::shared_ptr<const block::BlockSource> sourceOf(std::shared_ptr<const block::Block> block) {
  return std::make_shared<block::HeldBlock>(std::move(block));
}

bool throwsDamaged(const BlockView& view) {
  try {
    numbersIn(view);
  } catch (const Error& error) {
    return error.code() == Code::kDamagedBlock;
  }
  return false;
}

TEST(BlockView, GivesTheRecordsThatTheBatchMayDeliver) {
  const auto block =
      testBlock("b", {testSlice("s0", {"1", "2"}, 1), testSlice("s1", {"5"}, 1), testSlice("s0", {"3"}, 2)});
  const BlockView all(block->info(), sourceOf(block));
  EXPECT_EQ(numbersIn(all), "1 2 5 3 ");
  EXPECT_EQ(all.recordCount(), 4);

  const auto kept = block::keepOnly(block->info(), [](const std::string& shardId, std::int64_t token) {
    return shardId == "s0" && token == 1;
  });
  const BlockView part(kept, sourceOf(block));
  EXPECT_EQ(numbersIn(part), "1 2 ");
  EXPECT_EQ(part.recordCount(), 2);
  EXPECT_FALSE(part.unreadable());
}

// A restart takes the lease again, and finds what was stored before.
TEST(BlockView, FindsItsRecordsUnderAnotherTokenOfTheLease) {
  const auto block =
      testBlock("b", {testSlice("s0", {"1", "2"}, 1), testSlice("s1", {"5"}, 1), testSlice("s0", {"3"}, 2)});
  auto wanted = std::make_shared<block::BlockInfo>(*block->info());
  for (block::SliceInfo& slice : wanted->slices) slice.token = 9;
  EXPECT_EQ(numbersIn(BlockView(wanted, sourceOf(block))), "1 2 5 3 ");
  wanted->slices.erase(wanted->slices.begin());
  EXPECT_EQ(numbersIn(BlockView(wanted, sourceOf(block))), "5 3 ");
}

TEST(BlockView, ACopyThatCannotBeLoadedIsSaidAndRemembered) {
  const auto block = testBlock("b", {testSlice("s0", {"1"})});
  const BlockView view(block->info(), std::make_shared<BrokenSource>());
  EXPECT_FALSE(view.unreadable());
  EXPECT_TRUE(throwsDamaged(view));
  EXPECT_TRUE(view.unreadable());
}

TEST(BlockView, OthersFindTheSameRecordsAsLongAsTheBatchIsWorkedOn) {
  const auto block = testBlock("b", {testSlice("s0", {"1", "2"}), testSlice("s1", {"5"})});
  const auto kept = block::keepOnly(block->info(),
                                    [](const std::string& shardId, std::int64_t) { return shardId == "s1"; });
  auto view = std::make_shared<const BlockView>(kept, sourceOf(block));
  const LentBlock lent(view);
  const auto loaded = lent.load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->info()->slices, kept->slices);

  view.reset();

  EXPECT_EQ(lent.load().error().code(), Code::kDataLoss);
  EXPECT_NE(lent.load().error().message().find("block b"), std::string::npos);
}

TEST(BlockView, WhatOthersMeetDoesNotConcernTheBatch) {
  const auto block = testBlock("b", {testSlice("s0", {"1"})});
  const auto view = std::make_shared<const BlockView>(block->info(), std::make_shared<BrokenSource>());
  EXPECT_FALSE(LentBlock(view).load());
  EXPECT_FALSE(view->unreadable());
}

TEST(BlockView, ACopyWithOtherRecordsIsRefused) {
  const auto block = testBlock("b", {testSlice("s0", {"1", "2"})});
  for (const auto& other :
       {testBlock("b", {testSlice("s0", {"1"})}), testBlock("b", {testSlice("s0", {"1", "3"})}),
        testBlock("b", {testSlice("s1", {"1", "2"})})}) {
    const BlockView view(block->info(), sourceOf(other));
    EXPECT_TRUE(throwsDamaged(view));
    EXPECT_TRUE(view.unreadable());
  }
}

}  // namespace
}  // namespace tidemill::stream
