#include "stream/rate_limiter.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tidemill::stream {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

std::int64_t limitOf(std::int64_t rate) {
  return rate <= 0 ? RateLimiter::kUnlimited : rate;
}

}  // namespace

RateLimiter::RateLimiter(const RateLimits& limits, rt::TimePoint now)
    : maxRate_(limitOf(limits.maxRate)),
      wanted_(limitOf(limits.initialRate)),
      rate_(std::min(wanted_, maxRate_)),
      since_(now) {}

void RateLimiter::update(std::int64_t rate, rt::TimePoint now) {
  if (rate <= 0) return;
  wanted_ = rate;
  apply(now);
}

void RateLimiter::updateMax(std::int64_t maxRate, rt::TimePoint now) {
  maxRate_ = limitOf(maxRate);
  apply(now);
}

void RateLimiter::apply(rt::TimePoint now) {
  settle(now);
  rate_ = std::min(wanted_, maxRate_);
  balance_ = std::min(balance_, static_cast<double>(rate_));
}

std::int64_t RateLimiter::available(rt::TimePoint now) const {
  if (!limited()) return kUnlimited;
  // Sums of fractions may miss a whole number by a hair.
  constexpr double kHair = 1e-6;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(balanceAt(now) + kHair)));
}

rt::TimePoint RateLimiter::next(rt::TimePoint now) const {
  if (available(now) > 0) return now;
  const double seconds = (1 - balanceAt(now)) / static_cast<double>(rate_);
  const double nanoseconds = std::ceil(seconds * kNanosecondsPerSecond);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  return rt::laterBy(
      now, rt::Duration(static_cast<std::int64_t>(std::min(nanoseconds, static_cast<double>(kMost)))));
}

void RateLimiter::take(std::int64_t records, rt::TimePoint now) {
  if (!limited()) return;
  settle(now);
  balance_ = std::min(balance_ - static_cast<double>(records), static_cast<double>(rate_));
}

double RateLimiter::balanceAt(rt::TimePoint now) const {
  const double seconds = static_cast<double>((now - since_).count()) / kNanosecondsPerSecond;
  const auto rate = static_cast<double>(rate_);
  return std::min(balance_ + seconds * rate, rate);
}

void RateLimiter::settle(rt::TimePoint now) {
  if (limited()) balance_ = balanceAt(now);
  since_ = now;
}

}  // namespace tidemill::stream
