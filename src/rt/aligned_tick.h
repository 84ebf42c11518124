// rt/aligned_tick.h: ticks at multiples of an interval on the wall clock.
#pragma once

#include <chrono>

#include "rt/time.h"

namespace tidemill::rt {

// The first multiple of `interval` since 1970 that lies behind `now`: at most one interval away. `interval`
// is positive.
constexpr WallTime tickAfter(WallTime now, std::chrono::milliseconds interval) {
  const auto since = now.time_since_epoch();
  auto over = since % interval;
  if (over < over.zero()) over += interval;
  return now + (interval - over);
}

}  // namespace tidemill::rt
