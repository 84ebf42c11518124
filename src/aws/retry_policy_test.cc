#include "aws/retry_policy.h"

#include <gtest/gtest.h>

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;

class RetryPolicyTest : public testing::Test {
 protected:
  std::optional<rt::Duration> decide(FailureKind kind) {
    return decideRetry(options_, question(kind), state_, budget_, random_);
  }
  RetryQuestion question(FailureKind kind) const { return {kind, hint_, now_, now_ + left_}; }

  RetryOptions options_;
  RetryState state_{.attempts = 1};
  RetryBudget budget_{options_};
  base::Random random_{1};
  rt::TimePoint now_{};
  rt::Duration left_ = 1h;
  std::optional<rt::Duration> hint_;
};

TEST_F(RetryPolicyTest, GivesUpAfterTheLastAttempt) {
  state_.attempts = 2;
  EXPECT_TRUE(decide(FailureKind::kTransient));

  state_.attempts = 3;
  EXPECT_FALSE(decide(FailureKind::kTransient));
}

TEST_F(RetryPolicyTest, NeverRepeatsAPermanentFailure) {
  EXPECT_FALSE(decide(FailureKind::kPermanent));
}

TEST_F(RetryPolicyTest, DrawsEachDelayBelowItsCeiling) {
  options_.attemptsMax = 100;
  options_.tokensMax = 1'000'000;
  budget_ = RetryBudget(options_);
  for (int attempts = 1; attempts <= 12; ++attempts) {
    state_.attempts = attempts;
    const rt::Duration transient = std::min<rt::Duration>(50ms * (1 << (attempts - 1)), 20s);
    const rt::Duration throttling = std::min<rt::Duration>(1s * (1 << (attempts - 1)), 20s);
    rt::Duration longest{0};
    for (int i = 0; i < 200; ++i) {
      const auto delay = decide(FailureKind::kTransient);
      ASSERT_TRUE(delay);
      EXPECT_LE(*delay, transient);
      longest = std::max(longest, *delay);
      EXPECT_LE(*decide(FailureKind::kThrottling), throttling);
    }
    EXPECT_GT(longest, transient / 2);  // Spread over the whole range, not bunched at its start.
  }
}

TEST_F(RetryPolicyTest, ADownServiceExhaustsTheBudget) {
  int retries = 0;
  while (decide(FailureKind::kTransient)) ++retries;

  EXPECT_EQ(retries, 500 / 14);
  EXPECT_TRUE(decide(FailureKind::kThrottling));  // 5 of the 10 tokens left.
}

TEST_F(RetryPolicyTest, SuccessGivesTokensBackButNeverMoreThanThereWere) {
  decide(FailureKind::kTransient);
  EXPECT_EQ(budget_.tokens(), 486);
  refundRetry(options_, state_, budget_);
  EXPECT_EQ(budget_.tokens(), 500);

  refundRetry(options_, RetryState{.attempts = 1}, budget_);
  EXPECT_EQ(budget_.tokens(), 500);

  decide(FailureKind::kTransient);
  refundRetry(options_, RetryState{.attempts = 1}, budget_);
  EXPECT_EQ(budget_.tokens(), 487);
}

TEST_F(RetryPolicyTest, ARetryPastTheDeadlineIsNotMadeAndCostsNothing) {
  left_ = 0ms;

  EXPECT_FALSE(decide(FailureKind::kTransient));
  EXPECT_EQ(budget_.tokens(), 500);
}

TEST_F(RetryPolicyTest, TheServersHintCountsWithinFiveSeconds) {
  hint_ = 3s;
  EXPECT_EQ(decide(FailureKind::kTransient), 3s);

  hint_ = 1h;
  const auto clamped = decide(FailureKind::kTransient);
  ASSERT_TRUE(clamped);
  EXPECT_GE(*clamped, 5s);
  EXPECT_LE(*clamped, 5s + 50ms);

  hint_ = 0ms;
  EXPECT_LE(*decide(FailureKind::kTransient), 50ms);
}

}  // namespace
}  // namespace tidemill::aws
