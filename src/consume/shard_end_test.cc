#include "consume/shard_end.h"

#include <gtest/gtest.h>

#include "consume/scripted_kinesis.h"

namespace tidemill::consume {
namespace {

using lease::Checkpoint;
using lease::Lease;
using Step = ShardEndPlan::Step;

class ShardEndTest : public testing::Test {
 protected:
  ShardEndTest() { addRow("shard-1"); }

  void addRow(const std::string& shardId) {
    Lease row;
    row.leaseKey = shardId;
    leases_[shardId] = row;
  }
  ShardEndPlan plan(const std::vector<codec::ChildShard>& children = {}, bool giveUp = false) {
    const block::ShardEnd end{"shard-1", children};
    return planShardEnd({end, processed_, leases_, listing_ ? &*listing_ : nullptr, giveUp});
  }
  void list(const std::vector<kinesis::Shard>& shards) {
    listing_ = kinesis::ShardGraph::build(shards).value();
  }

  std::map<std::string, Lease> leases_;
  Checkpoint processed_ = Checkpoint::at("50");
  std::optional<kinesis::ShardGraph> listing_;
};

TEST_F(ShardEndTest, WritesWhatTheLastPageNamedWithoutAListing) {
  const auto end = plan({childOf("shard-2", "shard-1")});
  EXPECT_EQ(end.step, Step::kWrite);
  ASSERT_EQ(end.children.size(), 1u);
  EXPECT_EQ(end.children[0].leaseKey, "shard-2");
  EXPECT_EQ(end.children[0].checkpoint, Checkpoint::trimHorizon());
}

TEST_F(ShardEndTest, AsksTheListingWhenNobodyNamedChildren) {
  EXPECT_EQ(plan().step, Step::kAskListing);
  list({shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")});
  const auto end = plan();
  EXPECT_EQ(end.step, Step::kWrite);
  EXPECT_EQ(end.children.at(0).leaseKey, "shard-2");
}

TEST_F(ShardEndTest, NeverWritesTheEndOfAShardThatIsListedOpen) {
  list({shardOf("shard-1")});
  EXPECT_EQ(plan({}, false).step, Step::kContradicted);
  EXPECT_EQ(plan({}, true).step, Step::kContradicted);
}

TEST_F(ShardEndTest, WaitsUntilTheListingHasAllChildrenThenGivesThemUp) {
  auto half = shardOf("shard-2", "", "shard-1");
  half.endingHashKey = "99";
  list({shardOf("shard-1", "50"), half});
  EXPECT_EQ(plan().step, Step::kWait);
  const auto end = plan({}, true);
  EXPECT_EQ(end.step, Step::kWrite);
  EXPECT_EQ(end.children.size(), 1u);
}

TEST_F(ShardEndTest, TakesTheEndOfATrimmedShardOnlyWhenItGivesUp) {
  list({shardOf("shard-9")});
  EXPECT_EQ(plan().step, Step::kWait);
  EXPECT_EQ(plan({}, true).step, Step::kWrite);
}

TEST_F(ShardEndTest, WaitsUntilTheOtherParentOfAMergeHasARow) {
  codec::ChildShard merged = childOf("shard-2", "shard-1");
  merged.parentShards.push_back("shard-0");
  EXPECT_EQ(plan({merged}).step, Step::kAskListing);

  list({shardOf("shard-0", "50"), shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")});
  EXPECT_EQ(plan({merged}).reason, "the other parent shard-0 has no lease yet");

  list({shardOf("shard-0", "50"), shardOf("shard-1", "50")});
  EXPECT_EQ(plan({merged}).reason, "the listing lacks shard-2");

  list({shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")});
  EXPECT_EQ(plan({merged}).step, Step::kWrite);  // The other one was trimmed.

  addRow("shard-0");
  listing_.reset();
  EXPECT_EQ(plan({merged}).step, Step::kWrite);
}

TEST_F(ShardEndTest, StartsAChildWhereItsParentStandsThatGaveNothing) {
  const rt::WallTime then(std::chrono::milliseconds(1'767'225'600'000));
  leases_.at("shard-1").checkpoint = Checkpoint::atTimestamp();
  leases_.at("shard-1").startsAt = then;

  processed_ = Checkpoint::atTimestamp();
  EXPECT_EQ(plan({childOf("shard-2", "shard-1")}).children.at(0).startsAt, then);

  processed_ = Checkpoint::at("50");  // The row does not say so yet.
  EXPECT_EQ(plan({childOf("shard-2", "shard-1")}).children.at(0).startsAt, std::nullopt);
}

}  // namespace
}  // namespace tidemill::consume
