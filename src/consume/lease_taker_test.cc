// What a look at the lease table takes: above all, rows in this worker's own name.
#include "consume/lease_taker.h"

#include "consume/test_book.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class LeaseTakerTest : public BookFixture {
 protected:
  void SetUp() override {
    BookFixture::SetUp();
    remake();
  }
  void remake() {
    takerOptions_.times = options_.times;
    taker_ = std::make_unique<LeaseTaker>(node_->env(), *book_, takerOptions_);
  }
  lease::Lease& addOwn(const std::string& key, const std::string& incarnation) {
    lease::Lease& row = addRow(key, "me", Checkpoint::at("5"));
    row.incarnation = incarnation;
    row.leaseCounter = 10;
    return row;
  }
  void round() {
    const auto done = world_.loop().run(taker_->round());
    ASSERT_TRUE(done) << done.error().message();
  }
  // Looks whenever a look is due, for that long; gives the time until "shard-1" was held, if it was.
  std::optional<rt::Duration> heldWithin(rt::Duration patience) {
    const rt::TimePoint start = world_.loop().now();
    while (world_.loop().now() - start < patience && !book_->failure()) {
      if (world_.loop().now() >= taker_->nextRound()) round();
      if (book_->find("shard-1") != nullptr) return world_.loop().now() - start;
      world_.runFor(10ms);
    }
    return std::nullopt;
  }

  LeaseTakerOptions takerOptions_;
  std::unique_ptr<LeaseTaker> taker_;
};

TEST_F(LeaseTakerTest, TakesWhatIsUnownedAtTheFirstLook) {
  addRow("shard-1");
  round();
  EXPECT_NE(book_->find("shard-1"), nullptr);
}

TEST_F(LeaseTakerTest, TakesTheRowsOfItsPreviousIncarnationAtOnce) {
  takerOptions_.previousIncarnation = "me/0";
  remake();
  addOwn("shard-1", "me/0/3");
  round();
  EXPECT_NE(book_->find("shard-1"), nullptr);
}

TEST_F(LeaseTakerTest, WatchesTheRowsOfAnUnknownIncarnationForARenewalPeriod) {
  takerOptions_.previousIncarnation = "me/0";
  remake();
  addOwn("shard-1", "me/05/3");  // Begins with the same characters, and is another process.
  const auto waited = heldWithin(20s);
  ASSERT_TRUE(waited);
  EXPECT_GE(*waited, options_.times.renewEvery());
  EXPECT_LE(*waited, options_.times.failover);
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseTakerTest, WatchesARowInItsNameWithoutAnyMark) {
  addOwn("shard-1", "");  // As KCL writes it.
  const auto waited = heldWithin(20s);
  ASSERT_TRUE(waited);
  EXPECT_GE(*waited, options_.times.renewEvery());
}

TEST_F(LeaseTakerTest, StopsWhenTheCounterOfARowInItsNameKeepsMoving) {
  addOwn("shard-1", "me/2/3");
  round();
  EXPECT_FALSE(book_->failure());
  EXPECT_EQ(book_->find("shard-1"), nullptr);
  for (int i = 0; i < 6; ++i) {
    ++row("shard-1").leaseCounter;  // The other process renews.
    EXPECT_FALSE(heldWithin(2s));
  }
  ASSERT_TRUE(book_->failure());
  EXPECT_EQ(book_->failure()->code(), Code::kWorkerIdInUse);
  EXPECT_EQ(row("shard-1").incarnation, "me/2/3");
}

TEST_F(LeaseTakerTest, TakesARowThatWasHandedToItAtOnce) {
  addOwn("shard-1", "you/7/3");
  round();
  EXPECT_NE(book_->find("shard-1"), nullptr);
  EXPECT_FALSE(book_->failure());
}

TEST_F(LeaseTakerTest, LooksAtOnceWhenAHandedOverRowWasRead) {
  lease::Lease& asked = addRow("shard-1", "you", Checkpoint::at("5"));
  asked.incarnation = "you/7/3";
  addRow("shard-2", "you").incarnation = "you/7/4";
  round();
  ASSERT_EQ(taker_->asked().size(), 1u);
  const std::string key = *taker_->asked().begin();
  EXPECT_EQ(row(key).wantedBy, "me");
  EXPECT_EQ(row(key).leaseOwner, "you");  // Asked, not robbed.
  EXPECT_EQ(book_->heldCount(), 0u);
  EXPECT_EQ(logged("lease_asked_for"), 1u);
  ASSERT_TRUE(world_.loop().run(book_->readRows({key})));
  taker_->lookAtAsked();
  EXPECT_GT(taker_->nextRound(), world_.loop().now());

  row(key).wantedBy.clear();
  writtenBy("me", key);
  ASSERT_TRUE(world_.loop().run(book_->readRows({key})));
  taker_->lookAtAsked();

  EXPECT_LE(taker_->nextRound(), world_.loop().now());
  round();
  EXPECT_NE(book_->find(key), nullptr);
}

TEST_F(LeaseTakerTest, TakesADeadWorkersLeaseAfterFailoverAndNotBefore) {
  addRow("shard-1", "you").leaseCounter = 4;
  const auto waited = heldWithin(30s);
  ASSERT_TRUE(waited);
  EXPECT_GT(*waited, options_.times.failover);
  EXPECT_LE(*waited, options_.times.failover + 2 * takerOptions_.scanEvery);
}

TEST_F(LeaseTakerTest, TakesNoLeaseWhoseCounterMoves) {
  addRow("shard-1", "you").leaseCounter = 4;
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(heldWithin(6s));
    ++row("shard-1").leaseCounter;
  }
  EXPECT_EQ(row("shard-1").leaseOwner, "you");
}

TEST_F(LeaseTakerTest, LeavesASpoiledRowAloneHoweverLongItStands) {
  addRow("shard-1", "you").leaseCounter = 4;
  addRow("shard-2");
  round();  // Known before it was spoiled.
  table_->unreadable["shard-1"] = "leaseCounter is a list";
  EXPECT_FALSE(heldWithin(60s));
  EXPECT_EQ(row("shard-1").leaseCounter, 4);
  EXPECT_NE(book_->find("shard-2"), nullptr);
}

TEST_F(LeaseTakerTest, TakesRowsThatWereJustMadeUpToItsMost) {
  takerOptions_.take.maxLeases = 3;
  remake();
  addRow("held");
  ASSERT_TRUE(read());
  ASSERT_TRUE(take({"held"}));
  for (const char* key : {"a", "b", "c", "ended", "theirs"}) addRow(key);
  row("ended").checkpoint = Checkpoint::shardEnd();
  row("theirs").leaseOwner = "you";
  ASSERT_TRUE(read());
  ASSERT_TRUE(world_.loop().run(taker_->takeMade({"ended", "theirs", "a", "b", "c", "unknown"})));
  EXPECT_EQ(book_->heldIds(), (std::vector<std::string>{"a", "b", "held"}));
  EXPECT_EQ(row("c").leaseOwner, "");
}

TEST_F(LeaseTakerTest, HurriesNeverLaterThanTheRegularLook) {
  round();
  const rt::TimePoint regular = taker_->nextRound();
  EXPECT_GT(regular, world_.loop().now() + takerOptions_.scanEvery / 2);
  taker_->hurry();
  EXPECT_LE(taker_->nextRound(), world_.loop().now() + 500ms);
  const rt::TimePoint soon = taker_->nextRound();
  world_.runFor(100ms);
  taker_->hurry();
  EXPECT_EQ(taker_->nextRound(), soon);
}

}  // namespace
}  // namespace tidemill::consume
