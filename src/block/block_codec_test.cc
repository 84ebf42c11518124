#include "block/block_codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "block/test_blocks.h"

namespace tidemill::block {
namespace {

constexpr BlockEncoding kEncodings[] = {BlockEncoding::kNone, BlockEncoding::kLz4, BlockEncoding::kZstd};

std::shared_ptr<const Block> richBlock() {
  ShardEnd end;
  end.shardId = "shard-b";
  end.token = 9;
  end.children = {{"shard-c", {"shard-b"}, "0", "99"}, {"shard-d", {"shard-b", "shard-x"}, "100", "199"}};
  ShardEnd handOver;
  handOver.shardId = "shard-a";
  handOver.kind = ShardEnd::Kind::kHandOver;
  return testBlock("input-0-7",
                   {testPage("shard-a", 1, 40, 100, 7), testPage("shard-b", 3, 3, 0, -1),
                    testPage("shard-a", 41, 60, 5000, 8)},
                   {end, handOver});
}

std::string bytesOf(const std::shared_ptr<const Block>& block, BlockEncoding encoding) {
  const auto packed = packBlock(block, encoding);
  return packed ? std::string((*packed)->view()) : "error: " + packed.error().message();
}

TEST(BlockCodec, GivesBackEverythingInEachEncoding) {
  for (const auto& block :
       {richBlock(), testBlock("ends", {}, richBlock()->ends()), testBlock("one", 1, 1, 0)}) {
    for (const BlockEncoding encoding : kEncodings) {
      const auto packed = packBlock(block, encoding);
      ASSERT_TRUE(packed);
      const auto again = unpackBlock(*packed);
      ASSERT_TRUE(again) << again.error().message();
      EXPECT_EQ(textOf(**again), textOf(*block));
      EXPECT_TRUE(sameInfo(*(*again)->info(), *block->info()));
      EXPECT_TRUE(verifyContent(**again));
    }
  }
}

TEST(BlockCodec, UncompressedRecordsAreViewsOfTheBytes) {
  const auto packed = packBlock(richBlock(), BlockEncoding::kNone);
  const auto again = unpackBlock(*packed);
  const std::string_view all = (*packed)->view();
  (*again)->forEach([&](const Record& record) {
    EXPECT_GE(record.text().data(), all.data());
    EXPECT_LE(record.text().data() + record.text().size(), all.data() + all.size());
  });
}

TEST(BlockCodec, CompressionMakesItSmaller) {
  const auto block = richBlock();
  const std::size_t plain = bytesOf(block, BlockEncoding::kNone).size();
  EXPECT_LT(bytesOf(block, BlockEncoding::kLz4).size(), plain / 2);
  EXPECT_LT(bytesOf(block, BlockEncoding::kZstd).size(), plain / 2);
}

TEST(BlockCodec, RefusesEveryShorterAndEveryLongerForm) {
  const auto block =
      testBlock("b", {testPage("shard-a", 1, 4), testPage("shard-b", 3, 3)}, richBlock()->ends());
  for (const BlockEncoding encoding : kEncodings) {
    const std::string bytes = bytesOf(block, encoding);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = unpackBlock(codec::Body::copyOf(bytes.substr(0, length)));
      ASSERT_FALSE(read) << length;
      ASSERT_EQ(read.error().code(), Code::kDamagedBlock);
    }
    EXPECT_FALSE(unpackBlock(codec::Body::copyOf(bytes + '\0')));
  }
}

// Files have checksums besides; the content hash alone must notice every change of a record.
TEST(BlockCodec, NoFlippedBitOfARecordGoesUnnoticed) {
  const auto block = testBlock("b", 1, 3);
  const std::string bytes = bytesOf(block, BlockEncoding::kNone);
  const std::size_t records = bytes.size() - 3 * (32 + 1 + 1 + 10);
  for (std::size_t at = records; at < bytes.size(); ++at) {
    for (const char bit : {'\x01', '\x80'}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      const auto read = unpackBlock(codec::Body::copyOf(changed));
      // Whether a record is the part of an aggregated one is no content; its sub-sequence number is.
      if (read && textOf(**read) == textOf(*block)) FAIL() << at;
      if (read && verifyContent(**read)) {
        EXPECT_EQ((at - records) % 44, 14u) << at;
      }
    }
  }
}

TEST(BlockCodec, NamesTheRangeWhoseContentIsNotWhatItWas) {
  const auto block = testBlock("b", 1, 3);
  BlockInfo other = *block->info();
  other.slices[0].range.contentHash->low ^= 1;
  const Block changed(std::make_shared<const BlockInfo>(other), block->slices());

  const auto verified = verifyContent(changed);

  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::kDamagedBlock);
  EXPECT_NE(verified.error().message().find("SequenceNumberRange(orders,shard-a,1,3:3,3"), std::string::npos);
  EXPECT_FALSE(verified.error().hint().empty());
}

TEST(BlockCodec, RefusesCountsThatNoBlockHas) {
  for (const std::int64_t lie : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    for (const bool count : {true, false}) {
      BlockInfo info = *richBlock()->info();
      (count ? info.slices[0].range.recordCount : info.slices[0].payloadBytes) = lie;
      std::string bytes;
      appendBlockInfo(info, bytes);
      const auto read = readBlockInfo(bytes);
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code(), Code::kDamagedBlock);
    }
  }
}

TEST(BlockCodec, TakesNoMemoryForASizeThatIsALie) {
  const std::string lz4 = bytesOf(richBlock(), BlockEncoding::kLz4);
  for (const BlockEncoding encoding : {BlockEncoding::kLz4, BlockEncoding::kZstd}) {
    std::string bytes = bytesOf(richBlock(), encoding);
    const std::uint64_t huge = kBlockRawBytesMax;
    bytes.replace(4 + 1, sizeof huge, reinterpret_cast<const char*>(&huge), sizeof huge);
    const auto read = unpackBlock(codec::Body::copyOf(bytes));
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message().find("compressed size"), std::string::npos) << read.error().message();
    const std::uint64_t tooMuch = kBlockRawBytesMax + 1;
    bytes.replace(4 + 1, sizeof huge, reinterpret_cast<const char*>(&tooMuch), sizeof huge);
    EXPECT_FALSE(unpackBlock(codec::Body::copyOf(bytes)));
  }
}

}  // namespace
}  // namespace tidemill::block
