// sim/sim_node_loop.h: the loop that one simulated node sees; it can stall and it can die.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "rt/loop.h"
#include "rt/waiter_lists.h"
#include "sim/sim_loop.h"

namespace tidemill::sim {

// The clocks of one host: survive restarts of its node, unlike the loop.
struct HostClock {
  // Of the wall clock alone.
  std::chrono::milliseconds offset{0};
  // Parts per million by which both clocks run too fast (negative: too slow), since the world began. Range:
  // [-500'000, 500'000]. Later changes make the monotonic clock jump.
  std::int64_t driftPpm = 0;

  // What the monotonic clock reads at a time of the world.
  rt::TimePoint read(rt::TimePoint world) const;
  // The first time of the world at which it reads `own` or more.
  rt::TimePoint whenReads(rt::TimePoint own) const;
};

// A lane of its own on the world's SimLoop: the node's ready waiters and posts are kept here, and the world
// runs one of them, chosen by the seed, per step. That is what makes "crash before the n-th step" and stalls
// possible. Its clocks are the host's.
class SimNodeLoop final : public rt::Loop {
 public:
  // `clock` must outlive this object.
  SimNodeLoop(SimLoop& world, std::uint64_t seed, const HostClock& clock);
  ~SimNodeLoop() override;

  rt::TimePoint now() const override { return clock_.read(world_.now()); }
  rt::WallTime wall() const override;
  void post(base::UniqueFunction<void()> work) override;

  // Nothing runs any more, and nothing is scheduled: what the node's destructors do has no effect here. Drops
  // posted work.
  void kill();
  bool dead() const { return dead_; }
  // Nothing runs until then (a time of the world), as if the host were suspended; timers due meanwhile fire
  // afterwards.
  void stallUntil(rt::TimePoint until);
  // Calls `crash` instead of running the `step`-th next thing (1: the very next one).
  void crashBeforeStep(std::uint64_t step, std::function<void()> crash);
  void disarm() { crashStep_ = 0; }
  // Called after each step, when nothing of the node is on the stack.
  void setAfterStep(std::function<void()> afterStep) { afterStep_ = std::move(afterStep); }

  // True while something of this node is on the stack.
  bool running() const { return running_; }
  // Things run since the start.
  std::uint64_t steps() const { return steps_; }

 protected:
  void addReady(rt::Waiter& waiter) override;
  void addTimer(rt::Waiter& waiter) override;
  void remove(rt::Waiter& waiter) override;

 private:
  // A waiter on the world's loop that calls a member of this one.
  struct Turn : rt::Waiter {
    Turn(SimNodeLoop& l, Fire fire) : Waiter(fire), loop(l) {}
    SimNodeLoop& loop;
  };
  void runTurn();
  void runOne();
  void askForTurn();

  SimLoop& world_;
  base::Random random_;
  const HostClock& clock_;
  rt::ReadyList ready_;
  std::deque<base::UniqueFunction<void()>> posted_;
  Turn turn_;
  Turn stallEnd_;
  std::function<void()> crash_;
  std::function<void()> afterStep_;
  std::uint64_t crashStep_ = 0;
  std::uint64_t steps_ = 0;
  bool running_ = false;
  bool dead_ = false;
};

}  // namespace tidemill::sim
