#include "rt/task_group.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

Task<void> sleepOnce(Loop& loop, Duration duration) {
  co_await loop.sleepFor(duration);
}

Task<void> spawnTwice(TaskGroup& group, Loop& loop) {
  co_await loop.sleepFor(1ms);
  group.spawn(sleepOnce(loop, 10ms));
  group.spawn(sleepOnce(loop, 20ms));
}

Task<void> joinInto(TaskGroup& group, Duration patience, std::optional<bool>& result) {
  const bool all = co_await group.join(patience);
  result = all;
}

Task<void> flag(bool& started) {
  started = true;
  co_return;
}

TEST(TaskGroup, StartsTasksFromTheReadyQueue) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  bool started = false;
  group.spawn(flag(started));
  EXPECT_FALSE(started);
  EXPECT_EQ(group.running(), 1U);

  loop.step();
  EXPECT_TRUE(started);
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, JoinWaitsForTasksSpawnedMeanwhile) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  group.spawn(spawnTwice(group, loop));
  EXPECT_TRUE(loop.run(group.join(1s)));
  EXPECT_EQ(loop.now() - TimePoint{}, 21ms);
}

TEST(TaskGroup, JoinOfNothingEndsAtOnce) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  EXPECT_TRUE(loop.run(group.join(0s)));
}

TEST(TaskGroup, JoinGivesUpAtItsDeadlineAndTheTasksGoOn) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  group.spawn(sleepOnce(loop, 100ms));
  EXPECT_FALSE(loop.run(group.join(99ms)));
  EXPECT_EQ(loop.now() - TimePoint{}, 99ms);
  EXPECT_EQ(group.running(), 1U);
  EXPECT_TRUE(loop.run(group.join(Duration::max())));
}

TEST(TaskGroup, CancelDestroysTasksAndWakesTheJoiner) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  TaskGroup joiners(loop);
  std::optional<bool> joined;
  group.spawn(sleepOnce(loop, 1h));
  joiners.spawn(joinInto(group, 1h, joined));
  loop.runFor(1ms);
  ASSERT_FALSE(joined);

  group.cancel();
  loop.runFor(1ms);
  EXPECT_EQ(joined, true);
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, AJoinerMayBeCancelled) {
  sim::SimLoop loop(1);
  TaskGroup group(loop);
  group.spawn(sleepOnce(loop, 10ms));
  std::optional<bool> joined;
  {
    TaskGroup joiners(loop);
    joiners.spawn(joinInto(group, 1h, joined));
    loop.runFor(1ms);
  }
  EXPECT_TRUE(loop.run(group.join(1s)));
  EXPECT_FALSE(joined);
}

// Spawns from its destructor, as a guard in a frame may.
class SpawnsAtTheEnd {
 public:
  SpawnsAtTheEnd(TaskGroup& group, bool& started) : group_(group), started_(started) {}
  SpawnsAtTheEnd(const SpawnsAtTheEnd&) = delete;
  SpawnsAtTheEnd& operator=(const SpawnsAtTheEnd&) = delete;
  ~SpawnsAtTheEnd() { group_.spawn(flag(started_)); }

 private:
  TaskGroup& group_;
  bool& started_;
};

Task<void> holdGuard(TaskGroup& group, Loop& loop, bool& started) {
  SpawnsAtTheEnd guard(group, started);
  co_await loop.sleepFor(1h);
}

TEST(TaskGroup, ADestructorInACancelledFrameMaySpawn) {
  sim::SimLoop loop(1);
  bool started = false;
  {
    TaskGroup group(loop);
    group.spawn(holdGuard(group, loop, started));
    loop.runFor(1ms);
    group.cancel();
    EXPECT_EQ(group.running(), 1U);  // What the destructor spawned.
    loop.runFor(1ms);
    EXPECT_TRUE(started);
    group.spawn(holdGuard(group, loop, started));
    loop.runFor(1ms);
    started = false;
  }
  loop.runFor(1ms);
  EXPECT_FALSE(started);  // Its group was gone before it could run.
}

TEST(TaskGroup, EndsManyTasksInAnyOrder) {
  sim::SimLoop loop(7);
  TaskGroup group(loop);
  for (int i = 0; i < 10'000; ++i)
    group.spawn(sleepOnce(loop, std::chrono::microseconds((i * 7919) % 10'000)));
  EXPECT_TRUE(loop.run(group.join(1s)));
}

}  // namespace
}  // namespace tidemill::rt
