// What a worker does with rows and shards when it starts. See coordinator_run_test.cc for what comes later.
#include "consume/shard_coordinator.h"

#include "consume/test_coordinator.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;
using Type = kinesis::IteratorPosition::Type;

constexpr rt::WallTime kCreated{1'767'225'600'000ms};

class ShardCoordinatorTest : public CoordinatorFixture {};

TEST_F(ShardCoordinatorTest, MakesMissingRowsAndTakesThem) {
  api_.shards = {shardOf("shard-1")};
  ASSERT_TRUE(open());
  EXPECT_EQ(row("shard-1").leaseOwner, "me");
  EXPECT_EQ(started_.at("shard-1").position.type, Type::kTrimHorizon);
}

TEST_F(ShardCoordinatorTest, ReadsOnBehindTheCheckpoint) {
  api_.shards = {shardOf("shard-1")};
  addRow("shard-1", Checkpoint::at("41"));
  ASSERT_TRUE(open());
  // At it, not behind it: it may be an aggregated record of which parts are left.
  EXPECT_EQ(started_.at("shard-1").position.type, Type::kAtSequenceNumber);
  EXPECT_EQ(started_.at("shard-1").position.sequenceNumber, "41");
}

TEST_F(ShardCoordinatorTest, TellsTheHashKeysOfTheShardFromItsRowOrElseFromTheListing) {
  api_.shards = {shardOf("shard-1"), shardOf("shard-2", "90")};
  api_.shards[1].startingHashKey = "7";
  auto& written = addRow("shard-1", Checkpoint::at("41"));
  written.startingHashKey = "100";
  written.endingHashKey = "200";
  addRow("shard-2", Checkpoint::at("41"));  // As KCL 1.x makes rows.
  ASSERT_TRUE(open());
  ASSERT_TRUE(started_.at("shard-1").hashRange);
  EXPECT_TRUE(started_.at("shard-1").hashRange->first == 100 &&
              started_.at("shard-1").hashRange->last == 200);
  ASSERT_TRUE(started_.at("shard-2").hashRange);
  EXPECT_TRUE(started_.at("shard-2").hashRange->first == 7);
}

TEST_F(ShardCoordinatorTest, StartsNoChildBeforeItsParentsEnd) {
  api_.shards = {shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")};
  addRow("shard-1", Checkpoint::at("41"));
  addRow("shard-2", Checkpoint::trimHorizon()).parentShardIds = {"shard-1"};
  ASSERT_TRUE(open());
  EXPECT_EQ(started_.size(), 1u);
  EXPECT_TRUE(started_.contains("shard-1"));
}

TEST_F(ShardCoordinatorTest, FixesLatestByTheServersClockNotByItsOwn) {
  options_.initialPosition = KinesisInitialPosition::Latest();
  restart();
  api_.shards = {shardOf("shard-1")};
  api_.serverTime = node_->env().loop.wall() - 10min;  // Ours is ahead.
  ASSERT_TRUE(open());
  EXPECT_EQ(row("shard-1").startsAt, api_.serverTime);
  EXPECT_EQ(started_.at("shard-1").position.type, Type::kAtTimestamp);
  EXPECT_EQ(started_.at("shard-1").position.timestamp, api_.serverTime);
}

TEST_F(ShardCoordinatorTest, KeepsTheMomentOfLatestOverARestart) {
  options_.initialPosition = KinesisInitialPosition::Latest();
  restart();
  api_.shards = {shardOf("shard-1")};
  api_.serverTime = kCreated;
  ASSERT_TRUE(open());
  api_.serverTime = kCreated + 1h;
  restart();
  ASSERT_TRUE(open());
  EXPECT_EQ(started_.at("shard-1").position.timestamp, kCreated);
}

TEST_F(ShardCoordinatorTest, RefusesRowsOfAnEarlierStreamOfTheSameName) {
  api_.shards = {shardOf("shard-1")};
  api_.created = kCreated;
  ASSERT_TRUE(open());

  api_.created = kCreated + 1h;
  restart();
  const auto refused = open();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_EQ(
      refused.error().message(),
      "application app, stream orders: the lease rows are of a stream created at 2026-01-01T00:00:00.000Z, "
      "but this one was created at 2026-01-01T01:00:00.000Z");
  EXPECT_NE(refused.error().hint().find("another application name"), std::string::npos);
  EXPECT_TRUE(started_.empty());
}

TEST_F(ShardCoordinatorTest, AsksNoServerForATimeThatItDoesNotKnow) {
  api_.shards = {shardOf("shard-1")};
  api_.created = kCreated;
  ASSERT_TRUE(open());
  for (const auto unknown : {std::optional<rt::WallTime>(), std::optional<rt::WallTime>(rt::WallTime())}) {
    api_.created = unknown;
    restart();
    EXPECT_TRUE(open());
  }
}

TEST_F(ShardCoordinatorTest, RefusesARowAtItsEndWhoseShardIsOpen) {
  api_.shards = {shardOf("shard-1")};
  addRow("shard-1", Checkpoint::shardEnd());
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_NE(refused.error().message().find("shard shard-1 is open"), std::string::npos);
}

TEST_F(ShardCoordinatorTest, WaitsForAListingThatHasNotHeardOfAnEndYet) {
  api_.listings = {std::vector{shardOf("shard-1")}};
  api_.shards = {shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")};
  addRow("shard-1", Checkpoint::shardEnd());
  EXPECT_TRUE(open());
  EXPECT_TRUE(started_.contains("shard-2"));
}

TEST_F(ShardCoordinatorTest, NamesTheLossWhenAShardWasTrimmedBeforeItsEnd) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", Checkpoint::at("41"));
  addRow("shard-2", Checkpoint::trimHorizon());
  for (int i = 0; i < 6; ++i) api_.iterators.push_back(fail(Code::kUnknownStream, "no such shard"));
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kDataLoss);
  EXPECT_EQ(refused.error().message(),
            "stream orders, shard shard-1: records after 41 were trimmed before they were read");
  EXPECT_EQ(logged("data_lost"), 2u);
  EXPECT_TRUE(started_.empty());
}

TEST_F(ShardCoordinatorTest, TakesAShardThatCanBeReadForUnlistedNotForTrimmed) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", Checkpoint::at("41"));
  api_.iterators = {std::string("i1")};
  EXPECT_TRUE(open());
  EXPECT_TRUE(started_.contains("shard-1"));
}

TEST_F(ShardCoordinatorTest, ForgetsAFinishedShardThatWasTrimmed) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", Checkpoint::shardEnd());
  EXPECT_TRUE(open());
}

TEST_F(ShardCoordinatorTest, FailsToOpenWhenTheShardsCannotBeListed) {
  api_.listings = {fail(Code::kLimitExceeded, "stream orders: slow down")};
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "stream orders: slow down");
}

}  // namespace
}  // namespace tidemill::consume
