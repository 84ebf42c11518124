// What becomes of held leases and of the rows of others, write by write.
#include "consume/lease_book.h"

#include "consume/test_book.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class LeaseBookTest : public BookFixture {};

TEST_F(LeaseBookTest, HoldsWhatItTookUnderTheCounterOfTheTake) {
  addRow("shard-1").leaseCounter = 6;
  hold("shard-1");
  EXPECT_EQ(tokenOf("shard-1"), 7);
  EXPECT_EQ(row("shard-1").leaseOwner, "me");
  EXPECT_TRUE(book_->holds("shard-1", 7, world_.loop().now()));
  EXPECT_FALSE(book_->holds("shard-1", 6, world_.loop().now()));
  EXPECT_FALSE(book_->holds("shard-2", 7, world_.loop().now()));
}

TEST_F(LeaseBookTest, GivesEachTakeAMarkOfItsOwn) {
  addRow("shard-1");
  addRow("shard-2");
  ASSERT_TRUE(read());
  ASSERT_TRUE(take({"shard-1", "shard-2"}));
  EXPECT_NE(row("shard-1").incarnation, row("shard-2").incarnation);
  EXPECT_TRUE(row("shard-1").incarnation.starts_with("me/1/"));
}

TEST_F(LeaseBookTest, ATakeThatAnotherWorkerWasQuickerToMakeIsNoError) {
  addRow("shard-1");
  addRow("shard-2");
  ASSERT_TRUE(read());
  writtenBy("you");
  EXPECT_TRUE(take({"shard-1", "shard-2"}));
  EXPECT_EQ(row("shard-1").leaseOwner, "you");
  EXPECT_EQ(book_->heldIds(), std::vector<std::string>{"shard-2"});
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseBookTest, DoesNotTakeARowWhoseCounterWasReadSinceThePlan) {
  addRow("shard-1", "you");
  ASSERT_TRUE(read());
  std::vector<lease::LeaseTake> takes{takeOf("shard-1")};
  writtenBy("you");
  ASSERT_TRUE(read());  // The book knows the living counter now; the plan was made for the dead one.
  EXPECT_TRUE(world_.loop().run(book_->take(std::move(takes))));
  EXPECT_EQ(row("shard-1").leaseOwner, "you");
  EXPECT_EQ(book_->heldCount(), 0u);
}

TEST_F(LeaseBookTest, TakesNoMoreOnceItWasToldSo) {
  addRow("shard-1");
  ASSERT_TRUE(read());
  book_->stopTaking();
  EXPECT_TRUE(take({"shard-1"}));
  EXPECT_EQ(row("shard-1").leaseOwner, "");
}

TEST_F(LeaseBookTest, ATakeWhoseAnswersAreLostIsAnErrorThatMayPass) {
  addRow("shard-1");
  ASSERT_TRUE(read());
  loses("lease.lost_request", true);
  const auto taken = take({"shard-1"});
  ASSERT_FALSE(taken);
  EXPECT_TRUE(taken.error().retryable());
  EXPECT_EQ(book_->heldCount(), 0u);
}

TEST_F(LeaseBookTest, AsksAsOftenInARowAsItWasToldButNeverMoreThanTenTimes) {
  options_.retries.backoff = {.base = 1s, .cap = 1s};  // Each wait is at least a tenth of it.
  const std::vector<std::pair<int, int>> cases{{1, 0}, {3, 2}, {1000, 9}};
  for (const auto& [asked, waits] : cases) {
    options_.retries.attemptsMax = asked;
    const std::string shard = "shard-" + std::to_string(asked);
    addRow(shard);
    book_ = std::make_unique<LeaseBook>(node_->env(), *store_, options_, *this);
    ASSERT_TRUE(read());
    loses("lease.lost_request", true);
    const rt::TimePoint before = world_.loop().now();
    EXPECT_FALSE(take({shard}));
    EXPECT_LT(world_.loop().now() - before, waits * 1s + 100ms) << asked;  // Calls take milliseconds.
    EXPECT_GE(world_.loop().now() - before, waits * 100ms) << asked;
    loses("lease.lost_request", false);
  }
}

TEST_F(LeaseBookTest, SettlesAWriteWhoseAnswerWasLost) {
  addRow("shard-1");
  hold("shard-1");
  processed("shard-1", Checkpoint::at("5"));
  loses("lease.lost_response", true);
  pumpFor(100ms);  // The write is applied, and nobody knows.
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(book_->totals().checkpointed, 0);

  loses("lease.lost_response", false);
  pumpFor(3s);

  EXPECT_EQ(book_->totals().checkpointed, 1);
  EXPECT_TRUE(losses_.empty());
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseBookTest, CountsTheLeaseFromTheFirstSendOfASettledWrite) {
  addRow("shard-1");
  hold("shard-1");
  pumpFor(3s);  // The renewal is due soon.
  loses("lease.lost_response", true);
  pumpFor(500ms);
  const std::int64_t renewed = row("shard-1").leaseCounter;
  ASSERT_EQ(renewed, tokenOf("shard-1") + 1) << "the renewal has left";
  pumpFor(3s);
  loses("lease.lost_response", false);
  for (int i = 0; i < 200 && book_->find("shard-1")->row().leaseCounter != renewed; ++i) {
    book_->pump();
    world_.runFor(5ms);
  }
  ASSERT_EQ(book_->find("shard-1")->row().leaseCounter, renewed);

  // Sent in the first half second of the outage, so it ends that much after the take and no later.
  const rt::TimePoint latest = world_.loop().now() - 3s + options_.times.validFor();
  EXPECT_TRUE(book_->find("shard-1")->valid(world_.loop().now()));
  EXPECT_FALSE(book_->find("shard-1")->valid(latest));
}

TEST_F(LeaseBookTest, LosesTheLeaseWhenItRunsOutDuringAWrite) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  const auto fence = book_->find("shard-1")->fence();
  loses("lease.lost_request", true);
  pumpFor(11s);
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kExpired}}));
  EXPECT_FALSE(fence->open(rt::TimePoint{}));
  EXPECT_FALSE(book_->holds("shard-1", token, world_.loop().now()));
}

TEST_F(LeaseBookTest, AWriteThatArrivedTooLateDoesNotBringTheLeaseBack) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  pumpFor(3200ms);
  book_->pump();
  world_.runFor(150ms);
  processed("shard-1", Checkpoint::at("5"));
  book_->pump();  // Its write is on the way when the process stalls.
  node_->stall(30s);
  world_.runFor(31s);
  EXPECT_FALSE(book_->holds("shard-1", token, world_.loop().now()));
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kExpired}}));
}

TEST_F(LeaseBookTest, ExplainsAConflictByTheWorkerThatTookTheLease) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  writtenBy("you");
  processed("shard-1", Checkpoint::at("5"));
  pumpFor(1s);
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kTaken}}));
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(book_->rows().at("shard-1").leaseOwner, "you");
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseBookTest, ExplainsAConflictByTheRowThatIsGone) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  table_->rows.clear();
  processed("shard-1", Checkpoint::at("5"));
  pumpFor(1s);
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kRowGone}}));
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseBookTest, ExplainsAConflictByARestoredBackupAndLeavesTheRowAlone) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  const lease::Lease backup = row("shard-1");
  processed("shard-1", Checkpoint::at("5"));
  pumpFor(1s);
  row("shard-1") = backup;
  processed("shard-1", Checkpoint::at("6"));
  pumpFor(2s);
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kRowRestored}}));
  EXPECT_EQ(logged("lease_checkpoint_regressed"), 1u);
  EXPECT_EQ(book_->refused(), std::set<std::string>{"shard-1"});

  writtenBy("you");  // Somebody decided what is right.
  for (int i = 0; i < 5; ++i) writtenBy("you");
  ASSERT_TRUE(read());
  EXPECT_TRUE(book_->refused().empty());
}

TEST_F(LeaseBookTest, ExplainsAConflictInItsOwnNameByATwin) {
  addRow("shard-1");
  hold("shard-1");
  writtenBy("me");
  processed("shard-1", Checkpoint::at("5"));
  pumpFor(1s);
  ASSERT_TRUE(book_->failure());
  EXPECT_EQ(book_->failure()->code(), Code::kWorkerIdInUse);
  EXPECT_EQ(losses_.size(), 1u);
}

TEST_F(LeaseBookTest, LosesARowThatSomebodySpoiledAndKeepsTheOthers) {
  addRow("shard-1");
  addRow("shard-2");
  ASSERT_TRUE(read());
  ASSERT_TRUE(take({"shard-1", "shard-2"}));
  const auto token = tokenOf("shard-1");
  table_->unreadable["shard-1"] = "leaseCounter is not a number";
  pumpFor(10s);
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kUnreadable}}));
  EXPECT_EQ(logged("lease_row_unreadable"), 1u);
  EXPECT_EQ(book_->heldIds(), std::vector<std::string>{"shard-2"});
  EXPECT_TRUE(book_->holds("shard-2", tokenOf("shard-2"), world_.loop().now()));
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseBookTest, TellsOfASpoiledRowOnceAndTakesItAgainWhenItIsMended) {
  addRow("shard-1");
  addRow("shard-2");
  table_->unreadable["shard-1"] = "checkpoint is yesterday";
  ASSERT_TRUE(read());
  ASSERT_TRUE(read());
  ASSERT_TRUE(world_.loop().run(book_->readRows({"shard-1", "shard-2"})));
  EXPECT_EQ(logged("lease_row_unreadable"), 1u);
  EXPECT_EQ(book_->unreadable(), std::set<std::string>{"shard-1"});
  EXPECT_EQ(book_->refused(), std::set<std::string>{"shard-1"});
  EXPECT_EQ(row("shard-1").leaseCounter, 0);  // Not made again, not written.

  table_->unreadable.clear();
  ASSERT_TRUE(read());
  EXPECT_TRUE(book_->refused().empty());
  EXPECT_TRUE(book_->rows().contains("shard-1"));
}

TEST_F(LeaseBookTest, ASpoiledRowSpoilsNoTakeOfAnother) {
  addRow("shard-1");
  addRow("shard-2");
  ASSERT_TRUE(read());
  table_->unreadable["shard-1"] = "checkpoint is yesterday";
  EXPECT_TRUE(take({"shard-1", "shard-2"}));
  EXPECT_EQ(book_->heldIds(), std::vector<std::string>{"shard-2"});
}

TEST_F(LeaseBookTest, FinishWritesEverythingAndReleases) {
  addRow("shard-1");
  addRow("shard-2");
  ASSERT_TRUE(read());
  ASSERT_TRUE(take({"shard-1", "shard-2"}));
  processed("shard-1", Checkpoint::at("5"));
  pumpFor(100ms);
  processed("shard-1", Checkpoint::at("6"));  // Not due for a second.
  processed("shard-2", Checkpoint::shardEnd());
  ASSERT_TRUE(world_.loop().run(book_->finish()));
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("6"));
  EXPECT_EQ(row("shard-1").leaseOwner, "");
  EXPECT_TRUE(row("shard-2").checkpoint.isShardEnd());
  EXPECT_EQ(row("shard-2").leaseOwner, "");
  EXPECT_EQ(ends_, std::vector<std::string>{"shard-2"});
  EXPECT_EQ(book_->heldCount(), 0u);
  EXPECT_TRUE(losses_.empty());  // Given up, not lost.
  EXPECT_EQ(book_->totals().checkpointed, 3);
}

TEST_F(LeaseBookTest, FinishGivesUpWhenTheLeasesHaveRunOutAndSaysWhy) {
  addRow("shard-1");
  hold("shard-1");
  processed("shard-1", Checkpoint::at("5"));
  loses("lease.lost_request", true);
  const rt::TimePoint start = world_.loop().now();
  const auto finished = world_.loop().run(book_->finish());
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Code::kTimeout);
  EXPECT_LE(world_.loop().now() - start, 15s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::trimHorizon());
}

TEST_F(LeaseBookTest, MakesAVanishedRowAgainWhereItWas) {
  addRow("shard-1", "you", Checkpoint::at("5")).leaseCounter = 3;
  ASSERT_TRUE(read());
  table_->rows.clear();
  ASSERT_TRUE(read());
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(row("shard-1").leaseCounter, 4);
  EXPECT_EQ(row("shard-1").leaseOwner, "");
  EXPECT_EQ(logged("lease_row_vanished"), 1u);
}

TEST_F(LeaseBookTest, DoesNotMakeRowsAgainThatWereCleanedUp) {
  addRow("ended", "you", Checkpoint::shardEnd());
  addRow("parent", "you", Checkpoint::at("5"));  // Its end was written and cleaned up since.
  addRow("child", "you").parentShardIds = {"parent"};
  ASSERT_TRUE(read());
  table_->rows.erase("ended");
  table_->rows.erase("parent");
  row("child").checkpoint = Checkpoint::at("60");
  ASSERT_TRUE(read());
  EXPECT_EQ(table_->rows.size(), 1u);
  EXPECT_EQ(book_->rows().size(), 1u);
  EXPECT_EQ(logged("lease_row_vanished"), 0u);
}

TEST_F(LeaseBookTest, MakesAVanishedParentAgainWhoseChildNobodyHasRead) {
  addRow("parent", "you", Checkpoint::at("5"));
  addRow("child").parentShardIds = {"parent"};
  ASSERT_TRUE(read());
  table_->rows.erase("parent");
  ASSERT_TRUE(read());
  EXPECT_EQ(row("parent").checkpoint, Checkpoint::at("5"));
}

TEST_F(LeaseBookTest, SendsAtMostWritesMaxAtATimeAndTheRestSoonAfter) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < LeaseBook::kWritesMax + 10; ++i) {
    keys.push_back("shard-" + std::to_string(1000 + i));
    addRow(keys.back());
  }
  ASSERT_TRUE(read());
  ASSERT_TRUE(take(keys));
  ASSERT_EQ(book_->heldCount(), keys.size());
  for (const std::string& key : keys) processed(key, Checkpoint::at("5"));

  book_->pump();
  std::size_t writing = 0;
  for (const std::string& key : keys) writing += book_->find(key)->writing() ? 1 : 0;
  EXPECT_EQ(writing, LeaseBook::kWritesMax);
  pumpFor(200ms);

  EXPECT_EQ(book_->totals().checkpointed, static_cast<std::int64_t>(keys.size()));
}

TEST_F(LeaseBookTest, AnswersOnceWhenItIsAskedForALease) {
  addRow("shard-1");
  hold("shard-1");
  row("shard-1").wantedBy = "you";
  ASSERT_TRUE(read());
  ASSERT_TRUE(read());
  pumpFor(4s);
  EXPECT_EQ(wanted_, std::vector<std::string>{"shard-1"});
  EXPECT_EQ(row("shard-1").leaseOwner, "me");

  const auto token = tokenOf("shard-1");
  book_->handOver("shard-1", token);
  pumpFor(100ms);
  EXPECT_EQ(row("shard-1").leaseOwner, "you");
  EXPECT_EQ(losses_, (std::vector<Loss>{{"shard-1", token, LeaseLoss::kHandedOver}}));
}

TEST_F(LeaseBookTest, WhatWasReadUnderAnEarlierTokenMovesNothing) {
  addRow("shard-1");
  hold("shard-1");
  const auto token = tokenOf("shard-1");
  book_->processed("shard-1", token - 1, Checkpoint::at("5"), 1);
  book_->prepare("shard-1", token - 1, Checkpoint::at("5"), std::nullopt);
  pumpFor(1s);
  EXPECT_EQ(row("shard-1").checkpoint, Checkpoint::trimHorizon());
  EXPECT_FALSE(row("shard-1").pendingCheckpoint);
  EXPECT_EQ(book_->totals().processed, 0);
}

TEST_F(LeaseBookTest, AJumpOfTheWallClockChangesNoLease) {
  addRow("shard-1");
  hold("shard-1");
  for (const auto offset : {1h, -2h}) {
    node_->stepClock(offset);
    pumpFor(5s);
    EXPECT_TRUE(losses_.empty());
    EXPECT_TRUE(book_->holds("shard-1", tokenOf("shard-1"), world_.loop().now()));
  }
}

}  // namespace
}  // namespace tidemill::consume
