// stream/rate_estimator.h: how many records per second a stream can take, from how its batches went.
#pragma once

#include <cstdint>
#include <optional>

#include "tidemill/time.h"

namespace tidemill::stream {

// The gains of a controller with proportional, integral and derivative part. (Spark:
// spark.streaming.backpressure.pid.*)
struct PidOptions {
  // At least 1 ms.
  Duration batchInterval{};
  // Each at least 0.
  double proportional = 1.0;
  double integral = 0.2;
  double derived = 0.0;
  // Records per second, above 0: no rate is lower.
  double minRate = 100;
};

// One batch of one stream that is done.
struct CompletedBatch {
  // When its processing ended, in milliseconds of any clock that does not go back.
  std::int64_t time = 0;
  // Of this stream.
  std::int64_t records = 0;
  Duration processingDelay{};
  Duration schedulingDelay{};
};

// The rate follows the rate of processing, less what it takes to work off the records that wait. Exactly as
// in Spark. A value without clocks.
class PidRateEstimator {
 public:
  // Throws Error(kInvalidConfig) for options out of range.
  explicit PidRateEstimator(const PidOptions& options);

  // Records per second from now on. Nothing for the first batch that can be judged, and, without any change,
  // for one that is not later than the last, has no records, or took no time.
  std::optional<double> compute(const CompletedBatch& batch);

 private:
  const PidOptions options_;
  bool first_ = true;
  std::int64_t latestTime_ = -1;
  double latestRate_ = -1;
  double latestError_ = -1;
};

}  // namespace tidemill::stream
