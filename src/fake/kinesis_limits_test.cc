#include "fake/kinesis_limits.h"

#include <gtest/gtest.h>

namespace tidemill::fake {
namespace {

using namespace std::chrono_literals;

constexpr rt::WallTime kNow{1'790'000'000'000ms};

TEST(RateLimit, AdmitsASecondsWorthAtOnceAndNoMore) {
  RateLimit limit(5);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(limit.allows(1, kNow));
    limit.take(1);
  }

  EXPECT_FALSE(limit.allows(1, kNow));
  EXPECT_FALSE(limit.allows(1, kNow + 199ms));
  EXPECT_TRUE(limit.allows(1, kNow + 200ms));
}

TEST(RateLimit, AdmitsAnEvenPaceForever) {
  RateLimit limit(5);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(limit.allows(1, kNow + i * 200ms));
    limit.take(1);
  }
}

TEST(RateLimit, PausesAfterALargeAnswerUntilTheDebtIsPaid) {
  RateLimit bytes(2 << 20);
  ASSERT_TRUE(bytes.allows(1, kNow));
  bytes.take(10 << 20);

  EXPECT_FALSE(bytes.allows(1, kNow + 4s));
  EXPECT_TRUE(bytes.allows(1, kNow + 4001ms));
}

TEST(RateLimit, AdmitsMoreThanASecondsWorthOnlyWhenFull) {
  RateLimit limit(1000);

  EXPECT_TRUE(limit.allows(5000, kNow));
  limit.take(1);
  EXPECT_FALSE(limit.allows(5000, kNow));
  EXPECT_TRUE(limit.allows(999, kNow));
}

TEST(ControlLimits, CountEachOperationByItself) {
  ControlLimits limits;
  EXPECT_TRUE(limits.admits("DescribeLimits", kNow));

  EXPECT_FALSE(limits.admits("DescribeLimits", kNow));
  EXPECT_TRUE(limits.admits("ListStreams", kNow));
  EXPECT_TRUE(limits.admits("DescribeLimits", kNow + 1s));
}

}  // namespace
}  // namespace tidemill::fake
