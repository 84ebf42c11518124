#include "cli/termination.h"

#include <gtest/gtest.h>

#include <csignal>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using Wish = StopRequests::Wish;

bool isBlocked(int number) {
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return sigismember(&now, number) == 1;
}

TEST(StopRequests, SeveralSignalsAtOnceAreOneRequest) {
  StopRequests requests;
  const StopRequests::Moment start{};

  EXPECT_EQ(requests.signal(start), Wish::kStop);
  EXPECT_EQ(requests.signal(start + 3us), Wish::kNone);
  EXPECT_EQ(requests.signal(start + 199ms), Wish::kNone);
}

TEST(StopRequests, ALaterSignalEndsTheProcess) {
  StopRequests requests;
  const StopRequests::Moment start{};

  EXPECT_EQ(requests.signal(start), Wish::kStop);
  EXPECT_EQ(requests.signal(start + 10ms), Wish::kNone);
  EXPECT_EQ(requests.signal(start + 200ms), Wish::kAbort);
}

TEST(TerminationSignals, TellsWhichSignalCame) {
  TerminationSignals signals;

  raise(SIGTERM);

  EXPECT_EQ(signals.waitFor(0ms), SIGTERM);
  EXPECT_EQ(signals.waitFor(0ms), 0);
}

TEST(TerminationSignals, AfterwardsTheProcessCanBeEndedAgain) {
  const bool before = isBlocked(SIGTERM);
  {
    const TerminationSignals signals;
    EXPECT_TRUE(isBlocked(SIGTERM));
    raise(SIGTERM);  // Nobody asks for it; it must not end the process when the block goes.
  }

  EXPECT_EQ(isBlocked(SIGTERM), before);
}

}  // namespace
}  // namespace tidemill::cli
