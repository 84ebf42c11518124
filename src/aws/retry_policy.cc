#include "aws/retry_policy.h"

#include <algorithm>

namespace tidemill::aws {
namespace {

// Doubles in a loop, not by a shift that would overflow.
rt::Duration ceilingOf(const RetryOptions& options, FailureKind kind, int attempts) {
  rt::Duration ceiling = kind == FailureKind::kThrottling ? options.throttlingBase : options.transientBase;
  for (int i = 1; i < attempts && ceiling < options.delayMax; ++i) ceiling *= 2;
  return std::min(ceiling, options.delayMax);
}

}  // namespace

bool RetryBudget::take(int cost) {
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryBudget::giveBack(int refund) {
  tokens_ = std::min(tokens_ + refund, tokensMax_);
}

std::optional<rt::Duration> decideRetry(const RetryOptions& options, const RetryQuestion& question,
                                        RetryState& state, RetryBudget& budget, base::Random& random) {
  if (question.kind == FailureKind::kPermanent || state.attempts >= options.attemptsMax) return std::nullopt;
  const rt::Duration ceiling = ceilingOf(options, question.kind, state.attempts);
  rt::Duration delay(random.between(0, ceiling.count()));
  if (question.serverHint) delay = std::clamp(*question.serverHint, delay, delay + options.hintExcessMax);
  if (delay >= question.deadline - question.now) return std::nullopt;
  const int cost = question.kind == FailureKind::kThrottling ? options.throttlingCost : options.transientCost;
  if (!budget.take(cost)) return std::nullopt;
  state.lastCost = cost;
  return delay;
}

void refundRetry(const RetryOptions& options, const RetryState& state, RetryBudget& budget) {
  budget.giveBack(state.lastCost > 0 ? state.lastCost : options.successRefund);
}

}  // namespace tidemill::aws
