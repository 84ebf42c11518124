#include "rt/loop.h"

#include "base/check.h"

namespace tidemill::rt {

Waiter::~Waiter() {
  cancel();
}

void Waiter::cancel() {
  if (state_ == State::kIdle) return;
  loop_->remove(*this);
  state_ = State::kIdle;
}

void Loop::makeReady(Waiter& waiter) {
  TIDEMILL_CHECK(!waiter.pending(), "a waiter is scheduled at most once at a time");
  waiter.loop_ = this;
  waiter.state_ = Waiter::State::kReady;
  addReady(waiter);
}

void Loop::wakeAt(Waiter& waiter, TimePoint due) {
  TIDEMILL_CHECK(!waiter.pending(), "a waiter is scheduled at most once at a time");
  waiter.loop_ = this;
  waiter.state_ = Waiter::State::kTimed;
  waiter.due_ = due;
  addTimer(waiter);
}

}  // namespace tidemill::rt
