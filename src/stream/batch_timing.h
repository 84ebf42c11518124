// stream/batch_timing.h: when a batch was ready, and when it was worked on.
#pragma once

#include <chrono>
#include <optional>

#include "rt/loop.h"
#include "tidemill/batch_info.h"

namespace tidemill::stream {

// Delays go by the monotonic clock, what is shown by the wall clock.
class BatchTiming {
 public:
  void submitted(const rt::Loop& loop) { submitted_ = momentOf(loop); }
  // At the first try.
  void started(const rt::Loop& loop) { started_ = momentOf(loop); }
  void ended(const rt::Loop& loop) { ended_ = momentOf(loop); }

  // Fills in what is known.
  void describe(BatchInfo& info) const {
    if (submitted_) info.submissionTime = submitted_->shown;
    if (started_) info.processingStartTime = started_->shown;
    if (ended_) info.processingEndTime = ended_->shown;
    info.schedulingDelay = between(submitted_, started_);
    info.processingDelay = between(started_, ended_);
  }

 private:
  struct Moment {
    rt::TimePoint at;
    Time shown;
  };

  static Moment momentOf(const rt::Loop& loop) { return {loop.now(), Time(loop.wall().time_since_epoch())}; }
  static std::optional<Duration> between(const std::optional<Moment>& from, const std::optional<Moment>& to) {
    if (!from || !to) return std::nullopt;
    return std::chrono::round<Duration>(to->at - from->at);
  }

  std::optional<Moment> submitted_;
  std::optional<Moment> started_;
  std::optional<Moment> ended_;
};

}  // namespace tidemill::stream
