#include "block/block.h"

#include <gtest/gtest.h>

#include "block/block_builder.h"

namespace tidemill::block {
namespace {

// A page of shard `shardId` with records numbered `first` to `last`, each with a payload of 10 bytes.
std::shared_ptr<const ShardPage> pageOf(const std::string& shardId, int first, int last) {
  auto page = std::make_shared<ShardPage>();
  page->streamName = "orders";
  page->shardId = shardId;
  std::string numbers;
  for (int i = first; i <= last; ++i) numbers += std::to_string(i) + ";";
  page->page.body = codec::Body::copyOf("0123456789" + numbers);
  const std::string_view text = page->page.body->view();
  std::size_t at = 10;
  for (int i = first; i <= last; ++i) {
    const std::size_t end = text.find(';', at);
    Record record;
    record.data = std::as_bytes(std::span(text.data(), 10));
    record.sequenceNumber = text.substr(at, end - at);
    page->page.records.push_back(record);
    at = end + 1;
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return page;
}

TEST(Block, CoversEachRecordByExactlyOneRange) {
  BlockBuilder builder("input-0", {});
  builder.add(pageOf("shard-a", 8, 11));
  builder.add(pageOf("shard-b", 1, 2));
  builder.add(pageOf("shard-a", 12, 12));

  const auto block = builder.seal();

  const SequenceNumberRangeList expected = {{"orders", "shard-a", "8", "11", 4},
                                            {"orders", "shard-b", "1", "2", 2},
                                            {"orders", "shard-a", "12", "12", 1}};
  EXPECT_EQ(block->ranges(), expected);
  EXPECT_EQ(block->recordCount(), 7);
  EXPECT_EQ(block->payloadBytes(), 70);
}

TEST(Block, GivesRecordsInArrivalOrderWithTheirShard) {
  BlockBuilder builder("input-0", {});
  builder.add(pageOf("shard-a", 9, 10));
  builder.add(pageOf("shard-b", 3, 3));

  std::string seen;
  const auto block = builder.seal();
  block->forEach([&](const Record& record) {
    seen += std::string(record.shardId) + ":" + std::string(record.sequenceNumber) + " ";
  });

  EXPECT_EQ(seen, "shard-a:9 shard-a:10 shard-b:3 ");
}

TEST(BlockBuilder, SealsNothingWhenNothingArrived) {
  BlockBuilder builder("input-0", {});
  builder.add(pageOf("shard-a", 2, 1));
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.seal(), nullptr);
}

TEST(BlockBuilder, SealsAnEndWithoutRecords) {
  BlockBuilder builder("input-0", {});
  builder.addEnd({"shard-a", {}});
  const auto block = builder.seal();
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->ends().size(), 1u);
  EXPECT_TRUE(builder.empty());
}

TEST(BlockBuilder, IsFullAtItsLimitAndEmptyAfterSealing) {
  BlockBuilder builder("input-0", {.sealBytes = 20});
  builder.add(pageOf("shard-a", 1, 1));
  EXPECT_FALSE(builder.full());
  builder.add(pageOf("shard-a", 2, 2));
  EXPECT_TRUE(builder.full());
  EXPECT_EQ(builder.seal()->id(), "input-0-1");
  EXPECT_FALSE(builder.full());
  builder.add(pageOf("shard-a", 3, 3));
  EXPECT_EQ(builder.seal()->id(), "input-0-2");
}

}  // namespace
}  // namespace tidemill::block
