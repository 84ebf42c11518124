#include "rt/task.h"

#include <gtest/gtest.h>

#include "rt/channel.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

Task<int> plain(int value) { co_return value; }

Task<int> sumOfReady(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await plain(1);
    sum += one;
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

TEST(Task, ADeepChainEndsThroughTheReadyQueue) {
  sim::SimLoop loop(1);
  EXPECT_EQ(loop.run(nested(loop, 1000)), 1000);
}

TEST(Task, SleepsInVirtualTime) {
  sim::SimLoop loop(1);
  const TimePoint before = loop.now();
  EXPECT_EQ(loop.run(delayed(loop, 7)), 7);
  EXPECT_EQ(loop.now() - before, 1ms);
}

}  // namespace
}  // namespace tidemill::rt
