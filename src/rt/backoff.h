// rt/backoff.h: how long to wait before the same call is tried again.
#pragma once

#include "base/random.h"
#include "rt/time.h"

namespace tidemill::rt {

struct BackoffOptions {
  // Ceiling of the first delay. Range: [1 ms, cap].
  Duration base = std::chrono::milliseconds(100);
  // No ceiling grows past this. Larger rides out longer outages with fewer calls, recovers later.
  Duration cap = std::chrono::seconds(10);
};

// Full jitter: each delay is drawn uniformly up to a ceiling that doubles with every failure, so that callers
// which fail together do not come back together. Lives on one lane.
class Backoff {
 public:
  // `random` must outlive this object.
  Backoff(BackoffOptions options, base::Random& random) : options_(options), random_(random) {}

  Duration next() {
    Duration ceiling = options_.base;
    for (int i = 0; i < failures_ && ceiling < options_.cap; ++i) ceiling *= 2;
    if (ceiling > options_.cap) ceiling = options_.cap;
    ++failures_;
    return Duration(random_.between(ceiling.count() / 10, ceiling.count()));
  }
  // Failures since the last success.
  int failures() const { return failures_; }
  void reset() { failures_ = 0; }

 private:
  const BackoffOptions options_;
  base::Random& random_;
  int failures_ = 0;
};

}  // namespace tidemill::rt
