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
  pace.answered(kStart, 10 << 20, false);
  EXPECT_EQ(pace.next(), kStart + 5s);
}

TEST(Pace, WaitsTheIdleTimeAtTheTipOnly) {
  Pace atTip({});
  atTip.answered(kStart, 0, true);
  EXPECT_EQ(atTip.next(), kStart + 1s);

  Pace behind({});
  behind.called(kStart);
  behind.answered(kStart, 0, false);
  EXPECT_EQ(behind.next(), kStart + 200ms);
}

TEST(Pace, GivesOthersTheirTurnAfterThrottling) {
  Pace pace({});
  pace.called(kStart);
  pace.throttled(kStart);
  EXPECT_EQ(pace.next(), kStart + 1s);
}

TEST(Pace, NeverMovesTheNextCallForward) {
  Pace pace({});
  pace.answered(kStart, 10 << 20, false);
  pace.called(kStart + 1s);
  EXPECT_EQ(pace.next(), kStart + 5s);
}

TEST(Pace, HasNoLimitsWhenTheyAreLifted) {
  Pace pace({.callsPerSecond = 0, .bytesPerSecond = 0});
  pace.called(kStart);
  pace.answered(kStart, 10 << 20, false);
  EXPECT_LE(pace.next(), kStart);
}

}  // namespace
}  // namespace tidemill::consume
