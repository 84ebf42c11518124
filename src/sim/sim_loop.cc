#include "sim/sim_loop.h"

#include <algorithm>

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

// 2026-01-01T00:00:00Z.
constexpr rt::WallTime kEpoch{std::chrono::milliseconds(1'767'225'600'000)};

}  // namespace

SimLoop::SimLoop(std::uint64_t seed) : random_(seed) {}

SimLoop::~SimLoop() {
  posted_.clear();  // Frees what posted work owns before the lists go away.
}

rt::WallTime SimLoop::wall() const {
  return kEpoch + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
}

void SimLoop::post(base::UniqueFunction<void()> work) {
  posted_.push_back(std::move(work));
}

bool SimLoop::step() {
  if (runReady()) return true;
  const auto due = timers_.firstDue();
  return due && jump(*due);
}

bool SimLoop::jump(rt::TimePoint until) {
  const auto due = timers_.firstDue();
  if (!due || *due > until) {
    now_ = std::max(now_, until);
    return false;
  }
  now_ = std::max(now_, *due);
  while (rt::Waiter* waiter = timers_.takeDue(now_)) {
    // Equal times become ready together, so that the seed decides their order too.
    promote(*waiter);
  }
  return true;
}

bool SimLoop::runReady() {
  const std::size_t choices = ready_.size() + (posted_.empty() ? 0 : 1);
  if (choices == 0) return false;
  ++steps_;
  const auto choice = choices == 1 ? 0 : static_cast<std::size_t>(random_.below(choices));
  if (choice < ready_.size()) {
    fire(ready_.take(choice));
  } else {
    // Posted work keeps its order, as one thread's posts do in production.
    base::UniqueFunction<void()> work = std::move(posted_.front());
    posted_.pop_front();
    work();
  }
  return true;
}

void SimLoop::runUntil(rt::TimePoint until) {
  do {
    while (runReady()) {  // Ends when nothing is ready; the loop around it, when the next timer lies behind
                          // `until`.
    }
  } while (jump(until));
}

void SimLoop::remove(rt::Waiter& waiter) {
  if (isReady(waiter)) {
    ready_.removeIfHere(waiter);
  } else {
    timers_.remove(waiter);
  }
}

}  // namespace tidemill::sim
