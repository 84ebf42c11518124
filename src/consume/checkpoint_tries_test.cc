#include "consume/checkpoint_tries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <vector>

namespace tidemill::consume {
namespace {

// The retry helper's cases of Spark's checkpointer.
class CheckpointTriesTest : public testing::Test {
 protected:
  // The codes of the failures, one for each try; then it succeeds.
  CheckpointTries run(std::deque<Code> failures, int triesMax = 4) {
    return tryCheckpoint(
        triesMax, random_, [this](Duration pause) { pauses_.push_back(pause); },
        [failures]() mutable -> Result<void> {
          if (failures.empty()) return {};
          const Code code = failures.front();
          failures.pop_front();
          return fail(code, "no");
        });
  }
  static Code codeOf(const CheckpointTries& done) {
    return done.last ? Code::kCancelled : done.last.error().code();
  }

  base::Random random_{1};
  std::vector<Duration> pauses_;
};

TEST_F(CheckpointTriesTest, SucceedsAtOnce) {
  const auto done = run({});
  EXPECT_TRUE(done.last);
  EXPECT_EQ(done.tries, 1);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(CheckpointTriesTest, SucceedsAfterThrottling) {
  const auto done = run({Code::kThrottled});
  EXPECT_TRUE(done.last);
  EXPECT_EQ(done.tries, 2);
  EXPECT_EQ(pauses_.size(), 1u);
}

TEST_F(CheckpointTriesTest, SucceedsAfterTheFailureOfADependency) {
  for (const Code code : {Code::kServiceError, Code::kUnreachable, Code::kTimeout}) {
    const auto done = run({code});
    EXPECT_TRUE(done.last);
    EXPECT_EQ(done.tries, 2);
  }
}

TEST_F(CheckpointTriesTest, ALostLeaseIsPassedOnAtOnce) {
  const auto done = run({Code::kLeaseLost});
  EXPECT_EQ(codeOf(done), Code::kLeaseLost);
  EXPECT_EQ(done.tries, 1);
}

TEST_F(CheckpointTriesTest, AMissingTableIsPassedOnAtOnce) {
  const auto done = run({Code::kUnknownTable});
  EXPECT_EQ(codeOf(done), Code::kUnknownTable);
  EXPECT_EQ(done.tries, 1);
}

TEST_F(CheckpointTriesTest, AnythingUnexpectedIsPassedOnAtOnce) {
  const auto done = run({Code::kInvalidArgument});
  EXPECT_EQ(codeOf(done), Code::kInvalidArgument);
  EXPECT_EQ(done.tries, 1);

  const auto thrown =
      tryCheckpoint(4, random_, [](Duration) {}, []() -> Result<void> { throw std::runtime_error("boom"); });
  EXPECT_EQ(codeOf(thrown), Code::kUserCodeFailed);
  EXPECT_EQ(thrown.tries, 1);
}

TEST_F(CheckpointTriesTest, GivesTheLastFailureWhenTheTriesAreSpent) {
  const auto done = run({Code::kThrottled, Code::kTimeout, Code::kThrottled}, 2);
  EXPECT_EQ(codeOf(done), Code::kTimeout);
  EXPECT_EQ(done.tries, 2);
  EXPECT_EQ(pauses_.size(), 1u);
}

TEST_F(CheckpointTriesTest, AThrottledThenALostLeaseEndsThere) {
  const auto done = run({Code::kThrottled, Code::kLeaseLost, Code::kThrottled});
  EXPECT_EQ(codeOf(done), Code::kLeaseLost);
  EXPECT_EQ(done.tries, 2);
}

TEST_F(CheckpointTriesTest, PausesAreDrawnBelowAHundredMilliseconds) {
  for (int i = 0; i < 200; ++i) run({Code::kThrottled, Code::kThrottled, Code::kThrottled});

  ASSERT_EQ(pauses_.size(), 600u);
  const auto [least, most] = std::minmax_element(pauses_.begin(), pauses_.end());
  EXPECT_GE(*least, Milliseconds(0));
  EXPECT_LT(*least, Milliseconds(10));
  EXPECT_GT(*most, Milliseconds(89));
  EXPECT_LE(*most, Milliseconds(99));
}

}  // namespace
}  // namespace tidemill::consume
