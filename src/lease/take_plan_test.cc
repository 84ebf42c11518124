#include "lease/take_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kStart{1h};
constexpr rt::Duration kFailover = 10s;

// A table of rows s0, s1, …, seen by worker "me" at kStart.
class TakePlanTest : public testing::Test {
 protected:
  // `owners` has one word for each row: a worker, or - for nobody.
  void rows(const std::vector<std::string>& owners) {
    for (const std::string& owner : owners) {
      Lease lease;
      lease.leaseKey = "s" + std::to_string(leases_.size());
      if (owner != "-") lease.leaseOwner = owner;
      leases_.push_back(lease);
    }
    watch_.observe(leases_, kStart);
  }
  // All rows of others are of tidemill workers.
  void ours() {
    for (Lease& lease : leases_) lease.incarnation = lease.leaseOwner + "/1";
  }
  void end(const std::vector<std::size_t>& indexes) {
    for (std::size_t index : indexes) leases_[index].checkpoint = Checkpoint::shardEnd();
  }
  // All owners but those of `dead` renew.
  void renewed(rt::Duration after, const std::string& dead = {}) {
    for (Lease& lease : leases_) lease.leaseCounter += lease.leaseOwner == dead ? 0 : 1;
    watch_.observe(leases_, kStart + after);
  }
  TakePlan plan(rt::Duration after = {}) {
    return planTakes(leases_, watch_, options_, kStart + after, random_);
  }
  // "reason reason …", sorted.
  static std::string reasons(const TakePlan& plan) {
    std::vector<std::string> names;
    for (const LeaseTake& take : plan.takes) names.emplace_back(takeReasonName(take.reason));
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text;
  }
  std::string reasons(rt::Duration after = {}) { return reasons(plan(after)); }

  std::vector<Lease> leases_;
  LeaseWatch watch_;
  TakeOptions options_{.self = "me"};
  base::Random random_{1};
};

TEST_F(TakePlanTest, TakesNothingWhileEveryOwnerIsAliveAndHasItsShare) {
  rows({"a", "a", "me", "me"});
  options_.held = {"s2", "s3"};
  EXPECT_EQ(reasons(kFailover), "");
  EXPECT_EQ(plan().target, 2);
}

TEST_F(TakePlanTest, TakesFreeRowsUpToItsShare) {
  rows({"-", "-", "-", "a", "a"});
  const TakePlan plan = this->plan();
  EXPECT_EQ(plan.target, 3);
  EXPECT_EQ(reasons(plan), "unowned unowned unowned");
  for (const LeaseTake& take : plan.takes) EXPECT_EQ(take.from, "");
}

TEST_F(TakePlanTest, LeavesFreeRowsBeyondItsShareToOthers) {
  rows({"-", "-", "-", "-", "a", "a"});
  options_.held = {};
  EXPECT_EQ(plan().takes.size(), 3u);
}

TEST_F(TakePlanTest, TakesOverFromTheDeadOnlyAfterTheFailoverTime) {
  rows({"a", "a", "b", "b"});
  renewed(1s);
  renewed(5s, "a");
  renewed(11s, "a");

  EXPECT_EQ(reasons(11s), "steal");  // Both look alive; a or b has two of four.

  const TakePlan plan = this->plan(11s + 1ns);
  EXPECT_EQ(reasons(plan), "expired expired");
  EXPECT_EQ(plan.takes[0].from, "a");
  EXPECT_EQ(plan.takes[0].waited, 10s + 1ns);
  EXPECT_EQ(plan.takes[0].seenCounter, 1);
}

TEST_F(TakePlanTest, TakesVeryOldRowsBeyondItsShareUpToItsMaximum) {
  rows({"dead", "dead", "dead", "dead", "a", "a"});
  renewed(31s, "dead");
  EXPECT_EQ(reasons(31s), "very_old very_old very_old very_old");
  options_.maxLeases = 2;
  EXPECT_EQ(reasons(31s), "very_old very_old");
  options_ = {.self = "me", .enablePriority = false};
  EXPECT_EQ(reasons(31s), "expired expired expired");
}

TEST_F(TakePlanTest, TakesRowsThatNobodyEverOwnedBeyondItsShareOnlyIfGreedy) {
  rows({"-", "-", "-", "-", "a", "a"});
  EXPECT_EQ(plan().takes.size(), 3u);
  options_.greedyStart = true;
  EXPECT_EQ(reasons(), "unowned unowned unowned unowned");
}

TEST_F(TakePlanTest, TakesBackWhatNamesItAtOnceUnlessItHoldsIt) {
  rows({"me", "me", "a", "a"});
  options_.held = {"s1"};
  const TakePlan plan = this->plan();
  ASSERT_EQ(reasons(plan), "own");
  EXPECT_EQ(plan.takes[0].leaseKey, "s0");
}

TEST_F(TakePlanTest, NeverTakesWhatItHoldsOrGaveUpHoweverOldItLooks) {
  rows({"me", "a", "-"});
  options_.held = {"s0", "s1"};
  options_.leftAlone = {"s2"};
  EXPECT_EQ(reasons(1h), "");
}

TEST_F(TakePlanTest, LeavesAPendingHandoffAloneUntilItStandsStill) {
  rows({"me", "b", "b", "b"});
  leases_[0].checkpointOwner = "a";
  leases_[1].checkpointOwner = "a";
  leases_[2].checkpointOwner = "a";
  leases_[3].checkpointOwner = "a";
  EXPECT_EQ(reasons(kFailover), "");
  EXPECT_EQ(reasons(kFailover + 1ns), "expired expired expired own");
}

TEST_F(TakePlanTest, NeverTakesFinishedRows) {
  rows({"-", "a", "a"});
  end({0, 1, 2});
  EXPECT_EQ(reasons(1h), "");
}

TEST_F(TakePlanTest, StealsOneFromTheMostLoadedOwner) {
  rows({"a", "b", "b", "b", "b", "a"});
  const TakePlan plan = this->plan();
  ASSERT_EQ(reasons(plan), "steal");
  EXPECT_EQ(plan.takes[0].from, "b");
}

TEST_F(TakePlanTest, StealsAsManyAsItMayButAllFromOneOwner) {
  rows({"a", "a", "a", "a", "b", "b", "b", "b", "b", "b", "b", "b"});
  options_.maxLeasesToSteal = 10;
  const TakePlan plan = this->plan();  // The share is 4, and b has 4 too many.
  EXPECT_EQ(reasons(plan), "steal steal steal steal");
  for (const LeaseTake& take : plan.takes) EXPECT_EQ(take.from, "b");
}

TEST_F(TakePlanTest, StealsNothingWhileARowIsFreeOrTheImbalanceIsOne) {
  rows({"-", "a", "a", "a", "a", "a", "a", "a"});
  EXPECT_EQ(reasons(), "unowned");
  leases_.clear();
  rows({"a", "a", "me"});
  options_.held = {"s2"};
  EXPECT_EQ(reasons(), "");
}

TEST_F(TakePlanTest, StealsFromAFullOwnerOnlyToLevelADifferenceOfTwo) {
  rows({"a", "a", "b", "b"});  // A share of 2 for each of three; this worker has none.
  EXPECT_EQ(reasons(), "steal");
  leases_.clear();
  rows({"a", "b"});
  EXPECT_EQ(reasons(), "");
}

TEST_F(TakePlanTest, ReportsWhatItsMaximumKeepsItFromTaking) {
  rows({"-", "-", "-", "-", "-"});
  options_.maxLeases = 2;
  const TakePlan plan = this->plan();
  EXPECT_EQ(plan.takes.size(), 2u);
  EXPECT_EQ(plan.target, 2);
  EXPECT_EQ(plan.spillover, 3);
}

TEST_F(TakePlanTest, CountsFinishedRowsBesideOthersButStealsNoMoreThanTheShareOfTheUnfinished) {
  rows({"a", "a", "a", "a", "a", "a", "a", "a"});
  end({0, 1, 2, 3, 4, 5});
  options_.maxLeasesToSteal = 10;
  const TakePlan plan = this->plan();
  EXPECT_EQ(plan.target, 4);
  EXPECT_EQ(reasons(plan), "steal");
}

TEST_F(TakePlanTest, CountsOnlyUnfinishedRowsAmongItsOwnKind) {
  rows({"a", "a", "a", "a", "a", "a", "a", "a"});
  end({0, 1, 2, 3, 4, 5});
  ours();
  const TakePlan plan = this->plan();
  EXPECT_EQ(plan.target, 1);
  EXPECT_EQ(reasons(plan), "ask");
}

TEST_F(TakePlanTest, AsksSeveralOwnersOfItsKindAtOnce) {
  rows({"a", "a", "a", "a", "b", "b", "b", "b"});
  ours();
  const TakePlan plan = this->plan();
  ASSERT_EQ(reasons(plan), "ask ask");
  EXPECT_NE(plan.takes[0].from, plan.takes[1].from);
  options_.maxLeasesToAsk = 1;
  EXPECT_EQ(reasons(), "ask");
}

TEST_F(TakePlanTest, AsksOnceAndStealsFromAnOwnerThatDoesNotHandOver) {
  rows({"a", "a"});
  ours();
  leases_[0].wantedBy = "me";
  renewed(1s);
  EXPECT_EQ(reasons(3s), "");
  for (rt::Duration at = 4s; at <= 31s; at += 3s) renewed(at);
  EXPECT_EQ(reasons(31s), "");
  const TakePlan plan = this->plan(31s + 1ns);
  ASSERT_EQ(reasons(plan), "steal");
  EXPECT_EQ(plan.takes[0].leaseKey, "s0");
}

TEST_F(TakePlanTest, CountsALeaseForWhomeverItIsPromisedTo) {
  rows({"a", "a", "a", "a"});
  ours();
  leases_[0].wantedBy = "c";
  leases_[1].wantedBy = "c";
  // Two each for a and c: of three workers this one lacks two, and only a has a row to give.
  const TakePlan plan = this->plan();
  ASSERT_EQ(reasons(plan), "ask");
  EXPECT_TRUE(plan.takes[0].leaseKey == "s2" || plan.takes[0].leaseKey == "s3");
}

TEST_F(TakePlanTest, DoesNotHearARequestThatIsLeftInARowOfAnotherProgram) {
  rows({"java", "java"});
  leases_[0].wantedBy = "me";
  leases_[0].incarnation = "old/1";
  renewed(1s);
  // The row counts for its owner, which has one too many, and is taken without asking.
  EXPECT_EQ(reasons(2s), "steal");
}

TEST_F(TakePlanTest, GivesTheSamePlanForTheSameSeed) {
  rows({"-", "-", "-", "-", "-", "a", "a"});
  const auto keys = [this](std::uint64_t seed) {
    base::Random random(seed);
    std::string text;
    for (const LeaseTake& take : planTakes(leases_, watch_, options_, kStart, random).takes)
      text += take.leaseKey;
    return text;
  };
  EXPECT_EQ(keys(5), keys(5));
  EXPECT_TRUE(keys(5) != keys(6) || keys(5) != keys(7) || keys(5) != keys(8));
}

}  // namespace
}  // namespace tidemill::lease
