// aws/retry_policy.h: whether and when a failed call is made again, as a decision of values.
#pragma once

#include <optional>

#include "base/random.h"
#include "rt/time.h"

namespace tidemill::aws {

enum class FailureKind {
  kPermanent,   // The same call would fail again.
  kTransient,   // 5xx, timeouts, lost connections.
  kThrottling,  // The service asks for fewer calls.
};

// The numbers of the SDKs' standard mode as of 2026. The defaults suit Kinesis and most services.
struct RetryOptions {
  // Calls in all, the first included. Range: 1 to 10.
  int attemptsMax = 3;
  // Ceilings of the first delay; each further one doubles, up to delayMax. Each delay is drawn uniformly
  // below its ceiling, so that callers who fail together do not come back together.
  rt::Duration transientBase = std::chrono::milliseconds(50);
  rt::Duration throttlingBase = std::chrono::seconds(1);
  rt::Duration delayMax = std::chrono::seconds(20);
  // A budget shared by all calls of a client: when a service is down, it ends the extra load of retries.
  int tokensMax = 500;
  int transientCost = 14;
  int throttlingCost = 5;
  // What a success at the first attempt gives back.
  int successRefund = 1;
  // A server may ask for at most this much more than the drawn delay.
  rt::Duration hintExcessMax = std::chrono::seconds(5);
};

// The tokens of one client.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryOptions& options)
      : tokens_(options.tokensMax), tokensMax_(options.tokensMax) {}

  int tokens() const { return tokens_; }
  // False, and nothing taken, if fewer are left.
  bool take(int cost);
  void giveBack(int refund);

 private:
  int tokens_;
  int tokensMax_;
};

// One call on its way.
struct RetryState {
  int attempts = 0;  // Made so far.
  int lastCost = 0;  // Tokens paid for the last retry.
};

struct RetryQuestion {
  FailureKind kind = FailureKind::kPermanent;
  // The server's x-amz-retry-after.
  std::optional<rt::Duration> serverHint;
  rt::TimePoint now;
  // A retry that could only start after it is not made.
  rt::TimePoint deadline;
};

// How long to wait before the next attempt; nothing: give up. Takes tokens from the budget if it says retry.
std::optional<rt::Duration> decideRetry(const RetryOptions& options, const RetryQuestion& question,
                                        RetryState& state, RetryBudget& budget, base::Random& random);

// Call after a success.
void refundRetry(const RetryOptions& options, const RetryState& state, RetryBudget& budget);

}  // namespace tidemill::aws
