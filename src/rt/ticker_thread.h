// rt/ticker_thread.h: a thread that does something at each tick of a clock.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "rt/guarded.h"
#include "tidemill/clock.h"

namespace tidemill::rt {

// For objects of users that are not made on a lane. It sleeps between ticks, which are aligned as tickAfter()
// says; those that pass while `tick` runs are left out. stop() may be called from any thread but its own.
class TickerThread {
 public:
  // `interval` is positive; `tick` throws nothing.
  TickerThread(std::shared_ptr<Clock> clock, std::chrono::milliseconds interval, std::function<void()> tick);
  // As stop().
  ~TickerThread();

  // A tick that runs is waited for, and none comes after it.
  void stop();

 private:
  Guarded<std::jthread> thread_;
};

}  // namespace tidemill::rt
