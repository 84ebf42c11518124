// rt/loop.h: the event loop of one lane; everything that waits, waits here.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/function.h"
#include "rt/time.h"

namespace tidemill::rt {

class Loop;
class Sleep;

// Something that a loop calls back once: a suspended coroutine, or an object's own function. Not movable
// while pending. Its destructor withdraws it, which is what makes cancellation by destruction safe.
class Waiter {
 public:
  using Fire = void (*)(Waiter&);

  Waiter() = default;
  explicit Waiter(Fire fire) : fire_(fire) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  bool pending() const { return state_ != State::kIdle; }
  // Withdraws a pending call; no effect otherwise.
  void cancel();

  // Makes firing resume `handle`.
  void resumes(std::coroutine_handle<> handle) {
    handle_ = handle;
    fire_ = [](Waiter& self) { self.handle_.resume(); };
  }

 private:
  friend class Loop;
  friend class ReadyList;
  friend class TimerList;
  enum class State : std::uint8_t { kIdle, kReady, kTimed };

  Fire fire_ = nullptr;
  std::coroutine_handle<> handle_;
  Loop* loop_ = nullptr;
  State state_ = State::kIdle;
  std::uint64_t slot_ = 0;  // Place in the ready list, or tie-breaker in the timer list.
  TimePoint due_{};
};

// One lane: a thread (or a simulated node) with a ready queue and timers. Callbacks never run inside the call
// that schedules them. All functions except post() belong to the lane's own thread.
class Loop {
 public:
  virtual ~Loop() = default;

  virtual TimePoint now() const = 0;
  virtual WallTime wall() const = 0;

  // Fires `waiter` soon, after the present callback returned. It must not be pending.
  void makeReady(Waiter& waiter);
  // Fires `waiter` at `due` or soon after. It must not be pending.
  void wakeAt(Waiter& waiter, TimePoint due);
  // Runs `work` on this lane soon. The only call allowed from other threads; work posted by one thread runs
  // in its order. After the loop has ended, `work` is destroyed without being run.
  virtual void post(base::UniqueFunction<void()> work) = 0;

  // co_await loop.sleepFor(100ms);
  Sleep sleepFor(Duration duration);
  Sleep sleepUntil(TimePoint due);
  // Lets everything else that is ready go first.
  Sleep yield();

 protected:
  virtual void addReady(Waiter& waiter) = 0;
  virtual void addTimer(Waiter& waiter) = 0;
  virtual void remove(Waiter& waiter) = 0;

  // For implementations: marks the waiter idle, then calls it. It may be destroyed by the call.
  static void fire(Waiter& waiter) {
    waiter.state_ = Waiter::State::kIdle;
    waiter.fire_(waiter);
  }
  // For implementations: turns a timer that was taken out of its list into a ready waiter of the loop that it
  // was given to, which need not be the one that keeps the timers.
  static void promote(Waiter& waiter) {
    waiter.state_ = Waiter::State::kReady;
    waiter.loop_->addReady(waiter);
  }
  // For implementations whose timers are kept by a loop with another clock: `due` by that clock.
  static TimePoint dueOf(const Waiter& waiter) { return waiter.due_; }
  static void setDue(Waiter& waiter, TimePoint due) { waiter.due_ = due; }
  static bool isReady(const Waiter& waiter) { return waiter.state_ == Waiter::State::kReady; }

 private:
  friend class Waiter;
};

// What sleepFor(), sleepUntil() and yield() return; awaited on the spot.
class Sleep {
 public:
  Sleep(Loop& loop, TimePoint due, bool timed) : loop_(loop), due_(due), timed_(timed) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_.resumes(handle);
    if (timed_) {
      loop_.wakeAt(waiter_, due_);
    } else {
      loop_.makeReady(waiter_);
    }
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  const TimePoint due_;
  const bool timed_;
  Waiter waiter_;
};

inline Sleep Loop::sleepFor(Duration duration) {
  return Sleep(*this, laterBy(now(), duration), true);
}
inline Sleep Loop::sleepUntil(TimePoint due) {
  return Sleep(*this, due, true);
}
inline Sleep Loop::yield() {
  return Sleep(*this, TimePoint{}, false);
}

}  // namespace tidemill::rt
