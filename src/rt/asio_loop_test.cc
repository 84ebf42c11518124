#include "rt/asio_loop.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "rt/semaphore.h"
#include "rt/task_group.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

Task<void> sleepThenNote(Loop& loop, Duration duration, int name, std::vector<int>& order) {
  co_await loop.sleepFor(duration);
  order.push_back(name);
}

Task<void> stopAfter(AsioLoop& loop, TaskGroup& group) {
  co_await group.join(Duration::max());
  loop.stop();
}

TEST(AsioLoop, FiresTimersInTheirOrderAndNotBeforeTheirTime) {
  AsioLoop loop;
  std::vector<int> order;
  TaskGroup group(loop);
  TaskGroup stopper(loop);
  const TimePoint before = loop.now();
  group.spawn(sleepThenNote(loop, 6ms, 3, order));
  group.spawn(sleepThenNote(loop, 1ms, 1, order));
  group.spawn(sleepThenNote(loop, 3ms, 2, order));
  group.spawn(sleepThenNote(loop, 0ms, 0, order));
  stopper.spawn(stopAfter(loop, group));
  loop.run();

  EXPECT_EQ(order, std::vector<int>({0, 1, 2, 3}));
  EXPECT_GE(loop.now() - before, 6ms);
}

TEST(AsioLoop, ACancelledTimerDoesNotFireAndTheNextOneDoes) {
  AsioLoop loop;
  std::vector<int> order;
  TaskGroup group(loop);
  TaskGroup stopper(loop);
  auto doomed = std::make_unique<TaskGroup>(loop);
  doomed->spawn(sleepThenNote(loop, 1ms, 1, order));
  group.spawn(sleepThenNote(loop, 3ms, 2, order));
  stopper.spawn(stopAfter(loop, group));
  loop.post([&] { doomed.reset(); });
  loop.run();

  EXPECT_EQ(order, std::vector<int>({2}));
}

TEST(AsioLoop, ReadyWaitersGoInTheOrderInWhichTheyBecameReady) {
  AsioLoop loop;
  std::vector<int> order;
  TaskGroup group(loop);
  TaskGroup stopper(loop);
  const auto note = [](int name, std::vector<int>& to) -> Task<void> {
    to.push_back(name);
    co_return;
  };
  for (int i = 0; i < 5; ++i) group.spawn(note(i, order));
  stopper.spawn(stopAfter(loop, group));
  loop.run();

  EXPECT_EQ(order, std::vector<int>({0, 1, 2, 3, 4}));
}

TEST(AsioLoop, PostsOfOneThreadRunInItsOrder) {
  AsioLoop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  std::vector<std::vector<int>> seen(kThreads);
  int left = kThreads * kPosts;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&, t, i] {
          seen[t].push_back(i);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();

  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(kPosts));
    for (int i = 0; i < kPosts; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
  }
}

TEST(AsioLoop, NeverRunsAPostInsideTheCall) {
  AsioLoop loop;
  bool ran = false;
  loop.post([&] {
    loop.post([&] { ran = true; });
    EXPECT_FALSE(ran);
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(AsioLoop, StopComesFromAnotherThread) {
  AsioLoop loop;
  std::thread stopper([&] { loop.stop(); });
  loop.run();
  stopper.join();
}

Task<void> spin(Loop& loop, bool timers, std::uint64_t& turns, const bool& enough) {
  while (!enough) {
    ++turns;
    if (timers) {
      co_await loop.sleepFor(0ms);
    } else {
      co_await loop.yield();
    }
  }
}

TEST(AsioLoop, TasksThatAreAlwaysReadyDoNotStarveSockets) {
  for (const bool timers : {false, true}) {
    AsioLoop loop;
    std::uint64_t turns = 0;
    bool enough = false;
    int handled = 0;
    TaskGroup group(loop);
    TaskGroup stopper(loop);
    group.spawn(spin(loop, timers, turns, enough));
    stopper.spawn(stopAfter(loop, group));
    // Handlers of the context stand for sockets here.
    std::function<void()> handler = [&] {
      if (++handled == 100) enough = true;
      if (!enough) boost::asio::post(loop.context(), handler);
    };
    boost::asio::post(loop.context(), handler);
    loop.run();
    EXPECT_EQ(handled, 100);
    EXPECT_GT(turns, 0U);
  }
}

TEST(AsioLoop, AMillionYieldsUseConstantStack) {
  AsioLoop loop;
  TaskGroup group(loop);
  TaskGroup stopper(loop);
  const auto yields = [](Loop& on) -> Task<void> {
    for (int i = 0; i < 1'000'000; ++i) co_await on.yield();
  };
  group.spawn(yields(loop));
  stopper.spawn(stopAfter(loop, group));
  loop.run();
  EXPECT_EQ(group.running(), 0U);
}

TEST(AsioLoop, WorkThatIsStillPostedAtTheEndIsDestroyedUnrun) {
  const auto owned = std::make_shared<int>(1);
  bool started = false;
  {
    AsioLoop loop;
    // Posted work that owns a waiting task: its destructor withdraws a waiter from the dying loop.
    auto group = std::make_shared<TaskGroup>(loop);
    const auto wait = [](Loop& on, bool& flag) -> Task<void> {
      flag = true;
      co_await on.sleepFor(1h);
    };
    group->spawn(wait(loop, started));
    loop.post([&loop] { loop.post([&loop] { loop.stop(); }); });
    loop.run();
    loop.post([owned, group = std::move(group)] { ADD_FAILURE() << "the loop has ended"; });
    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_TRUE(started);
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace tidemill::rt
