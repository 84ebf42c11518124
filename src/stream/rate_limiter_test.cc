#include "stream/rate_limiter.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kStart{};

TEST(RateLimiter, WithoutALimitEverythingPasses) {
  RateLimiter limiter({}, kStart);
  EXPECT_FALSE(limiter.limited());
  EXPECT_EQ(limiter.limit(), RateLimiter::kUnlimited);
  limiter.take(1'000'000'000, kStart);
  EXPECT_EQ(limiter.available(kStart), RateLimiter::kUnlimited);
  EXPECT_EQ(limiter.next(kStart), kStart);
}

TEST(RateLimiter, ZeroOrLessIsNoLimit) {
  EXPECT_FALSE(RateLimiter({0, 0}, kStart).limited());
  EXPECT_FALSE(RateLimiter({-1, -7}, kStart).limited());
  EXPECT_EQ(RateLimiter({0, 50}, kStart).limit(), 50);
  EXPECT_EQ(RateLimiter({50, 0}, kStart).limit(), 50);
}

TEST(RateLimiter, BeginsAtTheLowerOfInitialAndMostRate) {
  EXPECT_EQ(RateLimiter({100, 30}, kStart).limit(), 30);
  EXPECT_EQ(RateLimiter({30, 100}, kStart).limit(), 30);
}

TEST(RateLimiter, AMostRateThatChangesBoundsWhatWasAskedForLast) {
  RateLimiter limiter({100, 0}, kStart);
  limiter.updateMax(30, kStart);
  EXPECT_EQ(limiter.limit(), 30);
  limiter.update(80, kStart);
  EXPECT_EQ(limiter.limit(), 30);
  limiter.updateMax(200, kStart);
  EXPECT_EQ(limiter.limit(), 80);
  limiter.updateMax(-1, kStart);
  EXPECT_EQ(limiter.limit(), 80);
  RateLimiter free({100, 0}, kStart);
  free.updateMax(0, kStart);
  EXPECT_FALSE(free.limited());
}

TEST(RateLimiter, FollowsUpdatesWhenThereIsNoMostRate) {
  RateLimiter limiter({}, kStart);
  limiter.update(105, kStart);
  EXPECT_EQ(limiter.limit(), 105);
  limiter.update(200'000, kStart);
  EXPECT_EQ(limiter.limit(), 200'000);
}

TEST(RateLimiter, FollowsUpdatesBelowTheMostRateAndNeverGoesAboveIt) {
  RateLimiter limiter({100, 100}, kStart);
  limiter.update(65, kStart);
  EXPECT_EQ(limiter.limit(), 65);
  limiter.update(105, kStart);
  EXPECT_EQ(limiter.limit(), 100);
}

TEST(RateLimiter, IgnoresUpdatesThatAreNoRate) {
  RateLimiter limiter({100, 40}, kStart);
  limiter.update(0, kStart);
  limiter.update(-5, kStart);
  EXPECT_EQ(limiter.limit(), 40);
}

TEST(RateLimiter, PermitsComeAtTheRate) {
  RateLimiter limiter({10, 10}, kStart);
  EXPECT_EQ(limiter.available(kStart), 0);
  EXPECT_EQ(limiter.next(kStart), kStart + 100ms);
  EXPECT_EQ(limiter.available(kStart + 99ms), 0);
  EXPECT_EQ(limiter.available(kStart + 100ms), 1);
  EXPECT_EQ(limiter.available(kStart + 500ms), 5);
  limiter.take(3, kStart + 500ms);
  EXPECT_EQ(limiter.available(kStart + 500ms), 2);
}

TEST(RateLimiter, WhatIsNotUsedIsKeptForOneSecond) {
  RateLimiter limiter({10, 10}, kStart);
  EXPECT_EQ(limiter.available(kStart + 1h), 10);
  limiter.take(10, kStart + 1h);
  EXPECT_EQ(limiter.available(kStart + 1h), 0);
}

TEST(RateLimiter, ADebtIsPaidBackBeforeTheNextPermit) {
  RateLimiter limiter({10, 10}, kStart);
  limiter.take(25, kStart + 1s);  // 10 were there.
  EXPECT_EQ(limiter.available(kStart + 2s), 0);
  EXPECT_EQ(limiter.next(kStart + 1s), kStart + 1s + 1600ms);
  EXPECT_EQ(limiter.available(kStart + 2600ms), 1);
}

TEST(RateLimiter, WhatIsGivenBackCanBeTakenAgain) {
  RateLimiter limiter({10, 10}, kStart);
  limiter.take(10, kStart + 1s);
  limiter.take(-4, kStart + 1s);
  EXPECT_EQ(limiter.available(kStart + 1s), 4);
  limiter.take(-100, kStart + 1s);  // Never more than a second's worth.
  EXPECT_EQ(limiter.available(kStart + 1s), 10);
}

TEST(RateLimiter, ALowerRateLeavesNoBurstOfTheOldOne) {
  RateLimiter limiter({}, kStart);
  limiter.update(1000, kStart);
  EXPECT_EQ(limiter.available(kStart + 1s), 1000);
  limiter.update(10, kStart + 1s);
  EXPECT_EQ(limiter.available(kStart + 1s), 10);
}

TEST(RateLimiter, AFirstLimitBeginsWithoutPermits) {
  RateLimiter limiter({}, kStart);
  limiter.update(10, kStart + 1h);
  EXPECT_EQ(limiter.available(kStart + 1h), 0);
  EXPECT_EQ(limiter.available(kStart + 1h + 1s), 10);
}

}  // namespace
}  // namespace tidemill::stream
