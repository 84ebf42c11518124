// rt/semaphore.h: counted permits on one lane; waiters are served in order.
#pragma once

#include <coroutine>
#include <cstdint>
#include <list>

#include "rt/loop.h"

namespace tidemill::rt {

// Permits may be bytes, slots or anything counted. First come, first served: a large request is not overtaken
// by small ones, so it cannot starve. Lives on one lane; must outlive its waiters.
class Semaphore {
 public:
  class Acquire;

  // `permits` at least 0: the capacity, all of it free.
  Semaphore(Loop& loop, std::int64_t permits) : Semaphore(loop, permits, permits) {}
  // `available` of `capacity` are free. A semaphore that counts what is there, not what may be, starts with
  // none free and a capacity that no request exceeds.
  Semaphore(Loop& loop, std::int64_t available, std::int64_t capacity)
      : loop_(loop), available_(available), capacity_(capacity) {}
  ~Semaphore();
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // co_await semaphore.acquire(n); waits until `count` permits are free and takes them. A count above the
  // capacity is granted when everything is free (and leaves the balance negative), so that one oversized item
  // can always pass alone. An awaiter destroyed before it resumes holds nothing.
  Acquire acquire(std::int64_t count);
  // Takes permits without waiting, even below zero: for what is there already and must be accounted for.
  void take(std::int64_t count) { available_ -= count; }
  void release(std::int64_t count);

  std::int64_t available() const { return available_; }
  std::int64_t capacity() const { return capacity_; }

 private:
  bool fits(std::int64_t count) const {
    return available_ >= count || (count > capacity_ && available_ >= capacity_);
  }
  void grant();

  Loop& loop_;
  std::int64_t available_;
  const std::int64_t capacity_;
  std::list<Acquire*> waiting_;  // Without those that have been granted and resume soon.
};

// What acquire() returns; awaited on the spot. Not a task: between the grant and the resumption of the caller
// there is no moment in which a cancelled caller could leave permits behind.
class [[nodiscard]] Semaphore::Acquire {
 public:
  Acquire(Semaphore& semaphore, std::int64_t count);
  ~Acquire();
  Acquire(const Acquire&) = delete;
  Acquire& operator=(const Acquire&) = delete;

  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle);
  void await_resume() noexcept { state_ = State::kSeen; }

 private:
  friend class Semaphore;
  enum class State : std::uint8_t { kNew, kWaiting, kGranted, kSeen };

  Semaphore& semaphore_;
  const std::int64_t count_;
  State state_ = State::kNew;
  std::list<Acquire*>::iterator place_;
  Waiter waiter_;
};

// Permits that were acquired, given back at the end, also of a cancelled task. The semaphore outlives it.
class Permit {
 public:
  explicit Permit(Semaphore& semaphore, std::int64_t count = 1) : semaphore_(semaphore), count_(count) {}
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() { semaphore_.release(count_); }

 private:
  Semaphore& semaphore_;
  const std::int64_t count_;
};

inline Semaphore::Acquire Semaphore::acquire(std::int64_t count) {
  return Acquire(*this, count);
}

}  // namespace tidemill::rt
