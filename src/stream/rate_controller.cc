#include "stream/rate_controller.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tidemill::stream {

PidOptions pidOptionsOf(const Conf& conf, Duration batchInterval) {
  PidOptions options;
  options.batchInterval = batchInterval;
  options.proportional = conf.getDecimal("spark.streaming.backpressure.pid.proportional");
  options.integral = conf.getDecimal("spark.streaming.backpressure.pid.integral");
  options.derived = conf.getDecimal("spark.streaming.backpressure.pid.derived");
  options.minRate = conf.getDecimal("spark.streaming.backpressure.pid.minRate");
  return options;
}

RateController::RateController(rt::Loop& loop, const PidOptions& options, std::size_t inputs, Publish publish)
    : loop_(loop),
      estimators_(inputs, PidRateEstimator(options)),
      latest_(inputs, -1),
      publish_(std::move(publish)) {}

void RateController::onBatchCompleted(const BatchInfo& batch) {
  if (!batch.processingDelay || !batch.schedulingDelay) return;
  // By the monotonic clock: one that is set back would silence the estimator for as long.
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now().time_since_epoch());
  for (const StreamInputInfo& input : batch.inputs) {
    const auto i = static_cast<std::size_t>(input.streamId);
    if (i >= estimators_.size()) continue;
    const auto rate =
        estimators_[i].compute({now.count(), input.records, *batch.processingDelay, *batch.schedulingDelay});
    if (!rate) continue;
    constexpr double kMost = 1e15;
    latest_[i] = static_cast<std::int64_t>(std::clamp(*rate, 1.0, kMost));
    publish_(i, latest_[i]);
  }
}

}  // namespace tidemill::stream
