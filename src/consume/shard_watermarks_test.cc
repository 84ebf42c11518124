#include "tidemill/shard_watermarks.h"

#include <gtest/gtest.h>

namespace tidemill {
namespace {

constexpr char kSomeShard[] = "shard-1";

class ShardWatermarksTest : public testing::Test {
 protected:
  std::string upTo() const {
    const auto progress = marks_.progress(kSomeShard);
    if (!progress.upTo) return "";
    return progress.upTo->sequenceNumber + "/" + std::to_string(progress.upTo->subSequenceNumber);
  }
  bool complete() const { return marks_.progress(kSomeShard).complete; }

  ShardWatermarks marks_;
};

TEST_F(ShardWatermarksTest, AShardWithoutRecordsIsCompleteAndNowhere) {
  EXPECT_EQ(upTo(), "");
  EXPECT_TRUE(complete());
}

TEST_F(ShardWatermarksTest, StopsInFrontOfTheFirstRunThatIsNotProcessed) {
  for (const char* number : {"9", "10", "11"}) ASSERT_TRUE(marks_.received(kSomeShard, {number, 0}));
  marks_.processed(kSomeShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
  marks_.processed(kSomeShard, {"9", 0});
  EXPECT_EQ(upTo(), "10/0");
  EXPECT_FALSE(complete());
  marks_.processed(kSomeShard, {"11", 0});
  EXPECT_EQ(upTo(), "11/0");
  EXPECT_TRUE(complete());
}

TEST_F(ShardWatermarksTest, KnowsThePartsOfAnAggregatedRecord) {
  ASSERT_TRUE(marks_.received(kSomeShard, {"10", 2}));
  ASSERT_TRUE(marks_.received(kSomeShard, {"10", 5}));
  marks_.processed(kSomeShard, {"10", 2});
  EXPECT_EQ(upTo(), "10/2");
  EXPECT_FALSE(complete());
}

TEST_F(ShardWatermarksTest, IgnoresRunsThatItDoesNotKnow) {
  marks_.processed(kSomeShard, {"10", 0});
  ASSERT_TRUE(marks_.received(kSomeShard, {"12", 0}));
  marks_.processed(kSomeShard, {"11", 0});
  marks_.processed(kSomeShard, {"nonsense", 0});
  EXPECT_EQ(upTo(), "");
  marks_.processed(kSomeShard, {"12", 0});
  marks_.processed(kSomeShard, {"12", 0});
  EXPECT_EQ(upTo(), "12/0");
}

TEST_F(ShardWatermarksTest, RefusesRunsOutOfOrder) {
  ASSERT_TRUE(marks_.received(kSomeShard, {"10", 0}));
  for (const char* number : {"10", "9", "LATEST", "SHARD_END", "x", ""}) {
    const auto received = marks_.received(kSomeShard, {number, 0});
    ASSERT_FALSE(received) << number;
    EXPECT_EQ(received.error().code(), Code::kInvalidArgument);
    EXPECT_NE(received.error().message().find(kSomeShard), std::string::npos);
  }
  EXPECT_TRUE(marks_.received("shard-2", {"9", 0}));
}

TEST_F(ShardWatermarksTest, StoredIsNotProcessed) {
  ASSERT_TRUE(marks_.received(kSomeShard, {"10", 0}));
  marks_.stored(kSomeShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
}

TEST_F(ShardWatermarksTest, AForgottenShardBeginsAnew) {
  ASSERT_TRUE(marks_.received(kSomeShard, {"10", 0}));
  marks_.forget(kSomeShard);
  EXPECT_TRUE(complete());
  EXPECT_TRUE(marks_.received(kSomeShard, {"5", 0}));
  marks_.processed(kSomeShard, {"10", 0});
  EXPECT_EQ(upTo(), "");
}

}  // namespace
}  // namespace tidemill
