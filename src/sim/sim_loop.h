// sim/sim_loop.h: a loop under a virtual clock; a seed decides which ready task runs next.
#pragma once

#include <deque>
#include <utility>

#include "base/random.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "rt/waiter_lists.h"

namespace tidemill::sim {

// One thread, no real waiting: when nothing is ready the clock jumps to the next timer. Same seed, same
// program: same order. Its wall clock starts at 2026-01-01T00:00:00Z and follows the monotonic one.
class SimLoop : public rt::Loop {
 public:
  explicit SimLoop(std::uint64_t seed);
  ~SimLoop() override;

  rt::TimePoint now() const override { return now_; }
  rt::WallTime wall() const override;
  // From the loop's own thread only: simulation has no other.
  void post(base::UniqueFunction<void()> work) override;

  // Runs one ready thing, or jumps to the next timer. False if there is neither: nothing can happen any more.
  bool step();
  // The two halves of step(). Runs one ready thing; false if there is none.
  bool stepReady() { return runReady(); }
  // Moves the clock to the next timer, or to `until` if that comes first; false in the second case.
  bool jump(rt::TimePoint until);
  // Runs until `task` ends, and gives its result. A task that can never end is a broken invariant.
  template <class T>
  T run(rt::Task<T> task);
  // Runs until the clock reads `until` (it does so afterwards, even if nothing was left to do).
  void runUntil(rt::TimePoint until);
  void runFor(rt::Duration duration) { runUntil(now_ + duration); }

  base::Random& random() { return random_; }
  // Things run since the start: what the simulator's speed is measured in.
  std::uint64_t steps() const { return steps_; }

 protected:
  void addReady(rt::Waiter& waiter) override { ready_.add(waiter); }
  void addTimer(rt::Waiter& waiter) override { timers_.add(waiter); }
  void remove(rt::Waiter& waiter) override;

 private:
  friend class SimNodeLoop;
  bool runReady();

  base::Random random_;
  rt::TimePoint now_{};
  rt::ReadyList ready_;
  rt::TimerList timers_;
  std::deque<base::UniqueFunction<void()>> posted_;
  std::uint64_t steps_ = 0;
};

template <class T>
T SimLoop::run(rt::Task<T> task) {
  rt::Waiter ended([](rt::Waiter&) {});
  bool done = task.start(*this, ended);
  while (!done) {  // Bounded by the task, or by the check.
    TIDEMILL_CHECK(step(), "the task waits for something that never comes");
    done = task.done();
  }
  return task.take();
}

}  // namespace tidemill::sim
