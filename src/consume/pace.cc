#include "consume/pace.h"

namespace tidemill::consume {
namespace {

// Refusals that lie further apart are not in a row.
constexpr rt::Duration kRowEnds = std::chrono::seconds(5);

}  // namespace

void Pace::called(rt::TimePoint now) {
  if (options_.callsPerSecond > 0) postpone(now + gap());
}

void Pace::throttled(rt::TimePoint now) {
  if (now < refusedUntil_) return;
  if (now - refusedUntil_ > kRowEnds) refusalWait_ = options_.afterThrottle;
  refusedUntil_ = now + refusalWait_;
  postpone(refusedUntil_);
  refusalWait_ = std::min(refusalWait_ * 2, options_.afterThrottleMax);
}

void Pace::answered(rt::TimePoint now, std::int64_t bytes) {
  refusalWait_ = options_.afterThrottle;
  if (options_.bytesPerSecond <= 0) return;
  const auto microseconds = bytes * 1'000'000 / options_.bytesPerSecond;
  bytesPaid_ = std::max(bytesPaid_, now) + std::chrono::microseconds(microseconds);
}

}  // namespace tidemill::consume
