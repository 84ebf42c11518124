#include "cli/range_text.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::cli {
namespace {

TEST(ParseRange, TakesAStreamAShardAndTwoNumbers) {
  const auto range = parseRange("orders/shardId-000000000003:4951:4977");
  ASSERT_TRUE(range);
  EXPECT_EQ(*range, (SequenceNumberRange{"orders", "shardId-000000000003", "4951", "4977"}));
}

TEST(ParseRange, TakesPartsOfAggregatedRecords) {
  const auto range = parseRange("a.b-c_d/shard-1:4951.3:4977.0");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->streamName, "a.b-c_d");
  EXPECT_EQ(range->fromSeqNumber, "4951");
  EXPECT_EQ(range->fromSubSeqNumber, 3u);
  EXPECT_EQ(range->toSubSeqNumber, 0u);
  EXPECT_FALSE(parseRange("orders/shard-1:4951:4977.2")->fromSubSeqNumber);
}

TEST(ParseRange, RefusesWhatIsNoRange) {
  for (const char* text : {"",
                           "orders",
                           "orders/shard-1",
                           "orders/shard-1:1",
                           "orders/shard-1:1:",
                           "orders/shard-1::2",
                           "orders/shard-1:1:2:3",
                           "orders:1:2",
                           "/shard-1:1:2",
                           "orders/:1:2",
                           "orders/a/b:1:2",
                           "orders/shard-1:x:2",
                           "orders/shard-1:1:-2",
                           "orders/shard-1:01:2",
                           "orders/shard-1:1.:2",
                           "orders/shard-1:1.x:2",
                           "orders/shard-1:1.-1:2",
                           "orders/shard-1:1.2.3:2",
                           "orders/shard-1:.1:2",
                           "orders/shard-1: 1:2",
                           "orders/shard-1:1:2 "}) {
    const auto range = parseRange(text);
    ASSERT_FALSE(range) << text;
    EXPECT_EQ(range.error().code(), Code::kUsage);
    EXPECT_NE(range.error().hint(), "");
  }
}

}  // namespace
}  // namespace tidemill::cli
