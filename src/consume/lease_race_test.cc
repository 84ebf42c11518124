// Rows that change while a task waits, and workers with very many leases.
#include <algorithm>

#include "consume/lease_book.h"
#include "consume/start_plan.h"
#include "consume/test_coordinator.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class LeaseRaceTest : public CoordinatorFixture {};

TEST_F(LeaseRaceTest, OutlivesARowThatVanishesWhileItsShardIsLookedFor) {
  api_.shards = {shardOf("shard-1")};
  options_.take.maxLeases = 1;
  options_.scanEvery = 200ms;
  restart();
  openAndRun();
  process("shard-1", {"5"});
  world_.runFor(1s);
  row("shard-1").parentShardIds = {"shard-0"};
  addRow("shard-0", Checkpoint::at("4")).leaseOwner.clear();
  for (int i = 0; i < 3; ++i) api_.iterators.push_back(fail(Code::kUnknownStream, "no such shard"));

  for (int i = 0; i < 1000 && api_.iterators.size() == 3; ++i) world_.runFor(100ms);
  ASSERT_LT(api_.iterators.size(), 3u);
  table_->rows.erase("shard-0");  // By another worker's cleanup.
  world_.runFor(5s);

  EXPECT_TRUE(api_.iterators.empty());
  EXPECT_EQ(logged("data_lost"), 0u);
  EXPECT_FALSE(ran_.has_value());
}

TEST_F(LeaseRaceTest, ReadsAFinishedShardOnceMoreThatAnOperatorRewound) {
  api_.shards = {shardOf("shard-1")};
  openAndRun();
  api_.shards = {shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")};
  process("shard-1", {"5"}, block::ShardEnd{"shard-1", {childOf("shard-2", "shard-1")}});
  world_.runFor(2s);
  ASSERT_EQ(row("shard-1").leaseOwner, "");
  started_.erase("shard-1");

  lease::applyTo(row("shard-1"), lease::rewinding(row("shard-1"), Checkpoint::trimHorizon()));
  world_.runFor(10s);

  EXPECT_TRUE(started_.contains("shard-1"));
}

TEST_F(LeaseRaceTest, BeginsAtTheOldestRecordWhenARowThatBeganAtATimeIsRewound) {
  lease::Lease began;
  began.leaseKey = "shard-1";
  began.checkpoint = Checkpoint::at("41");
  began.startsAt = rt::WallTime(1h);
  lease::applyTo(began, lease::rewinding(began, Checkpoint::trimHorizon()));
  EXPECT_EQ(positionOf(began, {}).type, kinesis::IteratorPosition::Type::kTrimHorizon);
}

TEST_F(LeaseRaceTest, HandsOverALeaseThatWasAskedForBeforeItWasTakenBack) {
  api_.shards = {shardOf("shard-1")};
  addRow("shard-1", Checkpoint::at("4")).wantedBy = "you";
  openAndRun();
  world_.runFor(2s);
  EXPECT_EQ(row("shard-1").leaseOwner, "you");
  EXPECT_EQ(row("shard-1").wantedBy, "");
  EXPECT_TRUE(started_.empty());
}

// Rows that name this worker and were written by another process of that name.
class OwnNameTest : public CoordinatorFixture {
 protected:
  void leave() {
    api_.shards = {shardOf("shard-1")};
    addRow("shard-1", Checkpoint::at("4")).incarnation = "me/0/1";
  }
};

TEST_F(OwnNameTest, TakesWhatAnEarlierProcessLeftWhoseLastWriteIsSeenLate) {
  leave();
  openAndRun();
  ++row("shard-1").leaseCounter;
  world_.runFor(20s);
  EXPECT_FALSE(ran_.has_value());
  EXPECT_TRUE(started_.contains("shard-1"));
}

TEST_F(OwnNameTest, StopsBesideAProcessThatKeepsWriting) {
  leave();
  openAndRun();
  for (int i = 0; i < 10; ++i) {
    ++row("shard-1").leaseCounter;
    world_.runFor(3s);
  }
  EXPECT_EQ(runCode(), Code::kWorkerIdInUse);
  EXPECT_TRUE(started_.empty());
}

// More renewals than the store takes, so that some are always late.
class LeaseLoadTest : public CoordinatorFixture, public LeaseEvents {
 protected:
  void leaseLost(const std::string&, std::int64_t, LeaseLoss) override { ++lost_; }
  void shardEndWritten(const std::string&) override {}
  void leaseWanted(const std::string&, std::int64_t) override {}

  void takeMany(int count) {
    for (int i = 0; i < count; ++i) addRow("shard-" + std::to_string(i), Checkpoint::at("1"));
    ASSERT_TRUE(world_.loop().run(book_->read()));
    std::vector<lease::LeaseTake> takes;
    for (const auto& [key, row] : book_->rows()) {
      lease::LeaseTake take;
      take.leaseKey = key;
      take.seenCounter = row.leaseCounter;
      takes.push_back(std::move(take));
    }
    ASSERT_TRUE(world_.loop().run(book_->take(std::move(takes))));
    ASSERT_EQ(book_->heldCount(), static_cast<std::size_t>(count));
  }
  void pumpFor(rt::Duration time) {
    for (rt::Duration done{}; done < time; done += 50ms) {
      book_->pump();
      world_.runFor(50ms);
    }
  }
  void makeBook(rt::Duration failover) {
    book_ = std::make_unique<LeaseBook>(node_->env(), *store_,
                                        LeaseBookOptions{{"me", "me/1"}, {.failover = failover}, 1s}, *this);
  }
  void TearDown() override { book_.reset(); }

  int lost_ = 0;
  std::unique_ptr<LeaseBook> book_;
};

TEST_F(LeaseLoadTest, RenewsEveryLeaseInTurnWhenThereIsNoTimeToRenewAllAsOftenAsItWould) {
  makeBook(350ms);
  takeMany(1500);
  pumpFor(1500ms);
  EXPECT_EQ(lost_, 0);
}

TEST_F(LeaseLoadTest, SettlesAlthoughWritesAreAlwaysDue) {
  makeBook(350ms);
  takeMany(1500);
  pumpFor(500ms);
  const rt::TimePoint before = world_.loop().now();
  world_.loop().run(book_->settle());
  EXPECT_LT(world_.loop().now() - before, 100ms);
  EXPECT_TRUE(world_.loop().run(book_->finish()));
  EXPECT_EQ(lost_, 0);
  EXPECT_TRUE(std::all_of(table_->rows.begin(), table_->rows.end(),
                          [](const auto& row) { return row.second.leaseOwner.empty(); }));
}

}  // namespace
}  // namespace tidemill::consume
