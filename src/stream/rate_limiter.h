// stream/rate_limiter.h: how many records of a receiver may be read now.
#pragma once

#include <cstdint>
#include <limits>

#include "rt/time.h"

namespace tidemill::stream {

// Records per second; 0 or less: no limit.
struct RateLimits {
  // No rate is above it. (Spark: spark.streaming.receiver.maxRate)
  std::int64_t maxRate = 0;
  // Until the first update; not above maxRate. (Spark: spark.streaming.backpressure.initialRate)
  std::int64_t initialRate = 0;
};

// A bucket of permits, one for each record that the user's functions see: parts of an aggregated record count
// one by one. What is not used is kept for up to a second. What is taken without a permit is a debt that is
// paid back before the next permit. A value; `now` never goes back.
class RateLimiter {
 public:
  static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

  // Begins without permits.
  RateLimiter(const RateLimits& limits, rt::TimePoint now);

  // Sets the rate, which maxRate bounds. Ignored if it is 0 or less.
  void update(std::int64_t rate, rt::TimePoint now);
  // Sets maxRate; 0 or less: none. The rate is what was asked for last, as far as that allows it.
  void updateMax(std::int64_t maxRate, rt::TimePoint now);
  // The rate; kUnlimited without one.
  std::int64_t limit() const { return rate_; }
  bool limited() const { return rate_ != kUnlimited; }

  // Whole permits that are there; none while there is a debt.
  std::int64_t available(rt::TimePoint now) const;
  // When there is one.
  rt::TimePoint next(rt::TimePoint now) const;
  // Takes permits, below zero if need be; a negative count gives some back. Without a limit nothing is
  // counted.
  void take(std::int64_t records, rt::TimePoint now);

 private:
  double balanceAt(rt::TimePoint now) const;
  void settle(rt::TimePoint now);

  void apply(rt::TimePoint now);

  std::int64_t maxRate_;
  // What was asked for.
  std::int64_t wanted_;
  std::int64_t rate_;
  double balance_ = 0;
  rt::TimePoint since_;
};

}  // namespace tidemill::stream
