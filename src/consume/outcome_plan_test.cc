#include "consume/outcome_plan.h"

#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using Kind = OutcomeStep::Kind;

constexpr OutcomePolicy kPolicy{.exceptionRetriesMax = 2, .retryAfterMax = 3};

CallEnd threw() {
  return {std::nullopt, "an exception"};
}

TEST(OutcomePlan, OkForgetsFailures) {
  const auto step = stepAfter({Outcome::ok(), {}}, {.exceptions = 2, .retries = 3}, kPolicy);

  EXPECT_EQ(step.kind, Kind::kDone);
  EXPECT_EQ(step.counts.exceptions, 0);
  EXPECT_EQ(step.counts.retries, 0);
}

TEST(OutcomePlan, AnExceptionIsTriedAgainAsOftenAsThePolicySaysAndThenStopsTheShard) {
  FailureCounts counts;
  for (int i = 0; i < kPolicy.exceptionRetriesMax; ++i) {
    const auto step = stepAfter(threw(), counts, kPolicy);
    EXPECT_EQ(step.kind, Kind::kAgainBackedOff);
    counts = step.counts;
  }

  EXPECT_EQ(stepAfter(threw(), counts, kPolicy).kind, Kind::kStopShard);
}

TEST(OutcomePlan, WithoutRetriesTheFirstExceptionCounts) {
  EXPECT_EQ(stepAfter(threw(), {}, {.exceptionRetriesMax = 0}).kind, Kind::kStopShard);
}

TEST(OutcomePlan, WhatFollowsTheLastRetryIsConfigured) {
  const FailureCounts spent{.exceptions = 2};
  OutcomePolicy policy = kPolicy;
  policy.afterRetries = AfterRetries::kDeadLetter;
  EXPECT_EQ(stepAfter(threw(), spent, policy).kind, Kind::kDeadLetterAll);
  policy.afterRetries = AfterRetries::kFatal;
  EXPECT_EQ(stepAfter(threw(), spent, policy).kind, Kind::kFatal);
}

TEST(OutcomePlan, ARetryThatTheHandlerAskedForWaitsAsLongAsItSaid) {
  const auto step = stepAfter({Outcome::retryAfter(7s), {}}, {}, kPolicy);

  EXPECT_EQ(step.kind, Kind::kAgain);
  EXPECT_EQ(step.wait, rt::Duration(7s));
  EXPECT_EQ(step.counts.retries, 1);
}

TEST(OutcomePlan, ANegativeWaitIsNone) {
  EXPECT_EQ(stepAfter({Outcome::retryAfter(-7s), {}}, {}, kPolicy).wait, rt::Duration(0));
}

TEST(OutcomePlan, RetriesThatTheHandlerAskedForEndAtTheirOwnLimit) {
  const CallEnd asked{Outcome::retryAfter(1s), {}};
  EXPECT_EQ(stepAfter(asked, {.exceptions = 9, .retries = 2}, kPolicy).kind, Kind::kAgain);
  EXPECT_EQ(stepAfter(asked, {.retries = 3}, kPolicy).kind, Kind::kStopShard);
}

TEST(OutcomePlan, RetriesThatTheHandlerAskedForHaveNoLimitUnlessOneIsSet) {
  const CallEnd asked{Outcome::retryAfter(1s), {}};
  EXPECT_EQ(stepAfter(asked, {.retries = 1'000'000}, {.retryAfterMax = 0}).kind, Kind::kAgain);
}

TEST(OutcomePlan, TheHandlersOwnVerdictsAreFollowedAtOnce) {
  EXPECT_EQ(stepAfter({Outcome::stopShard("x"), {}}, {}, kPolicy).kind, Kind::kStopShard);
  EXPECT_EQ(stepAfter({Outcome::fatal("x"), {}}, {}, kPolicy).kind, Kind::kFatal);
  EXPECT_EQ(stepAfter({Outcome::deadLetter({0}, "x"), {}}, {}, kPolicy).kind, Kind::kDeadLetter);
  EXPECT_EQ(stepAfter({Outcome::againWhenPrepared(), {}}, {}, kPolicy).kind, Kind::kAgainWhenPrepared);
}

}  // namespace
}  // namespace tidemill::consume
