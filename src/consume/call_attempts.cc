#include "consume/call_attempts.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

rt::BackoffOptions backoffOf(const RetryOptions& options) {
  const rt::Duration base = std::max<rt::Duration>(options.waitTime, 1ms);
  return {.base = base, .cap = std::max<rt::Duration>(options.timeout, base)};
}

constexpr rt::Duration kRefusalsCountEvery = 1s;

// A full answer takes its time on a slow line, so attempts are not cut short for being many; but one alone
// never uses up the call if there may be more.
rt::Duration attemptTimeOf(const RetryOptions& options, rt::Duration whole) {
  return std::max(whole / std::max(options.attemptsMax, 1), std::min<rt::Duration>(whole / 2, 3s));
}

}  // namespace

bool mayPass(const Error& failure) {
  switch (failure.code()) {
    case Code::kExpiredToken:
    case Code::kExpiredNextToken:
    case Code::kLimitExceeded:
    case Code::kResourceInUse:
    case Code::kMalformedResponse:
      return true;
    default:
      return failure.retryable();
  }
}

CallAttempts::CallAttempts(const RetryOptions& options, rt::TimePoint now, rt::TimePoint last,
                           base::Random& random)
    : attemptsMax_(options.attemptsMax),
      start_(now),
      deadline_(std::min(rt::laterBy(now, options.timeout), last)),
      attemptTime_(attemptTimeOf(options, std::max(deadline_ - now, rt::Duration::zero()))),
      backoff_(backoffOf(options), random) {}

rt::TimePoint CallAttempts::deadline(rt::TimePoint now) const {
  return std::min(rt::laterBy(now, attemptTime_), deadline_);
}

std::optional<rt::Duration> CallAttempts::next(const Error& failure, rt::TimePoint now) {
  if (!mayPass(failure)) return std::nullopt;
  const rt::Duration wait = backoff_.next();
  const bool sameRefusal = failure.code() == Code::kThrottled && now < refusedUntil_;
  if (!sameRefusal) {
    ++failures_;
    if (failure.code() == Code::kThrottled) refusedUntil_ = now + kRefusalsCountEvery;
  }
  if (failures_ >= attemptsMax_ || rt::laterBy(now, wait) >= deadline_) return std::nullopt;
  return wait;
}

Error CallAttempts::gaveUp(const Error& failure, rt::TimePoint now) const {
  if (!mayPass(failure)) return failure;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count();
  return failure.within(
      fmt::format("gave up after {} attempts in {} ms, the last of which", backoff_.failures(), passed));
}

}  // namespace tidemill::consume
