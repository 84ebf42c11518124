#include "stream/rate_estimator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "stream/rate_controller.h"
#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

// Spark's suite: batches of 20 ms.
PidOptions options(double proportional, double integral, double derived, double minRate) {
  return {Milliseconds(20), proportional, integral, derived, minRate};
}

Code refusalOf(const PidOptions& refused) {
  try {
    const PidRateEstimator estimator(refused);
  } catch (const Error& error) {
    EXPECT_FALSE(error.hint().empty());
    return error.code();
  }
  return Code::kCancelled;
}

TEST(PidRateEstimator, TakesTheGainsFromTheConfiguration) {
  const PidOptions standard = pidOptionsOf(Conf(), Seconds(2));
  EXPECT_EQ(standard.batchInterval, Seconds(2));
  EXPECT_EQ(standard.proportional, 1.0);
  EXPECT_EQ(standard.integral, 0.2);
  EXPECT_EQ(standard.derived, 0.0);
  EXPECT_EQ(standard.minRate, 100);

  Conf conf;
  conf.set("spark.streaming.backpressure.pid.proportional", "0.5")
      .set("spark.streaming.backpressure.pid.integral", "0")
      .set("spark.streaming.backpressure.pid.derived", "0.25")
      .set("spark.streaming.backpressure.pid.minRate", "0.5");
  const PidOptions set = pidOptionsOf(conf, Seconds(2));
  EXPECT_EQ(set.proportional, 0.5);
  EXPECT_EQ(set.integral, 0);
  EXPECT_EQ(set.derived, 0.25);
  EXPECT_EQ(set.minRate, 0.5);
}

TEST(PidRateEstimator, RefusesOptionsOutOfRange) {
  PidOptions noInterval = options(1, 0, 0, 10);
  noInterval.batchInterval = Milliseconds(0);
  EXPECT_EQ(refusalOf(noInterval), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(-1, 0, 0, 10)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(1, -0.1, 0, 10)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(1, 0, -0.1, 10)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(1, 0, 0, 0)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(1, 0, 0, -10)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(std::numeric_limits<double>::quiet_NaN(), 0, 0, 10)), Code::kInvalidConfig);
  EXPECT_EQ(refusalOf(options(0, 0, 0, 0.001)), Code::kCancelled);
}

TEST(PidRateEstimator, TheFirstBatchGivesNothingAndTheSecondARate) {
  PidRateEstimator estimator(options(1, 0, 0, 10));
  EXPECT_EQ(estimator.compute({0, 10, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, 10, Milliseconds(10), Milliseconds(0)}), 1000);
}

TEST(PidRateEstimator, ABatchThatIsNotLaterChangesNothing) {
  PidRateEstimator estimator(options(1, 0, 0, 10));
  EXPECT_EQ(estimator.compute({10, 10, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, 999, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({9, 999, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({20, 10, Milliseconds(10), Milliseconds(0)}), 1000);
}

TEST(PidRateEstimator, ABatchWithoutRecordsOrWithoutDelayChangesNothing) {
  PidRateEstimator estimator(options(1, 0, 0, 10));
  EXPECT_EQ(estimator.compute({0, 10, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, 0, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, -1, Milliseconds(10), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, 10, Milliseconds(0), Milliseconds(0)}), std::nullopt);
  EXPECT_EQ(estimator.compute({10, 10, Milliseconds(-1), Milliseconds(0)}), std::nullopt);
  // The same time as above: it was never used.
  EXPECT_EQ(estimator.compute({10, 10, Milliseconds(10), Milliseconds(0)}), 1000);
}

TEST(PidRateEstimator, NoRateIsBelowTheLeast) {
  PidRateEstimator estimator(options(1, 1, 0, 5));
  EXPECT_EQ(estimator.compute({0, 1, Milliseconds(20), Milliseconds(100)}), std::nullopt);
  for (int i = 1; i < 50; ++i) {
    EXPECT_EQ(estimator.compute({i * 20, 1, Milliseconds(20), Milliseconds(100)}), 5) << i;
  }
}

TEST(PidRateEstimator, WithoutBacklogTheRateFollowsTheProcessingUp) {
  PidRateEstimator estimator(options(1, 1, 0, 10));
  EXPECT_EQ(estimator.compute({0, 20, Milliseconds(20), Milliseconds(0)}), std::nullopt);
  for (int k = 1; k < 50; ++k) {
    EXPECT_EQ(estimator.compute({k * 20, (k + 1) * 20, Milliseconds(20), Milliseconds(0)}), (k + 1) * 1000);
  }
}

TEST(PidRateEstimator, WithoutBacklogTheRateFollowsTheProcessingDown) {
  PidRateEstimator estimator(options(1, 1, 0, 10));
  EXPECT_EQ(estimator.compute({0, 1000, Milliseconds(20), Milliseconds(0)}), std::nullopt);
  for (int k = 1; k < 50; ++k) {
    EXPECT_EQ(estimator.compute({k * 20, (50 - k) * 20, Milliseconds(20), Milliseconds(0)}), (50 - k) * 1000);
  }
}

TEST(PidRateEstimator, WithBacklogTheRateStaysBelowTheProcessing) {
  constexpr double kMinRate = 10;
  PidRateEstimator estimator(options(1, 0.01, 0, kMinRate));
  base::Random random(7);
  for (int k = 0; k < 50; ++k) {
    const auto waited = Milliseconds(1 + static_cast<std::int64_t>(random.below(19)));
    const auto took = Milliseconds(1 + static_cast<std::int64_t>(random.below(20)));
    const std::int64_t records = (k + 1) * 20;
    const auto rate = estimator.compute({k * 20, records, took, waited});
    if (k == 0) continue;
    ASSERT_TRUE(rate);
    EXPECT_LT(*rate, static_cast<double>(records) / static_cast<double>(took.count()) * 1000);
    EXPECT_GE(*rate, kMinRate);
  }
}

TEST(PidRateEstimator, TheChangeOfTheErrorCountsByItsGain) {
  PidRateEstimator estimator(options(0, 0, 1, 10));
  EXPECT_EQ(estimator.compute({0, 10, Milliseconds(10), Milliseconds(0)}),
            std::nullopt);  // 1,000 per second.
  // 500 per second, a second later: the error goes from 0 to 500.
  EXPECT_EQ(estimator.compute({1000, 10, Milliseconds(20), Milliseconds(0)}), 500);
}

}  // namespace
}  // namespace tidemill::stream
