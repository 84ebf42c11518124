#include "rt/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

Task<int> plain(int value) {
  co_return value;
}

Task<int> sumOfReady(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await plain(1);
    sum += one;
  }
  co_return sum;
}

Task<int> yieldOften(Loop& loop, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    co_await loop.yield();
    ++sum;
  }
  co_return sum;
}

Task<int> delayed(Loop& loop, int value) {
  co_await loop.sleepFor(1ms);
  co_return value;
}

Task<int> nested(Loop& loop, int depth) {
  if (depth == 0) co_return co_await delayed(loop, 0);
  const int below = co_await nested(loop, depth - 1);
  co_return below + 1;
}

TEST(Task, AMillionReadyAwaitsUseConstantStack) {
  sim::SimLoop loop(1);
  EXPECT_EQ(loop.run(sumOfReady(1'000'000)), 1'000'000);
}

TEST(Task, AMillionResumptionsThroughTheReadyQueueUseConstantStack) {
  sim::SimLoop loop(1);
  EXPECT_EQ(loop.run(yieldOften(loop, 1'000'000)), 1'000'000);
}

TEST(Task, ADeepChainEndsThroughTheReadyQueue) {
  sim::SimLoop loop(1);
  EXPECT_EQ(loop.run(nested(loop, 1000)), 1000);
  EXPECT_GT(loop.steps(), 1000U);  // One per level: none was resumed by its child.
}

TEST(Task, DestroysADeepChainThatWaits) {
  sim::SimLoop loop(1);
  Waiter ended([](Waiter&) {});
  {
    Task<int> task = nested(loop, 1000);
    ASSERT_FALSE(task.start(loop, ended));
  }
  EXPECT_FALSE(loop.step());  // Nothing is left to run.
}

TEST(Task, SleepsInVirtualTime) {
  sim::SimLoop loop(1);
  const TimePoint before = loop.now();
  EXPECT_EQ(loop.run(delayed(loop, 7)), 7);
  EXPECT_EQ(loop.now() - before, 1ms);
}

TEST(Task, DoesNotStartBeforeItIsAwaited) {
  sim::SimLoop loop(1);
  bool started = false;
  const auto body = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  Task<void> task = body(started);
  EXPECT_FALSE(started);
  loop.run(std::move(task));
  EXPECT_TRUE(started);
}

Task<std::unique_ptr<std::string>> makeText(Loop& loop) {
  co_await loop.sleepFor(1ms);
  co_return std::make_unique<std::string>("moved, never copied");
}

Task<std::size_t> measureText(Loop& loop) {
  auto text = co_await makeText(loop);
  co_return text->size();
}

TEST(Task, HandsOverAMoveOnlyResult) {
  sim::SimLoop loop(1);
  EXPECT_EQ(loop.run(measureText(loop)), 19U);
}

Task<void> awaitFor(Task<int> task, int& result) {
  const int value = co_await std::move(task);
  result = value;
}

Task<void> awaitOther(Task<int>& task, int& result) {
  const int value = co_await task;
  result = value;
}

TEST(Task, CanBeAwaitedLaterThanItWasMade) {
  sim::SimLoop loop(1);
  int result = 0;
  Task<int> early = delayed(loop, 5);
  loop.run(awaitFor(std::move(early), result));
  EXPECT_EQ(result, 5);
}

TEST(Task, ThatOutlivesItsAwaiterWakesNobody) {
  sim::SimLoop loop(1);
  int result = 0;
  Task<int> shared = delayed(loop, 5);
  Waiter ended([](Waiter&) {});
  {
    Task<void> awaiter = awaitOther(shared, result);
    ASSERT_FALSE(awaiter.start(loop, ended));
  }
  while (loop.step()) {  // Bounded: one sleep is left.
  }
  EXPECT_TRUE(shared.done());
  EXPECT_EQ(result, 0);
}

TEST(TaskDeathTest, IsAwaitedOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        sim::SimLoop loop(1);
        Waiter ended([](Waiter&) {});
        Task<int> task = delayed(loop, 5);
        static_cast<void>(task.start(loop, ended));
        static_cast<void>(task.start(loop, ended));
      },
      "a task is awaited once");
}

Task<void> throws() {
  throw std::string("nobody catches this");
  co_return;
}

TEST(TaskDeathTest, AnExceptionThatLeavesATaskIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        sim::SimLoop loop(1);
        loop.run(throws());
      },
      "no exception leaves a task");
}

TEST(LaterBy, StopsAtTheEndOfTime) {
  const TimePoint now(5s);
  EXPECT_EQ(laterBy(now, 1s), TimePoint(6s));
  EXPECT_EQ(laterBy(now, -1s), TimePoint(4s));
  EXPECT_EQ(laterBy(now, Duration::max()), TimePoint::max());
}

}  // namespace
}  // namespace tidemill::rt
