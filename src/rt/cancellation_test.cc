// Cancellation by destruction: a tree of tasks that uses every kind of wait is destroyed after its n-th
// resumption, for every n. Sanitizers see what is used after it died; the test sees what was not given back.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rt/channel.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"
#include "rt/worker_pool.h"
#include "sim/sim_loop.h"
#include "sim/sim_workers.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

// Counts itself: every frame, every worker's function and every result holds one.
class Alive {
 public:
  explicit Alive(int& count) : count_(&count) { ++*count_; }
  Alive(const Alive& other) : count_(other.count_) { ++*count_; }
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --*count_; }

 private:
  int* count_;
};

struct Held {
  Alive alive;
  std::string text;
};

// What outlives the tree.
struct Ground {
  explicit Ground(std::uint64_t seed)
      : loop(seed), workers(loop, seed, {.threads = 2}), store(loop, seed, {}) {}

  sim::SimLoop loop;
  sim::SimWorkers workers;
  sim::SimWorkers store;
  Semaphore permits{loop, 3};
  int alive = 0;
  bool finished = false;
};

Task<void> produce(Ground& ground, Channel<Held>& channel, int count) {
  const Alive alive(ground.alive);
  for (int i = 0; i < count; ++i) {
    Held held{Alive(ground.alive), "value " + std::to_string(i)};
    co_await channel.push(std::move(held));
    co_await ground.loop.sleepFor(1ms);
  }
}

Task<std::size_t> work(Ground& ground, std::string text) {
  const Alive alive(ground.alive);
  co_await ground.permits.acquire(2);
  const Permit permit(ground.permits, 2);
  auto measure = [held = Held{Alive(ground.alive), std::move(text)}] { return std::make_unique<Held>(held); };
  auto result = co_await runOn(ground.workers, ground.loop, std::move(measure));
  co_return result->text.size();
}

Task<void> consume(Ground& ground, Channel<Held>& channel, std::size_t& sum) {
  const Alive alive(ground.alive);
  for (;;) {
    auto held = co_await channel.pop();
    if (!held) break;
    const std::size_t size = co_await work(ground, held->text);
    sum += size;
    co_await ground.loop.yield();
  }
}

Task<void> closeAfter(Ground& ground, TaskGroup& producers, Channel<Held>& channel) {
  const Alive alive(ground.alive);
  co_await producers.join(1h);
  channel.close();
}

Task<void> runTree(Ground& ground) {
  const Alive alive(ground.alive);
  Channel<Held> channel(ground.loop, 2);
  std::size_t sum = 0;
  TaskGroup producers(ground.loop);
  TaskGroup consumers(ground.loop);
  producers.spawn(produce(ground, channel, 5));
  producers.spawn(produce(ground, channel, 5));
  consumers.spawn(closeAfter(ground, producers, channel));
  for (int i = 0; i < 3; ++i) consumers.spawn(consume(ground, channel, sum));

  const bool early = co_await consumers.join(1ms);
  EXPECT_FALSE(early);
  co_await consumers.join(1h);
  auto save = [held = Held{Alive(ground.alive), "saved"}] { return held.text.size(); };
  const std::size_t saved = co_await runOn(ground.store, ground.loop, std::move(save));
  EXPECT_EQ(sum, 10U * 7U);
  EXPECT_EQ(saved, 5U);
  ground.finished = true;
}

// Runs at most `steps` steps, then destroys the tree; what is still posted or on a worker runs on without it.
bool finishesWithin(std::uint64_t seed, std::uint64_t steps) {
  Ground ground(seed);
  {
    TaskGroup root(ground.loop);
    root.spawn(runTree(ground));
    for (std::uint64_t i = 0; i < steps && ground.loop.step(); ++i) {
    }
  }
  while (ground.loop.step()) {  // Bounded: only posts and running functions are left.
  }
  EXPECT_EQ(ground.alive, 0) << "seed " << seed << ", cancelled after step " << steps;
  EXPECT_EQ(ground.permits.available(), 3) << "seed " << seed << ", cancelled after step " << steps;
  return ground.finished;
}

TEST(Cancellation, IsSafeAfterEveryResumption) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::uint64_t steps = 0;
    while (!finishesWithin(seed, steps)) {
      ++steps;
      ASSERT_LT(steps, 2000U) << "the tree does not end";
    }
    EXPECT_GT(steps, 100U);
  }
}

TEST(Cancellation, APoolMayEndBeforeItsFunctionsHaveRun) {
  for (std::uint64_t steps = 0; steps < 60; ++steps) {
    Ground ground(3);
    TaskGroup root(ground.loop);
    root.spawn(runTree(ground));
    for (std::uint64_t i = 0; i < steps; ++i) ground.loop.step();
    ground.workers.kill();
    ground.store.kill();
    ground.loop.runFor(10ms);
    root.cancel();
    ground.loop.runFor(2h);
    EXPECT_EQ(ground.alive, 0);
    EXPECT_FALSE(ground.finished);
  }
}

}  // namespace
}  // namespace tidemill::rt
