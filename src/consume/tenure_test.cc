// One lease over its life; all times are passed in.
#include "consume/tenure.h"

#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;
using Kind = lease::LeaseWrite::Kind;

constexpr rt::TimePoint kStart{1000s};

lease::Lease takenRow() {
  lease::Lease row;
  row.leaseKey = "shard-1";
  row.leaseOwner = "me";
  row.leaseCounter = 7;
  return row;
}

class TenureTest : public testing::Test {
 protected:
  std::optional<TenureWrite> next(rt::TimePoint now, TenureStage stage = TenureStage::kWorking) const {
    return tenure_.next(now, stage);
  }
  // Makes `write`, which left at `sent` and was answered at once.
  void make(const TenureWrite& write, rt::TimePoint sent) {
    tenure_.begin();
    tenure_.done(write, sent, sent);
  }
  // Makes the write that is due at `now`, and says of which kind it was.
  std::optional<Kind> makeNext(rt::TimePoint now, TenureStage stage = TenureStage::kWorking) {
    const auto write = next(now, stage);
    if (!write) return std::nullopt;
    make(*write, now);
    return write->write.kind;
  }

  LeaseTimes times_{.failover = 10s};
  Tenure tenure_{takenRow(), kStart, times_, 1s};
};

TEST(LeaseTimes, RenewAtAThirdLessAMargin) {
  EXPECT_EQ(LeaseTimes{.failover = 10s}.renewEvery(), rt::Duration(10s) / 3 - 25ms);
  EXPECT_EQ(LeaseTimes{.failover = 200ms}.renewEvery(), rt::Duration(200ms) / 3 - 25ms);
}

TEST(LeaseTimes, AreValidForLessThanFailoverByTwiceTheDriftAndAMargin) {
  EXPECT_EQ((LeaseTimes{.failover = 10s}.validFor()), 10s - 200ms - 25ms);
  EXPECT_EQ((LeaseTimes{.failover = 200ms}.validFor()), 200ms - 4ms - 4ms);
}

TEST(LeaseTimes, LeaveRoomForTwoRenewalsOverTheWholeRange) {
  for (const rt::Duration failover :
       {rt::Duration(200ms), rt::Duration(1s), rt::Duration(10s), rt::Duration(1h)}) {
    const LeaseTimes times{.failover = failover};
    EXPECT_GT(times.renewEvery(), 0s);
    EXPECT_LT(2 * times.renewEvery(), times.validFor()) << failover.count();
    // The holder's clock may be 1 % slow and the others' 1 % fast.
    EXPECT_LT(times.validFor().count() * 101 / 99, failover.count()) << failover.count();
  }
}

TEST_F(TenureTest, RunsFromTheMomentWhenTheTakeLeft) {
  const rt::TimePoint end = kStart + times_.validFor();
  EXPECT_TRUE(tenure_.valid(end - 1ns));
  EXPECT_FALSE(tenure_.valid(end));
  EXPECT_TRUE(tenure_.fence()->open(end - 1ns));
  EXPECT_FALSE(tenure_.fence()->open(end));
  EXPECT_EQ(tenure_.token(), 7);
}

TEST_F(TenureTest, RenewsWhenTheTimeHasComeAndNotBefore) {
  const rt::TimePoint due = kStart + times_.renewEvery();
  EXPECT_FALSE(next(due - 1ns));
  const auto write = next(due);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->write.kind, Kind::kRenew);
  EXPECT_FALSE(write->checkpoint);
}

TEST_F(TenureTest, IsValidFromTheMomentWhenTheRenewalLeftNotWhenItWasAnswered) {
  const rt::TimePoint sent = kStart + 4s;
  const auto write = next(sent);
  ASSERT_TRUE(write);
  tenure_.begin();
  tenure_.done(*write, sent, sent + 3s);
  EXPECT_TRUE(tenure_.valid(sent + times_.validFor() - 1ns));
  EXPECT_FALSE(tenure_.valid(sent + times_.validFor()));
  EXPECT_FALSE(tenure_.fence()->open(sent + times_.validFor()));
  EXPECT_EQ(tenure_.row().leaseCounter, 8);
  EXPECT_EQ(tenure_.token(), 7);  // That of the take, for the whole tenure.
  EXPECT_FALSE(next(sent + times_.renewEvery() - 1ns));
  EXPECT_TRUE(next(sent + times_.renewEvery()));
}

TEST_F(TenureTest, SendsOneWriteAtATime) {
  tenure_.processed(Checkpoint::at("5"), 1);
  ASSERT_TRUE(next(kStart));
  tenure_.begin();
  EXPECT_TRUE(tenure_.writing());
  EXPECT_FALSE(next(kStart + 9s));
  EXPECT_FALSE(next(kStart + 9s, TenureStage::kFinishing));
}

TEST_F(TenureTest, TriesAWriteWhoseOutcomeIsOpenAgainUnchangedBeforeAnyOther) {
  tenure_.processed(Checkpoint::at("5"), 1);
  TenureWrite write = *next(kStart + 1s);
  write.firstSent = kStart + 1s;
  tenure_.begin();
  tenure_.unsettled(write, kStart + 3s);
  tenure_.processed(Checkpoint::at("6"), 1);

  EXPECT_FALSE(next(kStart + 3s - 1ns));
  const auto again = next(kStart + 3s);

  ASSERT_TRUE(again);
  EXPECT_EQ(again->write.after, write.write.after);
  EXPECT_EQ(again->checkpoint, (CheckpointWrite{Checkpoint::at("5"), 1}));
  EXPECT_EQ(again->firstSent, kStart + 1s);  // Whoever makes it counts from there.
  // Not even the last pass may send another one.
  EXPECT_EQ(next(kStart + 3s, TenureStage::kFinishing)->write.after, write.write.after);
  make(*again, kStart + 1s);
  EXPECT_EQ(next(kStart + 4s)->checkpoint, (CheckpointWrite{Checkpoint::at("6"), 2}));
}

TEST_F(TenureTest, AnOpenOutcomeMakesTheLeaseNoLonger) {
  const auto write = next(kStart + 4s);
  tenure_.begin();
  tenure_.unsettled(*write, kStart + 4500ms);
  EXPECT_FALSE(tenure_.valid(kStart + times_.validFor()));
}

TEST_F(TenureTest, WritesACheckpointBeforeARenewalWhichItIsToo) {
  tenure_.processed(Checkpoint::at("5"), 3);
  EXPECT_EQ(makeNext(kStart + 5s), Kind::kCheckpoint);
  EXPECT_EQ(tenure_.row().checkpoint, Checkpoint::at("5"));
  EXPECT_EQ(tenure_.checkpoints().recordsWritten(), 3);
  EXPECT_FALSE(next(kStart + 5s));
  EXPECT_TRUE(tenure_.valid(kStart + 14s));
}

TEST_F(TenureTest, RenewsWhileACheckpointWaitsForItsInterval) {
  Tenure slow(takenRow(), kStart, times_, 1min);
  slow.processed(Checkpoint::at("5"), 1);
  const auto first = slow.next(kStart, TenureStage::kWorking);
  slow.begin();
  slow.done(*first, kStart, kStart);
  slow.processed(Checkpoint::at("6"), 1);
  const auto second = slow.next(kStart + 5s, TenureStage::kWorking);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->write.kind, Kind::kRenew);
}

TEST_F(TenureTest, ReleasesTheRowBehindShardEnd) {
  tenure_.processed(Checkpoint::shardEnd(), 0);
  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);
  EXPECT_TRUE(tenure_.row().checkpoint.isShardEnd());
  EXPECT_EQ(makeNext(kStart), Kind::kRelease);
  EXPECT_EQ(tenure_.row().leaseOwner, "");
  EXPECT_TRUE(tenure_.row().checkpoint.isShardEnd());
}

TEST_F(TenureTest, HandsOverOnlyWhenEverythingIsWritten) {
  tenure_.processed(Checkpoint::at("5"), 1);
  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);
  tenure_.askedBy("you");
  tenure_.processed(Checkpoint::at("6"), 1);
  EXPECT_FALSE(next(kStart));  // Being asked is no promise yet.

  tenure_.handOver();

  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);  // Whatever the interval says.
  EXPECT_EQ(tenure_.row().checkpoint, Checkpoint::at("6"));
  EXPECT_EQ(makeNext(kStart), Kind::kHandOver);
  EXPECT_EQ(tenure_.row().leaseOwner, "you");
  EXPECT_EQ(tenure_.row().checkpoint, Checkpoint::at("6"));
}

TEST_F(TenureTest, FinishingWritesWhatIsOutstandingAtOnceThenReleases) {
  tenure_.processed(Checkpoint::at("5"), 1);
  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);
  tenure_.processed(Checkpoint::at("6"), 1);
  EXPECT_FALSE(next(kStart));
  EXPECT_EQ(makeNext(kStart, TenureStage::kFinishing), Kind::kCheckpoint);
  EXPECT_EQ(makeNext(kStart, TenureStage::kFinishing), Kind::kRelease);
  EXPECT_EQ(tenure_.row().checkpoint, Checkpoint::at("6"));
  EXPECT_EQ(tenure_.row().leaseOwner, "");
}

TEST_F(TenureTest, FinishingGivesTheLeaseToWhoeverWasPromisedIt) {
  tenure_.askedBy("you");
  tenure_.handOver();
  EXPECT_EQ(makeNext(kStart, TenureStage::kFinishing), Kind::kHandOver);
}

TEST_F(TenureTest, WritesAPreparedCheckpointBesideTheCommittedOne) {
  tenure_.prepare(Checkpoint::at("9"), "bytes");
  EXPECT_EQ(makeNext(kStart), Kind::kPrepare);
  EXPECT_EQ(tenure_.row().pendingCheckpoint, Checkpoint::at("9"));
  EXPECT_EQ(tenure_.row().pendingCheckpointState, "bytes");
  EXPECT_EQ(tenure_.row().checkpoint, Checkpoint::trimHorizon());
  EXPECT_FALSE(next(kStart));  // Once.
}

TEST_F(TenureTest, ForgetsAPreparedCheckpointThatWasCommittedFirst) {
  tenure_.prepare(Checkpoint::at("9"), "bytes");
  tenure_.processed(Checkpoint::at("9"), 1);
  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);
  EXPECT_FALSE(next(kStart));
  EXPECT_FALSE(tenure_.row().pendingCheckpoint);
}

TEST_F(TenureTest, KeepsAPreparedCheckpointAheadOfWhatIsCommitted) {
  tenure_.prepare(Checkpoint::at("9"), "bytes");
  tenure_.processed(Checkpoint::at("5"), 1);
  EXPECT_EQ(makeNext(kStart), Kind::kCheckpoint);
  EXPECT_EQ(makeNext(kStart), Kind::kPrepare);
  EXPECT_EQ(tenure_.row().pendingCheckpoint, Checkpoint::at("9"));
}

TEST_F(TenureTest, AWriteOfAnOlderPreparedCheckpointLeavesTheNewerOneToCome) {
  tenure_.prepare(Checkpoint::at("8"), std::nullopt);
  const auto write = next(kStart);
  tenure_.begin();
  tenure_.prepare(Checkpoint::at("9"), "bytes");
  tenure_.done(*write, kStart, kStart);
  EXPECT_EQ(makeNext(kStart), Kind::kPrepare);
  EXPECT_EQ(tenure_.row().pendingCheckpoint, Checkpoint::at("9"));
}

TEST_F(TenureTest, AClosedFenceStaysClosedAtAnyTime) {
  tenure_.fence()->close();
  EXPECT_FALSE(tenure_.fence()->open(rt::TimePoint{}));
  EXPECT_FALSE(tenure_.fence()->open(kStart));
}

}  // namespace
}  // namespace tidemill::consume
