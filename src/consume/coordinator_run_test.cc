// What a worker does while it runs: checkpoints, ends of shards, outages, stopping.
#include "consume/shard_coordinator.h"
#include "consume/test_coordinator.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class CoordinatorRunTest : public CoordinatorFixture {
 protected:
  CoordinatorRunTest() {
    api_.shards = {shardOf("shard-1")};
    api_.created = rt::WallTime(1'767'225'600'000ms);
  }
  // As the service lists it once shard-1 was followed by shard-2.
  void reshard() { api_.shards = {shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")}; }
};

TEST_F(CoordinatorRunTest, WritesWhatWasProcessedAndGivesTheLeasesUp) {
  openAndRun();
  process("shard-1", {"5", "6"});
  world_.runFor(1s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("6"));
  process("shard-1", {"7"});
  ASSERT_TRUE(stopAndFinish());
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("7"));
  EXPECT_EQ(row("shard-1").leaseOwner, "");
  EXPECT_EQ(coordinator_->totals().checkpointed, 3);
}

TEST_F(CoordinatorRunTest, TellsThatALeaseRanOutDuringABatchBeforeTheBatchIsNoted) {
  openAndRun();
  const lease::Lease before = row("shard-1");
  tasks_.cancel();  // As if the process stood still: nothing is looked at while the time passes.
  world_.runFor(options_.times.failover);
  EXPECT_EQ(logged("lease_lost"), 0u);

  process("shard-1", {"5"});

  EXPECT_EQ(logged("lease_lost"), 1u);
  EXPECT_EQ(stopped_.size(), 1u);
  EXPECT_EQ(coordinator_->totals().processed, 0);
  EXPECT_EQ(row("shard-1"), before);
}

TEST_F(CoordinatorRunTest, FollowsAShardWithTheChildrenThatItsLastPageNames) {
  openAndRun();
  reshard();
  process("shard-1", {"5"}, block::ShardEnd{"shard-1", {childOf("shard-2", "shard-1")}});
  world_.runFor(1s);
  EXPECT_TRUE(row("shard-1").checkpoint.isShardEnd());
  EXPECT_EQ(row("shard-1").childShardIds, std::set<std::string>{"shard-2"});
  EXPECT_EQ(row("shard-2").leaseOwner, "me");
  EXPECT_TRUE(started_.contains("shard-2"));
  EXPECT_EQ(coordinator_->totals().checkpointed, 1);
}

TEST_F(CoordinatorRunTest, AsksTheListingForChildrenThatNobodyNamed) {
  openAndRun();
  process("shard-1", {"5"}, block::ShardEnd{"shard-1", {}});
  world_.runFor(5s);
  // The listing has the shard open still: it is not sealed.
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));

  reshard();
  world_.runFor(5s);

  EXPECT_TRUE(row("shard-1").checkpoint.isShardEnd());
  EXPECT_TRUE(started_.contains("shard-2"));
}

TEST_F(CoordinatorRunTest, EndsLoudlyWhenAShardThatEndedStaysListedOpen) {
  openAndRun();
  process("shard-1", {"5"}, block::ShardEnd{"shard-1", {}});
  world_.runFor(60s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(runCode(), Code::kMalformedResponse);
}

TEST_F(CoordinatorRunTest, WaitsForTheOtherParentOfAMergedChild) {
  openAndRun();
  // shard-1 and shard-0, which was never heard of, become shard-2.
  block::ShardEnd end{"shard-1", {childOf("shard-2", "shard-1")}};
  end.children[0].parentShards = {"shard-1", "shard-0"};
  auto merged = shardOf("shard-2", "", "shard-1");
  merged.adjacentParentShardId = "shard-0";
  api_.shards = {shardOf("shard-0", "50"), shardOf("shard-1", "50"), merged};

  process("shard-1", {"5"}, end);
  world_.runFor(2s);

  EXPECT_TRUE(row("shard-1").checkpoint.isShardEnd());
  EXPECT_TRUE(started_.contains("shard-0"));
  EXPECT_FALSE(started_.contains("shard-2"));
  process("shard-0", {"6"}, block::ShardEnd{"shard-0", end.children});
  world_.runFor(2s);
  EXPECT_TRUE(started_.contains("shard-2"));
}

TEST_F(CoordinatorRunTest, StartsTheChildOfAShardThatGaveNothingSinceATimeAtThatTime) {
  options_.initialPosition = KinesisInitialPosition::AtTimestamp(*api_.created);
  restart();
  openAndRun();
  reshard();
  process("shard-1", {}, block::ShardEnd{"shard-1", {childOf("shard-2", "shard-1")}});
  world_.runFor(1s);
  EXPECT_EQ(started_.at("shard-2").position.type, kinesis::IteratorPosition::Type::kAtTimestamp);
  EXPECT_EQ(started_.at("shard-2").position.timestamp, *api_.created);
}

TEST_F(CoordinatorRunTest, OutlivesListingsThatFail) {
  openAndRun();
  for (const Code code : {Code::kLimitExceeded, Code::kMalformedResponse, Code::kUnreachable})
    api_.listings.push_back(fail(code, "stream orders: not now"));
  world_.runFor(200s);
  EXPECT_EQ(logged("shards_not_listed"), 3u);
  process("shard-1", {"5"});
  world_.runFor(1s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_FALSE(ran_.has_value());
}

TEST_F(CoordinatorRunTest, EndsWhenTheStreamIsGone) {
  openAndRun();
  api_.listings = {fail(Code::kUnknownStream, "stream orders: not found")};
  world_.runFor(70s);
  EXPECT_EQ(runCode(), Code::kUnknownStream);
}

TEST_F(CoordinatorRunTest, EndsWhenTheStreamWasMadeAgain) {
  openAndRun();
  api_.created = *api_.created + 1h;
  world_.runFor(70s);
  EXPECT_EQ(runCode(), Code::kInvalidConfig);
}

TEST_F(CoordinatorRunTest, FindsShardsThatNoParentAnnounced) {
  openAndRun();
  auto other = shardOf("shard-7");
  api_.shards.push_back(other);
  world_.runFor(70s);
  EXPECT_TRUE(started_.contains("shard-7"));
}

TEST_F(CoordinatorRunTest, OutlivesAnOutageOfTheStore) {
  openAndRun();
  world_.faultPlan().rates = {{"lease.lost_request", 1'000'000}};
  process("shard-1", {"5"});
  world_.runFor(300s);
  EXPECT_FALSE(ran_.has_value());
  EXPECT_GT(logged("checkpoint_not_written"), 0u);
  EXPECT_EQ(logged("lease_lost"), 1u);

  world_.faultPlan().rates = {};
  world_.runFor(30s);
  process("shard-1", {"6"});
  world_.runFor(2s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("6"));
}

TEST_F(CoordinatorRunTest, KnowsItsOwnWriteAgainAfterAnOutage) {
  openAndRun();
  world_.faultPlan().rates = {{"lease.lost_response", 1'000'000}};
  process("shard-1", {"5"});
  world_.runFor(3s);
  process("shard-1", {"6"});
  world_.faultPlan().rates = {};
  world_.runFor(30s);
  EXPECT_EQ(logged("lease_lost"), 0u);
  EXPECT_FALSE(ran_.has_value());
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("6"));
}

TEST_F(CoordinatorRunTest, LosesALeaseThatAnotherWorkerTookAndGoesOn) {
  openAndRun();
  row("shard-1").leaseOwner = "you";
  ++row("shard-1").leaseCounter;
  process("shard-1", {"5"});
  world_.runFor(1s);
  EXPECT_EQ(logged("lease_lost"), 1u);
  ASSERT_EQ(stopped_.size(), 1u);
  EXPECT_EQ(stopped_[0].token, started_.at("shard-1").token);
  EXPECT_FALSE(stopped_[0].handOver);
  EXPECT_FALSE(coordinator_->holds("shard-1", tokenOf("shard-1")));
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::trimHorizon());
  EXPECT_FALSE(ran_.has_value());
}

TEST_F(CoordinatorRunTest, StopsWhenAnotherProcessWorksUnderItsId) {
  openAndRun();
  row("shard-1").incarnation = "me/2";
  ++row("shard-1").leaseCounter;
  world_.runFor(10s);
  EXPECT_EQ(runCode(), Code::kWorkerIdInUse);
  EXPECT_EQ(ran_->error().message(),
            "application app, stream orders, lease shard-1: another process works as worker me");
}

TEST_F(CoordinatorRunTest, RefusesARowThatWentBackAsAfterTheRestoreOfABackup) {
  openAndRun();
  process("shard-1", {"5"});
  world_.runFor(1s);
  lease::Lease old = row("shard-1");
  process("shard-1", {"6"});
  world_.runFor(2s);

  old.leaseOwner.clear();
  row("shard-1") = old;
  world_.runFor(60s);

  EXPECT_EQ(logged("lease_checkpoint_regressed"), 1u);
  EXPECT_EQ(stopped_.size(), 1u);
  EXPECT_EQ(row("shard-1"), old);  // Left alone.
}

TEST_F(CoordinatorRunTest, MakesARowAgainThatSomebodyDeletedAndReadsOn) {
  openAndRun();
  process("shard-1", {"5"});
  world_.runFor(1s);

  table_->rows.clear();
  world_.runFor(20s);

  EXPECT_EQ(logged("lease_row_vanished"), 1u);
  ASSERT_TRUE(table_->rows.contains("shard-1"));
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(started_.at("shard-1").position.sequenceNumber, "5");
}

TEST_F(CoordinatorRunTest, KeepsAnIdleLeaseAlive) {
  openAndRun();
  const std::int64_t before = row("shard-1").leaseCounter;
  world_.runFor(60s);
  EXPECT_GE(row("shard-1").leaseCounter, before + 17);
  EXPECT_EQ(logged("lease_lost"), 0u);
}

TEST_F(CoordinatorRunTest, DeliversNothingAfterAStallThatOutlastedTheLease) {
  openAndRun();
  const auto token = tokenOf("shard-1");
  node_->stall(30s);
  world_.runFor(31s);
  EXPECT_EQ(logged("lease_lost"), 1u);
  EXPECT_NE(row("shard-1").leaseCounter, token);
  EXPECT_FALSE(coordinator_->holds("shard-1", token));
}

TEST_F(CoordinatorRunTest, HandsALeaseOverWhenWhatWasReadIsProcessed) {
  openAndRun();
  row("shard-1").wantedBy = "you";
  world_.runFor(5s);
  ASSERT_EQ(stopped_.size(), 1u);
  EXPECT_TRUE(stopped_[0].handOver);
  EXPECT_EQ(row("shard-1").leaseOwner, "me");

  process("shard-1", {"5"}, block::ShardEnd{.shardId = "shard-1", .kind = block::ShardEnd::Kind::kHandOver});
  world_.runFor(1s);

  EXPECT_EQ(row("shard-1").leaseOwner, "you");
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(logged("lease_handed_over"), 1u);
}

TEST_F(CoordinatorRunTest, WritesCheckpointsAndStopsWhileAListingHangs) {
  openAndRun();
  world_.runFor(59s);
  api_.loop = &world_.loop();
  api_.listingTakes = 1h;
  world_.runFor(10s);
  process("shard-1", {"5"});
  world_.runFor(1s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  ASSERT_TRUE(stopAndFinish());  // Within a second.
  EXPECT_EQ(row("shard-1").leaseOwner, "");
}

TEST_F(CoordinatorRunTest, LeavesAnEndToTheNextRunWhenOnlyAListingKnowsTheChildren) {
  openAndRun();
  process("shard-1", {"5"});
  world_.runFor(1s);
  coordinator_->requestStop();
  process("shard-1", {"6"}, block::ShardEnd{"shard-1", {}});
  ASSERT_TRUE(stopAndFinish());
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("6"));
}

TEST_F(CoordinatorRunTest, WritesAnEndAtTheLastMomentWhenItsChildrenAreNamed) {
  openAndRun();
  coordinator_->requestStop();
  process("shard-1", {"6"}, block::ShardEnd{"shard-1", {childOf("shard-2", "shard-1")}});
  ASSERT_TRUE(stopAndFinish());
  EXPECT_TRUE(row("shard-1").checkpoint.isShardEnd());
  EXPECT_TRUE(table_->rows.contains("shard-2"));
}

}  // namespace
}  // namespace tidemill::consume
