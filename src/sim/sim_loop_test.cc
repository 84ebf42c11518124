#include "sim/sim_loop.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "rt/task_group.h"
#include "sim/sim_node_loop.h"
#include "sim/sim_workers.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

rt::Task<void> note(int name, std::vector<int>& order) {
  order.push_back(name);
  co_return;
}

rt::Task<void> noteAt(rt::Loop& loop, rt::Duration due, int name, std::vector<int>& order) {
  co_await loop.sleepFor(due);
  order.push_back(name);
}

std::vector<int> orderOf(std::uint64_t seed) {
  SimLoop loop(seed);
  std::vector<int> order;
  rt::TaskGroup group(loop);
  for (int i = 0; i < 5; ++i) group.spawn(note(i, order));
  loop.runFor(1ms);
  return order;
}

TEST(SimLoop, TheSeedDecidesWhichReadyTaskRunsNext) {
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(orderOf(seed), orderOf(seed));
    orders.insert(orderOf(seed));
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(SimLoop, JumpsFromTimerToTimer) {
  SimLoop loop(1);
  std::vector<int> order;
  rt::TaskGroup group(loop);
  group.spawn(noteAt(loop, 10h, 2, order));
  group.spawn(noteAt(loop, 1h, 1, order));
  loop.runFor(2h);
  EXPECT_EQ(order, std::vector<int>({1}));
  EXPECT_EQ(loop.now() - rt::TimePoint{}, 2h);
  EXPECT_EQ(loop.wall().time_since_epoch(), 1'767'225'600s + 2h);
  loop.runFor(8h);
  EXPECT_EQ(order, std::vector<int>({1, 2}));
}

TEST(SimLoop, PostsKeepTheirOrderAndMayBeDroppedWithTheLoop) {
  std::vector<int> order;
  {
    SimLoop loop(1);
    for (int i = 0; i < 5; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.runFor(1ms);
    loop.post([&order] { order.push_back(99); });
  }
  EXPECT_EQ(order, std::vector<int>({0, 1, 2, 3, 4}));
}

TEST(SimNodeLoop, RunsNothingOnceDead) {
  SimLoop world(1);
  const HostClock clock;
  SimNodeLoop node(world, 1, clock);
  std::vector<int> order;
  rt::TaskGroup group(node);
  group.spawn(noteAt(node, 1ms, 1, order));
  group.spawn(noteAt(node, 5ms, 2, order));
  node.post([&order] { order.push_back(0); });
  world.runFor(2ms);
  node.post([&order] { order.push_back(98); });
  node.kill();
  node.post([&order] { order.push_back(99); });
  group.spawn(note(3, order));
  world.runFor(1h);

  EXPECT_EQ(order, std::vector<int>({0, 1}));
}

TEST(SimNodeLoop, AStallDelaysEverythingAndLosesNothing) {
  SimLoop world(1);
  const HostClock clock;
  SimNodeLoop node(world, 1, clock);
  std::vector<int> order;
  rt::TaskGroup group(node);
  group.spawn(noteAt(node, 10ms, 1, order));
  group.spawn(noteAt(node, 60ms, 2, order));
  world.runFor(5ms);
  node.stallUntil(world.now() + 50ms);
  node.post([&order] { order.push_back(0); });
  world.runFor(49ms);
  EXPECT_TRUE(order.empty());

  world.runFor(2ms);
  EXPECT_EQ(order.size(), 2U);
  world.runFor(10ms);
  EXPECT_EQ(order.back(), 2);
}

TEST(SimNodeLoop, CallsTheCrashInsteadOfTheStep) {
  SimLoop world(1);
  const HostClock clock;
  SimNodeLoop node(world, 1, clock);
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) node.post([&order, i] { order.push_back(i); });
  bool crashed = false;
  node.crashBeforeStep(3, [&] {
    crashed = true;
    node.kill();
  });
  world.runFor(1ms);
  EXPECT_TRUE(crashed);
  EXPECT_EQ(order, std::vector<int>({0, 1}));
}

TEST(SimNodeLoop, TheHostClockDriftsAndJumpsOnItsOwn) {
  SimLoop world(1);
  HostClock clock;
  clock.driftPpm = 1000;
  SimNodeLoop node(world, 1, clock);
  world.runFor(1000s);
  EXPECT_EQ(node.wall() - world.wall(), 1s);
  EXPECT_EQ(node.now() - world.now(), 1s);
  clock.offset = -1h;
  EXPECT_EQ(node.wall() - world.wall(), 1s - 1h);
  EXPECT_EQ(node.now() - world.now(), 1s);
}

TEST(SimNodeLoop, TimersFireByTheHostsClock) {
  for (const std::int64_t driftPpm : {-10'000, -37, 41, 10'000}) {
    SimLoop world(1);
    HostClock clock;
    clock.driftPpm = driftPpm;
    SimNodeLoop node(world, 1, clock);
    rt::TimePoint woken{};
    const auto sleeper = [&]() -> rt::Task<void> {
      co_await node.sleepFor(100s);
      woken = node.now();
    };
    rt::TaskGroup tasks(node);
    tasks.spawn(sleeper());
    world.runFor(200s);
    EXPECT_GE(woken - rt::TimePoint{}, 100s) << driftPpm;
    EXPECT_LE(woken - rt::TimePoint{}, 100s + 2ns) << driftPpm;
  }
}

TEST(HostClock, ReadsWhatItWasAskedToReadAndNoLess) {
  base::Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    HostClock clock;
    clock.driftPpm = random.between(-20'000, 20'000);
    const rt::TimePoint own(rt::Duration(random.between(0, 3'600'000'000'000)));
    const rt::TimePoint world = clock.whenReads(own);
    EXPECT_GE(clock.read(world), own);
    EXPECT_LE(clock.read(world) - own, 2ns);
    EXPECT_LT(clock.read(world - 2ns), own);
  }
  EXPECT_EQ(HostClock{.driftPpm = 100}.whenReads(rt::TimePoint::max()), rt::TimePoint::max());
}

TEST(SimWorkers, OneThreadKeepsTheOrderEvenAfterAStall) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimLoop world(seed);
    const HostClock clock;
    SimNodeLoop node(world, seed, clock);
    SimWorkers store(node, seed, {.threads = 1});
    std::vector<int> order;
    for (int i = 0; i < 10; ++i) store.submit([&order, i] { order.push_back(i); });
    node.stallUntil(world.now() + 1s);
    world.runFor(2s);
    EXPECT_EQ(order, std::vector<int>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
}

TEST(SimWorkers, RunAsManyAtATimeAsThereAreThreads) {
  for (const int threads : {1, 4}) {
    SimLoop world(1);
    SimWorkers workers(world, 1, {.threads = threads, .timeMin = 1ms, .timeMax = 1ms});
    int ran = 0;
    for (int i = 0; i < 8; ++i) workers.submit([&ran] { ++ran; });
    world.runFor(2ms);
    EXPECT_EQ(ran, 2 * threads);
  }
}

TEST(SimWorkers, AFunctionMaySubmitOrEndThePool) {
  SimLoop world(1);
  SimWorkers workers(world, 1, {});
  int ran = 0;
  workers.submit([&] {
    ++ran;
    workers.submit([&] {
      ++ran;
      workers.submit([&] { ++ran; });
      workers.kill();
      workers.submit([&] { ++ran; });
    });
  });
  world.runFor(1s);
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace tidemill::sim
