#include "tidemill/shard_watermarks.h"

#include <gtest/gtest.h>

namespace tidemill {
namespace {

constexpr char kShard[] = "shard-1";

class ShardWatermarksTest : public testing::Test {
 protected:
  std::string upTo() const {
    const auto progress = marks_.progress(kShard);
    if (!progress.upTo) return "";
    return progress.upTo->sequenceNumber + "/" + std::to_string(progress.upTo->subSequenceNumber);
  }
  bool complete() const { return marks_.progress(kShard).complete; }

  ShardWatermarks marks_;
};

TEST_F(ShardWatermarksTest, AShardWithoutRecordsIsCompleteAndNowhere) {
  EXPECT_EQ(upTo(), "");
  EXPECT_TRUE(complete());
}

TEST_F(ShardWatermarksTest, StopsInFrontOfTheFirstRunThatIsNotProcessed) {
  for (const char* number : {"9", "10", "11"}) ASSERT_TRUE(marks_.received(kShard, {number, 0}));
  marks_.processed(kShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
  marks_.processed(kShard, {"9", 0});
  EXPECT_EQ(upTo(), "10/0");
  EXPECT_FALSE(complete());
  marks_.processed(kShard, {"11", 0});
  EXPECT_EQ(upTo(), "11/0");
  EXPECT_TRUE(complete());
}

TEST_F(ShardWatermarksTest, KnowsThePartsOfAnAggregatedRecord) {
  ASSERT_TRUE(marks_.received(kShard, {"10", 2}));
  ASSERT_TRUE(marks_.received(kShard, {"10", 5}));
  marks_.processed(kShard, {"10", 2});
  EXPECT_EQ(upTo(), "10/2");
  EXPECT_FALSE(complete());
}

TEST_F(ShardWatermarksTest, IgnoresRunsThatItDoesNotKnow) {
  marks_.processed(kShard, {"10", 0});
  ASSERT_TRUE(marks_.received(kShard, {"12", 0}));
  marks_.processed(kShard, {"11", 0});
  marks_.processed(kShard, {"nonsense", 0});
  EXPECT_EQ(upTo(), "");
  marks_.processed(kShard, {"12", 0});
  marks_.processed(kShard, {"12", 0});
  EXPECT_EQ(upTo(), "12/0");
}

TEST_F(ShardWatermarksTest, RefusesRunsOutOfOrder) {
  ASSERT_TRUE(marks_.received(kShard, {"10", 0}));
  for (const char* number : {"10", "9", "LATEST", "SHARD_END", "x", ""}) {
    const auto received = marks_.received(kShard, {number, 0});
    ASSERT_FALSE(received) << number;
    EXPECT_EQ(received.error().code(), Code::kInvalidArgument);
    EXPECT_NE(received.error().message().find(kShard), std::string::npos);
  }
  EXPECT_TRUE(marks_.received("shard-2", {"9", 0}));
}

TEST_F(ShardWatermarksTest, StoredIsNotProcessed) {
  ASSERT_TRUE(marks_.received(kShard, {"10", 0}));
  marks_.stored(kShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
}

TEST_F(ShardWatermarksTest, AForgottenShardBeginsAnew) {
  ASSERT_TRUE(marks_.received(kShard, {"10", 0}));
  marks_.forget(kShard);
  EXPECT_TRUE(complete());
  EXPECT_TRUE(marks_.received(kShard, {"5", 0}));
  marks_.processed(kShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
}

}  // namespace
}  // namespace tidemill
