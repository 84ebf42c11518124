// tidemill/time.h: batch times and durations, with Spark's names.
#pragma once

#include <chrono>
#include <cstdint>

namespace tidemill {

using Duration = std::chrono::milliseconds;

constexpr Duration Milliseconds(std::int64_t milliseconds) {
  return Duration(milliseconds);
}
constexpr Duration Seconds(std::int64_t seconds) {
  return std::chrono::seconds(seconds);
}
constexpr Duration Minutes(std::int64_t minutes) {
  return std::chrono::minutes(minutes);
}

// The name of a batch: the end of its interval, UTC, a multiple of the batch interval.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace tidemill
