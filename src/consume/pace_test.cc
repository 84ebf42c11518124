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
  pace.throttled(kStart);
  EXPECT_EQ(pace.next(), kStart + 1s);
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
