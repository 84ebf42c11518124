// rt/guarded.h: a value that several threads of the user share.
#pragma once

#include <mutex>
#include <utility>

namespace tidemill::rt {

// For objects that users call from threads of their own; what lives on a lane needs none. The lock is held
// while `work` runs, so `work` never comes back to the same value.
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // What `work(T&)` returns, by value.
  template <class Work>
  auto with(Work&& work) {
    const std::lock_guard lock(mutex_);
    return std::forward<Work>(work)(value_);
  }
  template <class Work>
  auto with(Work&& work) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Work>(work)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace tidemill::rt
