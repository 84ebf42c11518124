#include "aws/server_clock.h"

#include <gtest/gtest.h>

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;

constexpr rt::TimePoint kStart{1000h};
constexpr rt::WallTime kServerStart{std::chrono::sys_days(std::chrono::January / 1 / 2026)};

// What the service says of a moment: whole seconds.
rt::WallTime dateAt(rt::Duration sinceStart) {
  return kServerStart + std::chrono::floor<std::chrono::seconds>(sinceStart);
}
rt::WallTime trueTimeAt(rt::Duration sinceStart) {
  return kServerStart + std::chrono::floor<std::chrono::milliseconds>(sinceStart);
}

TEST(ServerClock, KnowsNothingBeforeTheFirstAnswer) {
  EXPECT_FALSE(ServerClock().at(kStart));
}

TEST(ServerClock, CountsOnFromTheDate) {
  ServerClock clock;

  clock.observe(dateAt(0s), kStart);

  EXPECT_EQ(clock.at(kStart), kServerStart);
  EXPECT_EQ(clock.at(kStart + 10s), kServerStart + 10s - 10ms);
}

TEST(ServerClock, IsNeverLateAndNearlyRightWhileAnswersCome) {
  ServerClock clock;
  // An answer each 130 ms whose way back takes up to 400 ms; this machine's clock is fast by 500 ppm.
  for (rt::Duration sent = 0s; sent < 10min; sent += 130ms) {
    const rt::Duration arrived = sent + (sent / 130ms * 7 % 5) * 100ms;
    const rt::TimePoint local = kStart + arrived + arrived / 2000;
    clock.observe(dateAt(sent), local);

    ASSERT_LE(*clock.at(local), trueTimeAt(arrived));
    if (sent > 1min) {
      ASSERT_GE(*clock.at(local), trueTimeAt(arrived) - 200ms);
    }
  }
}

TEST(ServerClock, KeepsTheLatestOfWhatAnswersProve) {
  ServerClock clock;
  clock.observe(dateAt(10s), kStart + 10s);

  clock.observe(dateAt(10'900ms), kStart + 10'900ms);  // Cut to 10 s: proves less.
  EXPECT_EQ(clock.at(kStart + 11s), kServerStart + 10'999ms);

  clock.observe(dateAt(12s), kStart + 11'500ms);  // The machine slept a while: its clock stood still.
  EXPECT_EQ(clock.at(kStart + 11'500ms), kServerStart + 12s);
}

TEST(ServerClock, FollowsAServerThatWasSetBack) {
  ServerClock clock;
  clock.observe(dateAt(100s), kStart + 100s);

  clock.observe(dateAt(95s), kStart + 100s);  // Not more than a slow answer.
  EXPECT_EQ(clock.at(kStart + 100s), kServerStart + 100s);
  clock.observe(dateAt(94s), kStart + 100s);
  EXPECT_EQ(clock.at(kStart + 100s), kServerStart + 100s);
  clock.observe(dateAt(95s), kStart + 101s);  // Two agree.
  EXPECT_EQ(clock.at(kStart + 101s), kServerStart + 95s);
}

TEST(ServerClock, DoesNotBelieveOneServerThatIsWrong) {
  ServerClock clock;
  clock.observe(dateAt(100s), kStart + 100s);
  for (const rt::WallTime wrong :
       {rt::WallTime(std::chrono::sys_days(std::chrono::December / 31 / 9999)),
        rt::WallTime(std::chrono::sys_days(std::chrono::January / 1 / 1970)), dateAt(1h)}) {
    clock.observe(wrong, kStart + 101s);
    EXPECT_LE(*clock.at(kStart + 101s), kServerStart + 101s);
    EXPECT_GE(*clock.at(kStart + 101s), kServerStart + 100s);
    clock.observe(dateAt(101s), kStart + 101s);
    EXPECT_EQ(clock.at(kStart + 101s), kServerStart + 101s);
  }
}

TEST(ServerClock, RecoversFromAFirstAnswerThatWasWrong) {
  ServerClock clock;
  clock.observe(rt::WallTime(std::chrono::sys_days(std::chrono::December / 31 / 9999)), kStart);
  clock.observe(dateAt(1s), kStart + 1s);
  clock.observe(dateAt(2s), kStart + 2s);
  EXPECT_EQ(clock.at(kStart + 2s), kServerStart + 2s);
}

TEST(ServerClock, GivesUpNoMoreThanTenSeconds) {
  ServerClock clock;
  clock.observe(dateAt(0s), kStart);

  EXPECT_EQ(clock.at(kStart + 1000h), kServerStart + 1000h - 10s);
}

TEST(ServerClock, BelievesAComplaintWhateverItKnew) {
  ServerClock clock;
  clock.observe(dateAt(100s), kStart + 100s);

  clock.set(dateAt(97s), kStart + 100s);

  EXPECT_EQ(clock.at(kStart + 100s), kServerStart + 97s);
}

}  // namespace
}  // namespace tidemill::aws
