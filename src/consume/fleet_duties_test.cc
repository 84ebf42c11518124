// What the leader does for all: hash ranges that older programs left out, rows that nobody needs any more.
#include "consume/fleet_duties.h"

#include "consume/test_book.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class FleetDutiesTest : public BookFixture {
 protected:
  void SetUp() override {
    BookFixture::SetUp();
    remake({.completedInterval = 5min, .garbageInterval = 30min});
  }
  void remake(lease::CleanupOptions options) {
    duties_ = std::make_unique<FleetDuties>(node_->env(), api_, *book_, "orders", options);
  }
  // One pass with what the service lists now.
  void work() {
    ASSERT_TRUE(read());
    StreamView view;
    view.shards = api_.shards;
    auto graph = kinesis::ShardGraph::build(api_.shards);
    ASSERT_TRUE(graph) << graph.error().message();
    view.graph = std::move(*graph);
    const auto done = world_.loop().run(duties_->work(view));
    ASSERT_TRUE(done) << done.error().message();
  }
  // Four generations, of which the last is being read; the rows do not name their children.
  void addGenerations() {
    api_.shards = {shardOf("g1", "10"), shardOf("g2", "20", "g1"), shardOf("g3", "30", "g2"),
                   shardOf("g4", "", "g3")};
    addRow("g1", "", Checkpoint::shardEnd());
    for (const auto& [key, parent] : {std::pair{"g2", "g1"}, std::pair{"g3", "g2"}, std::pair{"g4", "g3"}}) {
      addRow(key, "", Checkpoint::shardEnd()).parentShardIds = {parent};
    }
    row("g4").checkpoint = Checkpoint::at("35");
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, row] : table_->rows) keys.push_back(key);
    return keys;
  }
  using Keys = std::vector<std::string>;

  std::unique_ptr<FleetDuties> duties_;
};

TEST_F(FleetDutiesTest, FillsInHashRangesThatAreMissingAndLeavesTheCounterAlone) {
  api_.shards = {shardOf("shard-1")};
  addRow("shard-1", "you").leaseCounter = 4;
  work();
  EXPECT_EQ(row("shard-1").startingHashKey, "0");
  EXPECT_EQ(row("shard-1").endingHashKey, api_.shards[0].endingHashKey);
  EXPECT_EQ(row("shard-1").leaseCounter, 4);
}

TEST_F(FleetDutiesTest, SaysWhenNoRowCoversAPartOfTheStream) {
  api_.shards = {shardOf("shard-1")};
  api_.shards[0].endingHashKey = "1000";
  addRow("shard-1");
  for (int i = 0; i < 2; ++i) work();
  EXPECT_EQ(logged("shards_do_not_cover_the_stream"), 0u);
  work();
  EXPECT_EQ(logged("shards_do_not_cover_the_stream"), 1u);

  duties_->rest();  // Another worker led meanwhile: the count begins again.
  work();
  EXPECT_EQ(logged("shards_do_not_cover_the_stream"), 1u);
}

TEST_F(FleetDutiesTest, RemovesCompletedRowsOldestFirstAfterTheInterval) {
  addGenerations();
  world_.runFor(5min - 1s);
  work();
  EXPECT_EQ(keys(), (Keys{"g1", "g2", "g3", "g4"}));

  world_.runFor(1s);
  work();
  EXPECT_EQ(keys(), (Keys{"g2", "g3", "g4"}));  // A generation each time.
  EXPECT_EQ(logged("lease_removed"), 1u);
  work();
  EXPECT_EQ(keys(), (Keys{"g2", "g3", "g4"}));
  for (int i = 0; i < 5; ++i) {
    world_.runFor(5min);
    work();
  }
  EXPECT_EQ(keys(), Keys{"g4"});
}

TEST_F(FleetDutiesTest, KeepsARowWhoseChildNobodyHasReadFrom) {
  addGenerations();
  row("g4").checkpoint = Checkpoint::trimHorizon();
  for (int i = 0; i < 5; ++i) {
    world_.runFor(5min);
    work();
  }
  EXPECT_EQ(keys(), (Keys{"g3", "g4"}));
}

TEST_F(FleetDutiesTest, KeepsEveryRowIfItIsToldSo) {
  addGenerations();
  remake({.enabled = false, .completedInterval = 5min, .garbageInterval = 30min});
  world_.runFor(2h);
  work();
  EXPECT_EQ(keys().size(), 4u);
}

TEST_F(FleetDutiesTest, ARowThatChangedSinceItWasReadStays) {
  addGenerations();
  world_.runFor(5min);
  ASSERT_TRUE(read());
  row("g1").checkpoint = Checkpoint::at("1");  // Rewound by the operator meanwhile.
  ++row("g1").leaseCounter;
  StreamView view;
  view.shards = api_.shards;
  view.graph = std::move(*kinesis::ShardGraph::build(api_.shards));
  EXPECT_TRUE(world_.loop().run(duties_->work(view)));
  EXPECT_EQ(row("g1").checkpoint, Checkpoint::at("1"));
}

TEST_F(FleetDutiesTest, RemovesGarbageOnlyWhenTheServiceDoesNotKnowTheShard) {
  api_.shards = {shardOf("shard-9")};
  addRow("gone-1", "", Checkpoint::shardEnd());
  addRow("gone-2", "", Checkpoint::shardEnd());
  addRow("gone-3", "", Checkpoint::shardEnd());
  addRow("shard-9", "", Checkpoint::at("5"));
  world_.runFor(30min);
  // The first is unknown, the second only unlisted, and of the third nobody knows.
  api_.iterators = {fail(Code::kUnknownStream, "no such shard"), std::string("i1"),
                    fail(Code::kThrottled, "slow down")};
  work();
  EXPECT_EQ(keys(), (Keys{"gone-2", "gone-3", "shard-9"}));
}

TEST_F(FleetDutiesTest, AnUnfinishedRowIsNeverGarbage) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", "", Checkpoint::at("5"));
  world_.runFor(31min);
  api_.iterators = {fail(Code::kUnknownStream, "no such shard")};
  work();
  EXPECT_EQ(keys(), Keys{"shard-1"});
  EXPECT_TRUE(api_.calls.empty());
}

}  // namespace
}  // namespace tidemill::consume
