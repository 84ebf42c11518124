#include "stream/rate_estimator.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

constexpr double kMillisecondsPerSecond = 1000;

// Written so that what is no number is refused as well.
void require(bool fits, std::string_view what, double value, std::string_view range) {
  if (fits) return;
  throw Error(Code::kInvalidConfig, fmt::format("rate estimator: {} is {}", what, value),
              fmt::format("choose one {}", range));
}

}  // namespace

PidRateEstimator::PidRateEstimator(const PidOptions& options) : options_(options) {
  const auto interval = static_cast<double>(options.batchInterval.count());
  require(interval > 0, "the batch interval in ms", interval, "above 0");
  require(options.proportional >= 0, "the proportional gain", options.proportional, "of at least 0");
  require(options.integral >= 0, "the integral gain", options.integral, "of at least 0");
  require(options.derived >= 0, "the derivative gain", options.derived, "of at least 0");
  require(options.minRate > 0, "the least rate", options.minRate, "above 0");
}

std::optional<double> PidRateEstimator::compute(const CompletedBatch& batch) {
  const auto took = static_cast<double>(batch.processingDelay.count());
  if (batch.time <= latestTime_ || batch.records <= 0 || took <= 0) return std::nullopt;

  const double processingRate = static_cast<double>(batch.records) / took * kMillisecondsPerSecond;
  const double error = latestRate_ - processingRate;
  // What waits, as the rate at which it would be gone within one batch.
  const double backlog = static_cast<double>(batch.schedulingDelay.count()) * processingRate /
                         static_cast<double>(options_.batchInterval.count());
  const double sinceUpdate = static_cast<double>(batch.time - latestTime_) / kMillisecondsPerSecond;
  const double slope = (error - latestError_) / sinceUpdate;
  const double rate = std::max(options_.minRate, latestRate_ - options_.proportional * error -
                                                     options_.integral * backlog - options_.derived * slope);

  latestTime_ = batch.time;
  if (first_) {
    first_ = false;
    latestRate_ = processingRate;
    latestError_ = 0;
    return std::nullopt;
  }
  latestRate_ = rate;
  latestError_ = error;
  return rate;
}

}  // namespace tidemill::stream
