#include "rt/on_lane.h"

#include <gtest/gtest.h>

#include <thread>

#include "rt/asio_loop.h"
#include "rt/blocking_event.h"
#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

// Owned by a task: says when the task's frame was destroyed, and where.
struct Trace {
  std::shared_ptr<std::vector<std::thread::id>> ends;
  explicit Trace(std::shared_ptr<std::vector<std::thread::id>> e) : ends(std::move(e)) {}
  Trace(Trace&&) = default;
  ~Trace() {
    if (ends != nullptr) ends->push_back(std::this_thread::get_id());
  }
};

Task<int> afterAWhile(Loop* loop, Trace trace) {
  co_await loop->sleepFor(1ms);
  (void)trace;
  co_return 7;
}

Task<int> never(Loop* loop, Trace trace) {
  co_await loop->sleepFor(Duration::max());
  (void)trace;
  co_return 0;
}

using Ends = std::shared_ptr<std::vector<std::thread::id>>;

base::UniqueFunction<Task<int>()> making(Task<int> (*task)(Loop*, Trace), Loop& loop, const Ends& ends) {
  return [task, loop = &loop, ends] { return task(loop, Trace(ends)); };
}

TEST(OnLane, OneLoopMayBeBothLanes) {
  sim::SimLoop loop(1);
  const Ends ends = std::make_shared<Ends::element_type>();

  const int seven = loop.run(onLane<int>(loop, loop, making(afterAWhile, loop, ends)));
  loop.runFor(1s);

  EXPECT_EQ(seven, 7);
  EXPECT_EQ(ends->size(), 1u);
}

TEST(OnLane, TheTaskEndsWithItsAwaiter) {
  sim::SimLoop loop(1);
  const Ends ends = std::make_shared<Ends::element_type>();
  {
    TaskGroup group(loop);
    group.spawn([](Loop* lane, base::UniqueFunction<Task<int>()> make) -> Task<void> {
      co_await onLane<int>(*lane, *lane, std::move(make));
    }(&loop, making(never, loop, ends)));
    loop.runFor(1s);
    EXPECT_TRUE(ends->empty());
  }
  loop.runFor(1s);
  EXPECT_EQ(ends->size(), 1u);
}

// Two lanes with threads of their own.
TEST(OnLane, TheTaskLivesAndDiesOnTheOtherLane) {
  AsioLoop caller;
  AsioLoop other;
  std::thread callerThread([&] { caller.run(); });
  std::thread otherThread([&] { other.run(); });
  const Ends ends = std::make_shared<Ends::element_type>();
  BlockingEvent done;
  int result = 0;
  std::thread::id resumedOn;
  std::optional<TaskGroup> group;

  caller.post([&] {
    group.emplace(caller);
    group->spawn([](AsioLoop* from, AsioLoop* to, base::UniqueFunction<Task<int>()> make, int* into,
                    std::thread::id* where, BlockingEvent* event) -> Task<void> {
      *into = co_await onLane<int>(*to, *from, std::move(make));
      *where = std::this_thread::get_id();
      event->set();
    }(&caller, &other, making(afterAWhile, other, ends), &result, &resumedOn, &done));
  });
  done.wait();
  BlockingEvent gone;
  caller.post([&] {
    group.reset();
    gone.set();
  });
  gone.wait();
  const std::thread::id callerId = callerThread.get_id();
  const std::thread::id otherId = otherThread.get_id();
  BlockingEvent idle;
  other.post([&] { idle.set(); });
  idle.wait();
  other.stop();
  caller.stop();
  otherThread.join();
  callerThread.join();

  EXPECT_EQ(result, 7);
  EXPECT_EQ(resumedOn, callerId);
  EXPECT_EQ(*ends, std::vector{otherId});
}

}  // namespace
}  // namespace tidemill::rt
