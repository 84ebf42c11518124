#include "rt/parallel_for.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "rt/blocking_event.h"
#include "rt/thread_pool.h"
#include "sim/sim_loop.h"
#include "sim/sim_workers.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

TEST(ParallelFor, RunsEachIndexOnce) {
  ThreadPool pool(3, "workers");
  std::vector<std::atomic<int>> seen(1000);
  EXPECT_TRUE(parallelFor(pool, seen.size(), [&](std::size_t i) {
    ++seen[i];
    return true;
  }));
  for (const auto& count : seen) EXPECT_EQ(count, 1);
  EXPECT_TRUE(parallelFor(pool, 0, [](std::size_t) { return false; }));
}

TEST(ParallelFor, UsesTheWorkersToo) {
  ThreadPool pool(1, "workers");
  // Neither of the two can end before the other has begun.
  std::promise<void> begun[2];
  EXPECT_TRUE(parallelFor(pool, 2, [&](std::size_t i) {
    begun[i].set_value();
    begun[1 - i].get_future().wait();
    return true;
  }));
}

TEST(ParallelFor, EndsOnAPoolThatIsBusyWithItsCaller) {
  ThreadPool pool(1, "workers");
  std::promise<std::size_t> sum;
  pool.submit([&] {
    std::size_t total = 0;
    parallelFor(pool, 100, [&](std::size_t i) {
      total += i;
      return true;
    });
    sum.set_value(total);
  });
  EXPECT_EQ(sum.get_future().get(), 4950U);
}

TEST(ParallelFor, RunsInsideTheCallInSimulation) {
  sim::SimLoop loop(1);
  sim::SimWorkers workers(loop, 1, {.threads = 4});
  std::vector<std::size_t> order;
  EXPECT_TRUE(parallelFor(workers, 5, [&](std::size_t i) {
    order.push_back(i);
    return true;
  }));
  EXPECT_EQ(order, std::vector<std::size_t>({0, 1, 2, 3, 4}));
  loop.runFor(1s);  // The helpers find nothing left, and the body is gone.
  EXPECT_EQ(order.size(), 5U);
}

TEST(ParallelFor, BeginsNoMoreOnceTheBodySaysSo) {
  sim::SimLoop loop(1);
  sim::SimWorkers workers(loop, 1, {});
  int ran = 0;
  EXPECT_FALSE(parallelFor(workers, 10, [&](std::size_t i) {
    ++ran;
    return i < 3;
  }));
  EXPECT_EQ(ran, 4);
}

TEST(BlockingEvent, StaysSet) {
  BlockingEvent event;
  EXPECT_FALSE(event.waitFor(0ms));
  std::thread setter([&] { event.set(); });
  event.wait();
  setter.join();
  EXPECT_TRUE(event.waitFor(0ms));
}

}  // namespace
}  // namespace tidemill::rt
