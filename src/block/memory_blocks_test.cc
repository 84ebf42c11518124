#include "block/memory_blocks.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "block/block_codec.h"
#include "block/test_blocks.h"

namespace tidemill::block {
namespace {

MemoryCopy plainOf(std::shared_ptr<const Block> block) {
  return {block->info(), block};
}

std::string idsOf(const std::vector<MemoryCopy>& copies) {
  std::string ids;
  for (const MemoryCopy& copy : copies) ids += copy.info->id + " ";
  return ids;
}

TEST(MemoryBlocks, CountsABodyThatTwoBlocksShareOnce) {
  const auto page = testPage("shard-a", 1, 10, 1000);
  const MemoryCopy first = plainOf(
      std::make_shared<const Block>("one", std::vector<BlockSlice>{{page, 0, 5}}, std::vector<ShardEnd>{}));
  const MemoryCopy second = plainOf(
      std::make_shared<const Block>("two", std::vector<BlockSlice>{{page, 5, 10}}, std::vector<ShardEnd>{}));
  MemoryBlocks memory(1 << 20);

  const std::int64_t alone = memory.bytesFor(first);
  EXPECT_GE(alone, 10'000);
  memory.add(first, true);
  EXPECT_EQ(memory.bytesFor(second), 0);
  memory.add(second, true);
  EXPECT_EQ(memory.bytes(), alone);
  memory.remove("one");
  EXPECT_EQ(memory.bytes(), alone);
  memory.remove("two");
  EXPECT_EQ(memory.bytes(), 0);
}

TEST(MemoryBlocks, SpillsTheOldestThatMayAndNoMoreThanNeeded) {
  const std::int64_t each = MemoryBlocks(0).bytesFor(plainOf(testBlock("x", 1, 1, 1000)));
  MemoryBlocks memory(4 * each);
  memory.add(plainOf(testBlock("a", 1, 1, 1000)), false);
  memory.add(plainOf(testBlock("b", 2, 1, 1000)), true);
  memory.add(plainOf(testBlock("c", 3, 1, 1000)), true);
  memory.add(plainOf(testBlock("d", 4, 1, 1000)), true);

  EXPECT_EQ(idsOf(memory.toSpill(plainOf(testBlock("e", 5, 1, 1000)))), "b ");
  EXPECT_EQ(idsOf(memory.toSpill(plainOf(testBlock("e", 5, 1, 1500)))), "b c ");
}

TEST(MemoryBlocks, SpillsAnEighthOfTheBudgetAtOnceIfBlocksAreSmall) {
  const std::int64_t each = MemoryBlocks(0).bytesFor(plainOf(testBlock("x", 50, 1, 1000)));
  MemoryBlocks memory(32 * each);
  for (int i = 0; i < 32; ++i) memory.add(plainOf(testBlock(std::to_string(100 + i), 50, 1, 1000)), i != 1);

  EXPECT_EQ(idsOf(memory.toSpill(plainOf(testBlock("e", 50, 1, 1000)))), "100 102 103 104 ");
}

TEST(MemoryBlocks, SpillsNothingForABlockThatWouldNotFitAnyhow) {
  const std::int64_t each = MemoryBlocks(0).bytesFor(plainOf(testBlock("x", 1, 1, 1000)));
  MemoryBlocks memory(2 * each);
  memory.add(plainOf(testBlock("a", 1, 1, 1000)), false);
  memory.add(plainOf(testBlock("b", 2, 1, 1000)), true);

  EXPECT_TRUE(memory.toSpill(plainOf(testBlock("big", 5, 1, 100'000))).empty());
  EXPECT_TRUE(memory.toSpill(plainOf(testBlock("two", 5, 2, 1000))).empty());  // One of them must stay.
}

TEST(MemoryCopy, APackedBlockComesBackEqualAndADamagedOneIsNamed) {
  const auto block = testBlock("a", 1, 50, 100);
  for (const BlockEncoding encoding : {BlockEncoding::kLz4, BlockEncoding::kZstd}) {
    const auto packed = packBlock(block, encoding);
    ASSERT_TRUE(packed);
    const auto back = MemoryCopy{block->info(), nullptr, *packed}.open();
    ASSERT_TRUE(back);
    EXPECT_EQ(textOf(**back), textOf(*block));

    std::string bytes((*packed)->view());
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 4);
    const auto damaged = MemoryCopy{block->info(), nullptr, codec::Body::copyOf(bytes)}.open();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code(), Code::kDamagedBlock);
  }
}

}  // namespace
}  // namespace tidemill::block
