// rt/semaphore.h: counted permits on one lane; waiters are served in order.
#pragma once

#include <cstdint>
#include <list>

#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::rt {

// Permits may be bytes, slots or anything counted. First come, first served: a large request is not overtaken
// by small ones, so it cannot starve. Lives on one lane; must outlive its waiters.
class Semaphore {
 public:
  // `permits` at least 0.
  Semaphore(Loop& loop, std::int64_t permits) : loop_(loop), available_(permits), capacity_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Waits until `count` permits are free and takes them. A count above the capacity is granted when everything
  // is free (and leaves the balance negative), so that one oversized item can always pass alone.
  Task<void> acquire(std::int64_t count);
  // Takes permits without waiting, even below zero: for what is there already and must be accounted for.
  void take(std::int64_t count) { available_ -= count; }
  void release(std::int64_t count);

  std::int64_t available() const { return available_; }
  std::int64_t capacity() const { return capacity_; }

 private:
  class Acquire;
  struct Waiting {
    std::int64_t count;
    Waiter* waiter;
    bool granted;
  };
  bool fits(std::int64_t count) const {
    return available_ >= count || (count > capacity_ && available_ >= capacity_);
  }
  void grant();

  Loop& loop_;
  std::int64_t available_;
  const std::int64_t capacity_;
  std::list<Waiting> waiting_;
};

}  // namespace tidemill::rt
