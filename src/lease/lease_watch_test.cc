#include "lease/lease_watch.h"

#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kStart{1h};
constexpr rt::Duration kFailover = 10s;

Lease row(const std::string& owner, std::int64_t counter) {
  Lease lease;
  lease.leaseKey = "s0";
  lease.leaseOwner = owner;
  lease.leaseCounter = counter;
  return lease;
}

TEST(LeaseWatch, WaitsAFullFailoverForAnOwnedRowSeenForTheFirstTime) {
  LeaseWatch watch;
  watch.observe({row("a", 7)}, kStart);
  EXPECT_FALSE(watch.isAvailable(row("a", 7), kStart + kFailover, kFailover));
  EXPECT_TRUE(watch.isAvailable(row("a", 7), kStart + kFailover + 1ns, kFailover));
  EXPECT_EQ(watch.ageOf("s0", kStart + 3s), 3s);
}

TEST(LeaseWatch, StartsTheWaitAnewWhenTheCounterMovesEitherWay) {
  LeaseWatch watch;
  watch.observe({row("a", 7)}, kStart);
  watch.observe({row("a", 8)}, kStart + 9s);
  EXPECT_EQ(watch.ageOf("s0", kStart + 10s), 1s);
  watch.observe({row("a", 0)}, kStart + 18s);  // The row was made again.
  EXPECT_FALSE(watch.isAvailable(row("a", 0), kStart + 28s, kFailover));
}

TEST(LeaseWatch, KeepsTheTimeOfTheFirstReadOfTheSameCounter) {
  LeaseWatch watch;
  watch.observe({row("a", 7)}, kStart);
  watch.observe({row("a", 7)}, kStart + 9s);
  watch.observeRow(row("a", 7), kStart + 10s);
  EXPECT_EQ(watch.waited("s0", kStart + 11s), 11s);
}

TEST(LeaseWatch, DoesNotCallARowDeadWhoseCounterIsNotTheOneWatched) {
  LeaseWatch watch;
  watch.observe({row("a", 7)}, kStart);
  EXPECT_FALSE(watch.isAvailable(row("a", 8), kStart + 1h, kFailover));
}

TEST(LeaseWatch, TakesAnUnownedRowForFreeAtOnce) {
  LeaseWatch watch;
  EXPECT_TRUE(watch.isAvailable(row("", 0), kStart, kFailover));
  watch.observe({row("", 0)}, kStart);
  EXPECT_EQ(watch.ageOf("s0", kStart), rt::Duration::max());
  EXPECT_EQ(watch.waited("s0", kStart + 2s), 2s);
}

TEST(LeaseWatch, WaitsForAnOwnerThatCameWithoutMovingTheCounter) {
  LeaseWatch watch;
  watch.observe({row("", 0)}, kStart);
  watch.observe({row("a", 0)}, kStart + 1min);
  EXPECT_FALSE(watch.isAvailable(row("a", 0), kStart + 1min + kFailover, kFailover));
}

TEST(LeaseWatch, TakesARowForOwnedWhileItIsHandedOver) {
  LeaseWatch watch;
  Lease handedOver = row("", 3);
  handedOver.checkpointOwner = "a";
  watch.observe({handedOver}, kStart);
  EXPECT_FALSE(watch.isAvailable(handedOver, kStart + kFailover, kFailover));
  EXPECT_TRUE(watch.isAvailable(handedOver, kStart + kFailover + 1ns, kFailover));
}

TEST(LeaseWatch, ForgetsRowsThatVanished) {
  LeaseWatch watch;
  watch.observe({row("a", 7)}, kStart);
  watch.observe({}, kStart + 1s);
  EXPECT_EQ(watch.ageOf("s0", kStart + 1s), std::nullopt);
  watch.observe({row("a", 7)}, kStart + 1min);
  EXPECT_FALSE(watch.isAvailable(row("a", 7), kStart + 1min + kFailover, kFailover));
}

TEST(LeaseWatch, TimesARequestSinceItNamesTheSameWorker) {
  LeaseWatch watch;
  Lease wanted = row("a", 7);
  wanted.wantedBy = "b";
  watch.observe({wanted}, kStart);
  wanted.leaseCounter = 8;
  watch.observe({wanted}, kStart + 3s);
  EXPECT_EQ(watch.askedFor(wanted, kStart + 5s), 5s);
  wanted.wantedBy = "c";
  EXPECT_EQ(watch.askedFor(wanted, kStart + 5s), 0s);
  watch.observe({wanted}, kStart + 6s);
  EXPECT_EQ(watch.askedFor(wanted, kStart + 7s), 1s);
}

}  // namespace
}  // namespace tidemill::lease
