#include "consume/pace.h"

#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kStart{100s};

TEST(Pace, AllowsFiveCallsASecond) {
  Pace pace({});
  pace.called(kStart);
  EXPECT_EQ(pace.next(), kStart + 200ms);
}

TEST(Pace, WaitsFiveSecondsAfterTenMebibytes) {
  Pace pace({});
  pace.called(kStart);
  pace.answered(kStart, 10 << 20);
  EXPECT_EQ(pace.next(), kStart + 5s);
}

TEST(Pace, AddsUpWhatOverlappingCallsBring) {
  Pace pace({});
  pace.called(kStart);
  pace.called(kStart + 200ms);
  pace.answered(kStart + 300ms, 4 << 20);
  pace.answered(kStart + 400ms, 4 << 20);
  EXPECT_EQ(pace.next(), kStart + 300ms + 4s);
}

TEST(Pace, GivesOthersTheirTurnAfterThrottling) {
  Pace pace({});
  pace.called(kStart);
  pace.throttled(kStart + 50ms);
  EXPECT_EQ(pace.next(), kStart + 250ms);
}

TEST(Pace, MakesRoomWhereItIsRefusedAgainAndAgain) {
  Pace pace({});
  const auto refused = [&](rt::TimePoint now) {
    pace.called(now);
    pace.throttled(now);
    return pace.next() - now;
  };
  EXPECT_EQ(refused(kStart), 200ms);
  EXPECT_EQ(refused(kStart + 1s), 400ms);
  EXPECT_EQ(refused(kStart + 2s), 800ms);
  EXPECT_EQ(refused(kStart + 3s), 1s);
  EXPECT_EQ(refused(kStart + 4s), 1s);
  pace.answered(kStart + 5s, 100);
  EXPECT_EQ(refused(kStart + 6s), 200ms);
  EXPECT_EQ(refused(kStart + 60s), 200ms) << "that one was long ago";
}

TEST(Pace, CallsThatAreRefusedTogetherAreRefusedOnce) {
  Pace pace({});
  pace.throttled(kStart);
  pace.throttled(kStart + 50ms);
  EXPECT_EQ(pace.next(), kStart + 200ms);
  pace.throttled(kStart + 300ms);
  EXPECT_EQ(pace.next(), kStart + 700ms);
}

TEST(Pace, NeverMovesTheNextCallForward) {
  Pace pace({});
  pace.answered(kStart, 10 << 20);
  pace.called(kStart + 1s);
  EXPECT_EQ(pace.next(), kStart + 5s);
}

TEST(Pace, SaysWhatMayBeReadBetweenTwoCalls) {
  EXPECT_EQ(Pace({}).bytesPerCall(), (2 << 20) / 5);
  EXPECT_EQ(Pace({.bytesPerSecond = 0}).bytesPerCall(), 0);
  EXPECT_EQ(Pace({.callsPerSecond = 0}).bytesPerCall(), 0);
}

TEST(Pace, HasNoLimitsWhenTheyAreLifted) {
  Pace pace({.callsPerSecond = 0, .bytesPerSecond = 0});
  pace.called(kStart);
  pace.answered(kStart, 10 << 20);
  EXPECT_LE(pace.next(), kStart);
}

}  // namespace
}  // namespace tidemill::consume
