// rt/time.h: the two clocks of the program.
#pragma once

#include <chrono>

namespace tidemill::rt {

using Duration = std::chrono::nanoseconds;

// Monotonic; drives every wait, pace and deadline. Its zero has no meaning outside one process (or one
// world).
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClock::time_point;

// Wall clock, UTC, milliseconds: for signing, AT_TIMESTAMP and display only. May jump.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// `duration` after `from`, or the end of time where the sum would overflow: "for ever" is Duration::max().
constexpr TimePoint laterBy(TimePoint from, Duration duration) {
  if (duration > Duration::zero() && from > TimePoint::max() - duration) return TimePoint::max();
  return from + duration;
}

}  // namespace tidemill::rt
