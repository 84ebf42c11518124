#include "rt/semaphore.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

class SemaphoreTest : public testing::Test {
 protected:
  Task<void> take(Semaphore& semaphore, std::int64_t count, int name) {
    co_await semaphore.acquire(count);
    order_.push_back(name);
  }
  void settle() {
    while (loop_.step()) {  // Bounded: no task here waits for a time.
    }
  }

  sim::SimLoop loop_{1};
  std::vector<int> order_;
};

TEST_F(SemaphoreTest, GrantsAtOnceWhatIsFree) {
  Semaphore semaphore(loop_, 3);
  loop_.run(take(semaphore, 2, 1));
  EXPECT_EQ(semaphore.available(), 1);
}

TEST_F(SemaphoreTest, ServesInOrderSoThatALargeRequestIsNotOvertaken) {
  Semaphore semaphore(loop_, 3);
  semaphore.take(3);
  TaskGroup group(loop_);
  group.spawn(take(semaphore, 3, 1));
  settle();
  group.spawn(take(semaphore, 1, 2));
  settle();

  semaphore.release(2);
  settle();
  EXPECT_TRUE(order_.empty());  // 2 are free, and the small request waits behind the large one.

  semaphore.release(1);
  settle();
  EXPECT_EQ(order_, std::vector<int>({1}));
  semaphore.release(3);
  settle();
  EXPECT_EQ(order_, std::vector<int>({1, 2}));
  EXPECT_EQ(semaphore.available(), 2);
}

TEST_F(SemaphoreTest, LetsAnOversizedRequestPassAlone) {
  Semaphore semaphore(loop_, 3);
  semaphore.take(1);
  TaskGroup group(loop_);
  group.spawn(take(semaphore, 10, 1));
  settle();
  EXPECT_TRUE(order_.empty());

  semaphore.release(1);
  settle();
  EXPECT_EQ(order_, std::vector<int>({1}));
  EXPECT_EQ(semaphore.available(), -7);
  semaphore.release(10);
  EXPECT_EQ(semaphore.available(), 3);
}

TEST_F(SemaphoreTest, AWaiterBehindAGrantedOneIsNotForgotten) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimLoop loop(seed);
    order_.clear();
    Semaphore semaphore(loop, 2);
    semaphore.take(2);
    TaskGroup group(loop);
    group.spawn(take(semaphore, 1, 1));
    loop.step();
    semaphore.release(2);  // The first is granted and has not resumed; one permit is free.
    group.spawn(take(semaphore, 1, 2));
    while (loop.step()) {  // Bounded: no task here waits for a time.
    }
    EXPECT_EQ(order_.size(), 2U) << "seed " << seed;
  }
}

TEST_F(SemaphoreTest, ACancelledWaiterLeavesItsPlaceToTheNext) {
  Semaphore semaphore(loop_, 2);
  semaphore.take(1);
  auto large = std::make_unique<TaskGroup>(loop_);
  large->spawn(take(semaphore, 2, 1));
  settle();
  TaskGroup group(loop_);
  group.spawn(take(semaphore, 1, 2));
  settle();
  EXPECT_TRUE(order_.empty());

  large.reset();
  settle();
  EXPECT_EQ(order_, std::vector<int>({2}));
}

TEST_F(SemaphoreTest, ACallerCancelledBetweenGrantAndResumptionHoldsNothing) {
  Semaphore semaphore(loop_, 1);
  semaphore.take(1);
  auto group = std::make_unique<TaskGroup>(loop_);
  group->spawn(take(semaphore, 1, 1));
  settle();
  semaphore.release(1);
  EXPECT_EQ(semaphore.available(), 0);  // Granted.

  group.reset();
  EXPECT_EQ(semaphore.available(), 1);
  settle();
  EXPECT_TRUE(order_.empty());
}

TEST_F(SemaphoreTest, AMillionReadyAcquiresUseConstantStack) {
  Semaphore semaphore(loop_, 1);
  const auto body = [](Semaphore& s) -> Task<void> {
    for (int i = 0; i < 1'000'000; ++i) {
      co_await s.acquire(1);
      s.release(1);
    }
  };
  loop_.run(body(semaphore));
  EXPECT_EQ(semaphore.available(), 1);
}

}  // namespace
}  // namespace tidemill::rt
