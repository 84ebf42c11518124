#include "block/block.h"

#include <gtest/gtest.h>

#include "block/block_builder.h"

namespace tidemill::block {
namespace {

// A page of shard `shardId` with records numbered `first` to `last`, each with a payload of 10 bytes.
std::shared_ptr<const ShardPage> pageOf(const std::string& shardId, int first, int last,
                                        std::int64_t token = 0) {
  auto page = std::make_shared<ShardPage>();
  page->token = token;
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

  EXPECT_EQ(block->ranges().toString(),
            "SequenceNumberRanges(SequenceNumberRange(orders,shard-a,8,11,4), "
            "SequenceNumberRange(orders,shard-b,1,2,2), SequenceNumberRange(orders,shard-a,12,12,1))");
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

// Two tenures of one shard, another shard, and both their ends.
std::shared_ptr<const Block> mixedBlock() {
  BlockBuilder builder("input-0", {});
  builder.add(pageOf("shard-a", 1, 2, 7));
  builder.add(pageOf("shard-b", 3, 3, 7));
  builder.add(pageOf("shard-a", 4, 6, 9));
  builder.addEnd({.shardId = "shard-a", .token = 9});
  builder.addEnd({.shardId = "shard-b", .token = 7});
  return builder.seal();
}

TEST(KeepOnly, GivesTheBlockItselfIfAllOfItIsWanted) {
  const auto block = mixedBlock();
  EXPECT_EQ(keepOnly(block, [](const std::string&, std::int64_t) { return true; }), block);
}

TEST(KeepOnly, GivesNullIfNothingIsWanted) {
  EXPECT_EQ(keepOnly(mixedBlock(), [](const std::string&, std::int64_t) { return false; }), nullptr);
}

TEST(KeepOnly, LooksAtShardAndTokenOfRecordsAndEnds) {
  const auto block = mixedBlock();
  const auto kept = keepOnly(block, [](const std::string& shardId, std::int64_t token) {
    return shardId == "shard-a" && token == 9;
  });
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->id(), block->id());
  EXPECT_EQ(kept->ranges(), SequenceNumberRanges{block->ranges()[2]});
  EXPECT_EQ(kept->ranges()[0].fromSeqNumber, "4");
  EXPECT_EQ(kept->recordCount(), 3);
  EXPECT_EQ(kept->payloadBytes(), 30);
  ASSERT_EQ(kept->ends().size(), 1u);
  EXPECT_EQ(kept->ends()[0].shardId, "shard-a");
  EXPECT_EQ(block->recordCount(), 6);  // As it was.
}

TEST(KeepOnly, KeepsAnEndWhoseRecordsWereNotInTheBlock) {
  const auto kept = keepOnly(mixedBlock(), [first = true](const std::string& shardId, std::int64_t) mutable {
    if (shardId != "shard-b") return false;
    const bool isRecord = first;
    first = false;
    return !isRecord;
  });
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->recordCount(), 0);
  EXPECT_EQ(kept->ends().size(), 1u);
}

// Numbers 5:0 5:1 5:2 6:0, as two aggregated records would give them.
std::shared_ptr<const ShardPage> aggregatedPage() {
  auto page = std::make_shared<ShardPage>();
  page->streamName = "orders";
  page->shardId = "shard-a";
  const auto add = [&page](std::string_view number, std::uint64_t part) {
    Record record;
    record.sequenceNumber = number;
    record.subSequenceNumber = part;
    record.aggregation = Aggregation::kPart;
    page->page.records.push_back(record);
  };
  for (std::uint64_t part = 0; part < 3; ++part) add("5", part);
  add("6", 0);
  return page;
}

TEST(BlockSlice, NamesThePartsOfAggregatedRecordsAtItsEnds) {
  const auto page = aggregatedPage();
  const auto textOf = [&page](std::size_t begin, std::size_t end) {
    return BlockSlice{page, begin, end}.info().range.toString();
  };
  EXPECT_EQ(textOf(0, 4), "SequenceNumberRange(orders,shard-a,5:0,6:0,4)");
  EXPECT_EQ(textOf(0, 2), "SequenceNumberRange(orders,shard-a,5:0,5:1,2)");
  EXPECT_EQ(textOf(2, 4), "SequenceNumberRange(orders,shard-a,5:2,6:0,2)");
}

TEST(SequenceNumberRanges, KnowWhetherTheyAreEmpty) {
  EXPECT_TRUE(SequenceNumberRanges().isEmpty());
  EXPECT_EQ(SequenceNumberRanges().toString(), "SequenceNumberRanges()");
  EXPECT_TRUE((SequenceNumberRanges{{"orders", "shard-a", "4", "6"}}).nonEmpty());
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
