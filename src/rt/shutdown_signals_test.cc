#include "rt/shutdown_signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "rt/blocking_event.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

// Signals are real, and so is their time.
constexpr auto kPatience = 20s;

auto handlerOf(int number) {
  struct sigaction now{};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler;
}

TEST(ShutdownSignals, TheFirstSignalIsARequest) {
  for (const int number : {SIGTERM, SIGINT}) {
    BlockingEvent asked;
    const ShutdownSignals signals([&] { asked.set(); });
    ::raise(number);
    EXPECT_TRUE(asked.waitFor(kPatience)) << number;
  }
}

TEST(ShutdownSignals, EachThatListensIsTold) {
  BlockingEvent first;
  BlockingEvent second;
  const ShutdownSignals one([&] { first.set(); });
  const ShutdownSignals two([&] { second.set(); });
  ::raise(SIGTERM);
  EXPECT_TRUE(first.waitFor(kPatience));
  EXPECT_TRUE(second.waitFor(kPatience));
}

TEST(ShutdownSignals, HandlersOfBeforeAreBackAfterwards) {
  const auto before = handlerOf(SIGTERM);
  for (int i = 0; i < 3; ++i) {
    const ShutdownSignals signals([] {});
    EXPECT_NE(handlerOf(SIGTERM), before);
  }
  EXPECT_EQ(handlerOf(SIGTERM), before);
}

TEST(ShutdownSignals, AHandlerThatTheProgramInstallsMeanwhileStays) {
  const auto mine = [](int) {};
  {
    const ShutdownSignals signals([] {});
    std::signal(SIGTERM, mine);
  }
  EXPECT_EQ(handlerOf(SIGTERM), static_cast<void (*)(int)>(mine));
  std::signal(SIGTERM, SIG_DFL);
}

TEST(ShutdownSignals, WhatIsIgnoredStaysIgnored) {
  std::signal(SIGINT, SIG_IGN);
  std::atomic<int> told = 0;
  {
    const ShutdownSignals signals([&] { ++told; });
    ::raise(SIGINT);
    EXPECT_EQ(handlerOf(SIGINT), SIG_IGN);
  }
  std::signal(SIGINT, SIG_DFL);
  EXPECT_EQ(told, 0);
}

TEST(ShutdownSignalsDeathTest, ASecondSignalEndsTheProcessWithCodeOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        BlockingEvent asked;
        const ShutdownSignals signals([&] { asked.set(); });
        ::raise(SIGTERM);
        ::raise(SIGTERM);  // The same request.
        asked.wait();
        for (int i = 0; i < 100; ++i) {
          std::this_thread::sleep_for(100ms);
          ::raise(SIGTERM);
        }
      },
      testing::ExitedWithCode(1), "a second signal: ended at once");
}

// A child that a program forks has no thread that would read the pipe, which is its parent's.
TEST(ShutdownSignals, AChildOfAForkEndsByItsSignalAndTellsNobody) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "ThreadSanitizer hands no signal on in the child of a program with several threads";
#endif
#endif
  std::atomic<int> told = 0;
  {
    const ShutdownSignals signals([&] { ++told; });
    const pid_t child = ::fork();
    if (child == 0) {
      ::raise(SIGTERM);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  }
  EXPECT_EQ(told, 0);
}

TEST(ShutdownSignals, AChildOfAForkCanDestroyWhatItInherited) {
  auto signals = std::make_unique<ShutdownSignals>([] {});
  const pid_t child = ::fork();
  if (child == 0) {
    signals.reset();
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

}  // namespace
}  // namespace tidemill::rt
