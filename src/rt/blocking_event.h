// rt/blocking_event.h: lets a thread of the user wait for something that a lane does.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace tidemill::rt {

// Set once, stays set. Never waited for on a lane or a worker.
class BlockingEvent {
 public:
  // The last thing this touches is the mutex: whoever waited may destroy the event as soon as it returns.
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return set_; });
  }
  // True if it was set in time. At most a year.
  bool waitFor(std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 366);
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::min(patience, kLongest), [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace tidemill::rt
