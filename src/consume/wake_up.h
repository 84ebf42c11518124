// consume/wake_up.h: lets one task wait until it is told that something changed, or a time has come.
#pragma once

#include <coroutine>
#include <utility>

#include "rt/loop.h"

namespace tidemill::consume {

// Told before anybody waits, the next wait ends at once; told twice, it counts once. Lives on one lane; one
// task waits at a time; must outlive it.
class WakeUp {
 public:
  explicit WakeUp(rt::Loop& loop) : loop_(loop) {}
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void notify() {
    told_ = true;
    if (waiter_ == nullptr) return;
    rt::Waiter* waiter = std::exchange(waiter_, nullptr);
    waiter->cancel();
    loop_.makeReady(*waiter);
  }

  // What until() returns; awaited on the spot.
  class [[nodiscard]] Wait {
   public:
    Wait(WakeUp& wakeUp, rt::TimePoint due) : wakeUp_(wakeUp), due_(due) {}
    ~Wait() {
      if (wakeUp_.waiter_ == &waiter_) wakeUp_.waiter_ = nullptr;
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    bool await_ready() const noexcept { return wakeUp_.told_; }
    void await_suspend(std::coroutine_handle<> handle) {
      waiter_.resumes(handle);
      wakeUp_.waiter_ = &waiter_;
      wakeUp_.loop_.wakeAt(waiter_, due_);
    }
    void await_resume() noexcept {
      wakeUp_.waiter_ = nullptr;
      wakeUp_.told_ = false;
    }

   private:
    WakeUp& wakeUp_;
    const rt::TimePoint due_;
    rt::Waiter waiter_;
  };
  // co_await wakeUp.until(due);
  Wait until(rt::TimePoint due) { return Wait(*this, due); }

 private:
  rt::Loop& loop_;
  rt::Waiter* waiter_ = nullptr;
  bool told_ = false;
};

}  // namespace tidemill::consume
