#include "rt/semaphore.h"

#include "base/check.h"

namespace tidemill::rt {

class Semaphore::Acquire {
 public:
  Acquire(Semaphore& semaphore, std::int64_t count) : semaphore_(semaphore), count_(count) {}
  Acquire(const Acquire&) = delete;
  Acquire& operator=(const Acquire&) = delete;
  // Cancelled: give back what was granted but never seen, and let the next one in.
  ~Acquire() {
    if (!queued_) return;
    const std::int64_t granted = place_->granted && !seen_ ? count_ : 0;
    semaphore_.waiting_.erase(place_);
    if (!seen_) semaphore_.release(granted);
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    if (semaphore_.waiting_.empty() && semaphore_.fits(count_)) {
      semaphore_.available_ -= count_;
      return false;
    }
    waiter_.resumes(handle);
    place_ = semaphore_.waiting_.insert(semaphore_.waiting_.end(), Waiting{count_, &waiter_, false});
    queued_ = true;
    return true;
  }
  void await_resume() noexcept { seen_ = true; }

 private:
  Semaphore& semaphore_;
  const std::int64_t count_;
  std::list<Waiting>::iterator place_;
  bool queued_ = false;
  bool seen_ = false;
  Waiter waiter_;
};

Task<void> Semaphore::acquire(std::int64_t count) {
  TIDEMILL_CHECK(count >= 0);
  Acquire awaiter(*this, count);
  co_await awaiter;
}

void Semaphore::release(std::int64_t count) {
  TIDEMILL_CHECK(count >= 0);
  available_ += count;
  grant();
}

void Semaphore::grant() {
  for (Waiting& next : waiting_) {
    if (next.granted) continue;  // Resumes soon, then leaves the list.
    if (!fits(next.count)) return;
    available_ -= next.count;
    next.granted = true;
    loop_.makeReady(*next.waiter);
  }
}

}  // namespace tidemill::rt
