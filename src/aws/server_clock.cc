#include "aws/server_clock.h"

#include <algorithm>

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;

// Milliseconds, as dates are: a date may be any, and nanoseconds overflow after 292 years.
constexpr std::chrono::milliseconds kFar = 5s;
// Clocks that are kept by NTP drift at most half of this.
constexpr int kDriftPerThousand = 1;
// What a client that asks nothing for hours gives up at most: far less than signatures allow.
constexpr rt::Duration kDriftMax = 10s;

rt::Duration driftOf(rt::Duration age) {
  return std::min<rt::Duration>(age / 1000 * kDriftPerThousand, kDriftMax);
}

bool isFar(rt::WallTime a, rt::WallTime b) {
  return a - b > kFar || b - a > kFar;
}

}  // namespace

rt::WallTime ServerClock::Known::at(rt::TimePoint now) const {
  const rt::Duration age = now - received;
  return date + std::chrono::floor<std::chrono::milliseconds>(age - driftOf(age));
}

std::optional<rt::WallTime> ServerClock::at(rt::TimePoint now) const {
  if (!known_) return std::nullopt;
  return known_->at(now);
}

void ServerClock::observe(rt::WallTime date, rt::TimePoint received) {
  if (!known_) {
    set(date, received);
  } else if (const rt::WallTime expected = known_->at(received); !isFar(date, expected)) {
    if (date > expected) known_ = Known{date, received};
    doubted_.reset();
  } else if (doubted_ && !isFar(date, doubted_->at(received))) {
    set(date, received);
  } else {
    doubted_ = Known{date, received};
  }
}

}  // namespace tidemill::aws
