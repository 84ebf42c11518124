#include "sim/sim_node_loop.h"

#include "base/check.h"

namespace tidemill::sim {
namespace {

constexpr std::int64_t kPartsPerMillion = 1'000'000;

// `count` x `times` / `by`, rounded towards zero, without overflow on the way for `times` and `by` up to a
// few millions.
std::int64_t scaled(std::int64_t count, std::int64_t times, std::int64_t by) {
  return count / by * times + count % by * times / by;
}

}  // namespace

rt::TimePoint HostClock::read(rt::TimePoint world) const {
  return world + rt::Duration(scaled(world.time_since_epoch().count(), driftPpm, kPartsPerMillion));
}

rt::TimePoint HostClock::whenReads(rt::TimePoint own) const {
  constexpr rt::TimePoint kNever = rt::TimePoint::max();
  if (driftPpm == 0 || own.time_since_epoch() > kNever.time_since_epoch() / 2) return own;
  rt::TimePoint world(
      rt::Duration(scaled(own.time_since_epoch().count(), kPartsPerMillion, kPartsPerMillion + driftPpm)));
  while (read(world) < own) world += rt::Duration(1);  // Rounding: a step or two.
  return world;
}

SimNodeLoop::SimNodeLoop(SimLoop& world, std::uint64_t seed, const HostClock& clock)
    : world_(world),
      random_(seed),
      clock_(clock),
      turn_(*this, [](rt::Waiter& waiter) { static_cast<Turn&>(waiter).loop.runTurn(); }),
      stallEnd_(*this, [](rt::Waiter& waiter) { static_cast<Turn&>(waiter).loop.askForTurn(); }) {}

SimNodeLoop::~SimNodeLoop() {
  kill();
}

rt::WallTime SimNodeLoop::wall() const {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(world_.now().time_since_epoch());
  return world_.wall() + clock_.offset + elapsed * clock_.driftPpm / 1'000'000;
}

void SimNodeLoop::post(base::UniqueFunction<void()> work) {
  if (dead_) return;
  posted_.push_back(std::move(work));
  askForTurn();
}

void SimNodeLoop::kill() {
  dead_ = true;
  turn_.cancel();
  stallEnd_.cancel();
  std::deque<base::UniqueFunction<void()>> dropped;
  dropped.swap(posted_);  // Destroying them may call post() again, which does nothing now.
}

void SimNodeLoop::stallUntil(rt::TimePoint until) {
  if (dead_) return;
  turn_.cancel();
  stallEnd_.cancel();
  world_.wakeAt(stallEnd_, until);
}

void SimNodeLoop::crashBeforeStep(std::uint64_t step, std::function<void()> crash) {
  TIDEMILL_CHECK(step >= 1);
  crashStep_ = steps_ + step;
  crash_ = std::move(crash);
}

void SimNodeLoop::addReady(rt::Waiter& waiter) {
  if (dead_) return;
  ready_.add(waiter);
  askForTurn();
}

void SimNodeLoop::addTimer(rt::Waiter& waiter) {
  if (dead_) return;
  setDue(waiter, clock_.whenReads(dueOf(waiter)));
  world_.addTimer(waiter);
}

void SimNodeLoop::remove(rt::Waiter& waiter) {
  if (isReady(waiter)) {
    ready_.removeIfHere(waiter);
  } else {
    world_.remove(waiter);
  }
}

void SimNodeLoop::askForTurn() {
  const bool hasWork = !ready_.empty() || !posted_.empty();
  if (!dead_ && hasWork && !stallEnd_.pending() && !turn_.pending()) world_.makeReady(turn_);
}

void SimNodeLoop::runTurn() {
  if (ready_.empty() && posted_.empty()) return;  // What was ready has been cancelled.
  ++steps_;
  if (steps_ == crashStep_) {
    crash_();
    return;
  }
  running_ = true;
  runOne();
  running_ = false;
  if (afterStep_) afterStep_();
  askForTurn();
}

void SimNodeLoop::runOne() {
  const std::size_t choices = ready_.size() + (posted_.empty() ? 0 : 1);
  const auto choice = choices == 1 ? 0 : static_cast<std::size_t>(random_.below(choices));
  if (choice < ready_.size()) {
    fire(ready_.take(choice));
    return;
  }
  base::UniqueFunction<void()> work = std::move(posted_.front());
  posted_.pop_front();
  work();
}

}  // namespace tidemill::sim
