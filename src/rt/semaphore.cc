#include "rt/semaphore.h"

#include "base/check.h"

namespace tidemill::rt {

Semaphore::~Semaphore() {
  TIDEMILL_CHECK(waiting_.empty(), "a semaphore outlives its waiters");
}

void Semaphore::release(std::int64_t count) {
  TIDEMILL_CHECK(count >= 0);
  available_ += count;
  grant();
}

void Semaphore::grant() {
  while (!waiting_.empty() && fits(waiting_.front()->count_)) {
    Acquire& next = *waiting_.front();
    waiting_.pop_front();
    available_ -= next.count_;
    next.state_ = Acquire::State::kGranted;
    loop_.makeReady(next.waiter_);
  }
}

Semaphore::Acquire::Acquire(Semaphore& semaphore, std::int64_t count) : semaphore_(semaphore), count_(count) {
  TIDEMILL_CHECK(count >= 0);
}

Semaphore::Acquire::~Acquire() {
  if (state_ == State::kWaiting) {
    semaphore_.waiting_.erase(place_);
    semaphore_.grant();  // A smaller request may have stood behind this one.
  } else if (state_ == State::kGranted) {
    semaphore_.release(count_);
  }
}

bool Semaphore::Acquire::await_ready() {
  if (!semaphore_.waiting_.empty() || !semaphore_.fits(count_)) return false;
  semaphore_.available_ -= count_;
  state_ = State::kGranted;
  return true;
}

void Semaphore::Acquire::await_suspend(std::coroutine_handle<> handle) {
  waiter_.resumes(handle);
  place_ = semaphore_.waiting_.insert(semaphore_.waiting_.end(), this);
  state_ = State::kWaiting;
}

}  // namespace tidemill::rt
