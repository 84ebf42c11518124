#include "aws/server_clock.h"

#include <algorithm>

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kSetBack = 5s;
// Clocks that are kept by NTP drift at most half of this.
constexpr int kDriftPerThousand = 1;
// What a client that asks nothing for hours gives up at most: far less than signatures allow.
constexpr rt::Duration kDriftMax = 10s;

rt::Duration driftOf(rt::Duration age) {
  return std::min<rt::Duration>(age / 1000 * kDriftPerThousand, kDriftMax);
}

}  // namespace

std::optional<rt::WallTime> ServerClock::at(rt::TimePoint now) const {
  if (!known_) return std::nullopt;
  const rt::Duration age = now - known_->received;
  return known_->date + std::chrono::floor<std::chrono::milliseconds>(age - driftOf(age));
}

void ServerClock::observe(rt::WallTime date, rt::TimePoint received) {
  const std::optional<rt::WallTime> expected = at(received);
  const bool later = !expected || date > *expected;
  if (later || *expected - date > kSetBack) set(date, received);
}

}  // namespace tidemill::aws
