// consume/call_attempts.h: how often and how long one call is tried.
#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "rt/backoff.h"
#include "rt/time.h"
#include "tidemill/error.h"

namespace tidemill::consume {

// (Spark: spark.streaming.kinesis.retry.maxAttempts and .waitTime, and retryTimeoutMs)
struct RetryOptions {
  // Range: at least 1. Larger rides out longer throttling.
  // Attempts that were refused count once a second: they follow each other at the pace of the shard.
  int attemptsMax = 3;
  // Ceiling of the first wait; it doubles with each, and the wait is drawn below it. Range: at least 1 ms.
  rt::Duration waitTime = std::chrono::milliseconds(100);
  // Of one call with all its attempts. Each has its share of it, so that one that hangs is ended and made
  // again; where the shares are small, half of it or 3 s. Range: at least 1 ms.
  rt::Duration timeout = std::chrono::seconds(10);
};

// Of one call, from its first attempt. Pure but for what is drawn.
class CallAttempts {
 public:
  // The call ends with `last` at the latest. `random` outlives this.
  CallAttempts(const RetryOptions& options, rt::TimePoint now, rt::TimePoint last, base::Random& random);

  // When an attempt that begins at `now` is given up.
  rt::TimePoint deadline(rt::TimePoint now) const;
  // After a failure: how long to wait before the next attempt. Nothing: it would not help, or comes too late.
  std::optional<rt::Duration> next(const Error& failure, rt::TimePoint now);
  // After nothing: `failure` with how often and how long was tried.
  Error gaveUp(const Error& failure, rt::TimePoint now) const;

 private:
  const int attemptsMax_;
  const rt::TimePoint start_;
  const rt::TimePoint deadline_;
  const rt::Duration attemptTime_;
  rt::Backoff backoff_;
  // That count.
  int failures_ = 0;
  // Until then a refusal is one with the one before.
  rt::TimePoint refusedUntil_{};
};

// True if the same call may succeed later: throttling, 5xx, timeouts, broken connections, expired tokens, and
// answers that make no sense.
bool mayPass(const Error& failure);

}  // namespace tidemill::consume
