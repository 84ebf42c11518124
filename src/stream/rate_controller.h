// stream/rate_controller.h: backpressure: after each batch, how fast each input may be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "rt/loop.h"
#include "stream/rate_estimator.h"
#include "tidemill/conf.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::stream {

// Of the keys spark.streaming.backpressure.pid.*.
PidOptions pidOptionsOf(const Conf& conf, Duration batchInterval);

// Lives on the control lane. Batches whose times or inputs are not known (those that an earlier process has
// left) tell nothing. A batch that failed and was tried again is judged once, when it succeeds, with all the
// time since its first try: while outputs fail, reading slows down. One that fails for good stops the
// context.
class RateController final : public StreamingListener {
 public:
  // Records per second of an input, at least 1.
  using Publish = std::function<void(std::size_t input, std::int64_t rate)>;

  RateController(rt::Loop& loop, const PidOptions& options, std::size_t inputs, Publish publish);

  void onBatchCompleted(const BatchInfo& batch) override;

  // As published last; -1: none yet.
  std::int64_t latestRate(std::size_t input) const { return latest_[input]; }

 private:
  rt::Loop& loop_;
  std::vector<PidRateEstimator> estimators_;
  std::vector<std::int64_t> latest_;
  Publish publish_;
};

}  // namespace tidemill::stream
