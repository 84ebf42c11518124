#include "consume/outcome_plan.h"

#include <algorithm>

namespace tidemill::consume {
namespace {

using Kind = OutcomeStep::Kind;

Kind lastResort(AfterRetries afterRetries) {
  switch (afterRetries) {
    case AfterRetries::kStopShard:
      return Kind::kStopShard;
    case AfterRetries::kDeadLetter:
      return Kind::kDeadLetterAll;
    case AfterRetries::kFatal:
      return Kind::kFatal;
  }
  return Kind::kStopShard;
}

}  // namespace

OutcomeStep stepAfter(const CallEnd& end, const FailureCounts& before, const OutcomePolicy& policy) {
  OutcomeStep step;
  step.counts = before;
  if (!end.outcome) {
    const bool spent = ++step.counts.exceptions > policy.exceptionRetriesMax;
    step.kind = spent ? lastResort(policy.afterRetries) : Kind::kAgainBackedOff;
    return step;
  }
  switch (end.outcome->kind()) {
    case Outcome::Kind::kOk:
      return {};
    case Outcome::Kind::kRetry: {
      const bool spent = ++step.counts.retries > policy.retryAfterMax && policy.retryAfterMax > 0;
      step.kind = spent ? lastResort(policy.afterRetries) : Kind::kAgain;
      step.wait = std::max(end.outcome->wait(), Duration(0));
      return step;
    }
    case Outcome::Kind::kAgainWhenPrepared:
      step.kind = Kind::kAgainWhenPrepared;
      return step;
    case Outcome::Kind::kDeadLetter:
      step.kind = Kind::kDeadLetter;
      return step;
    case Outcome::Kind::kStopShard:
      step.kind = Kind::kStopShard;
      return step;
    case Outcome::Kind::kFatal:
      step.kind = Kind::kFatal;
      return step;
  }
  return step;
}

}  // namespace tidemill::consume
