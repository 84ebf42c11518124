#include "stream/rate_gate.h"

#include <algorithm>

namespace tidemill::stream {
namespace {

// Counts a reader for as long as it waits, however that ends.
class Waiting {
 public:
  explicit Waiting(std::int64_t& count) : count_(count) { ++count_; }
  ~Waiting() { --count_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::int64_t& count_;
};

}  // namespace

RateGate::RateGate(rt::Loop& loop, const RateLimits& limits)
    : loop_(loop), limiter_(limits, loop.now()), turn_(loop, 1), changed_(loop) {}

void RateGate::update(std::int64_t rate) {
  limiter_.update(rate, loop_.now());
  changed_.notify();
}

void RateGate::updateMax(std::int64_t rate) {
  limiter_.updateMax(rate, loop_.now());
  changed_.notify();
}

rt::Task<consume::QuotaHold> RateGate::acquire(int most) {
  const Waiting waiting(waiting_);
  co_await turn_.acquire(1);
  const rt::Permit turn(turn_);
  while (limiter_.available(loop_.now()) == 0) {  // Until a permit is there, which a new rate may hasten.
    const rt::TimePoint due = limiter_.next(loop_.now());
    co_await changed_.until(due);
  }
  if (!limiter_.limited()) co_return consume::QuotaHold(shared_from_this(), most, 0);
  const std::int64_t share = limiter_.available(loop_.now()) / waiting_;
  const std::int64_t records = std::clamp<std::int64_t>(share, 1, most);
  limiter_.take(records, loop_.now());
  co_return consume::QuotaHold(shared_from_this(), static_cast<int>(records), records);
}

void RateGate::settle(std::int64_t charged, std::int64_t brought) {
  limiter_.take(brought - charged, loop_.now());
  if (charged > brought) changed_.notify();
}

}  // namespace tidemill::stream
