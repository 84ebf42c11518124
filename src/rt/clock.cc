#include "tidemill/clock.h"

#include <condition_variable>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "base/check.h"

namespace tidemill {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    // allow(check_determinism): this is the real clock, for threads that are never simulated
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }

  bool waitUntil(Time time, std::stop_token stop) override {
    // By the monotonic clock, which nobody sets back.
    const Duration length = time - now();
    if (length > Duration::zero()) {
      std::mutex mutex;
      std::condition_variable_any changed;
      std::unique_lock lock(mutex);
      changed.wait_for(lock, stop, length, [] { return false; });
    }
    return !stop.stop_requested();
  }

  void pause(Duration length) override { std::this_thread::sleep_for(length); }
};

}  // namespace

std::shared_ptr<Clock> systemClock() {
  return std::make_shared<SystemClock>();
}

struct ManualClock::State {
  // Threads that wait for a time that has not come.
  int waiting() const { return static_cast<int>(std::distance(waits.upper_bound(now), waits.end())); }

  std::mutex mutex;
  std::condition_variable_any changed;
  Time now;
  // Of each thread in waitUntil().
  std::multiset<Time> waits;
  std::vector<Duration> pauses;
};

ManualClock::ManualClock(Time start) : state_(std::make_unique<State>()) {
  state_->now = start;
}

ManualClock::~ManualClock() = default;

Time ManualClock::now() const {
  const std::lock_guard lock(state_->mutex);
  return state_->now;
}

bool ManualClock::waitUntil(Time time, std::stop_token stop) {
  std::unique_lock lock(state_->mutex);
  const auto place = state_->waits.insert(time);
  state_->changed.notify_all();
  state_->changed.wait(lock, stop, [&] { return state_->now >= time; });
  state_->waits.erase(place);
  state_->changed.notify_all();
  return state_->now >= time;
}

void ManualClock::pause(Duration length) {
  const std::lock_guard lock(state_->mutex);
  state_->pauses.push_back(length);
}

void ManualClock::advance(Duration length) {
  TIDEMILL_CHECK(length >= Duration::zero(), "time moves forward");
  const std::lock_guard lock(state_->mutex);
  state_->now += length;
  state_->changed.notify_all();
}

void ManualClock::awaitWaiters(int threads) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->waiting() >= threads; });
}

std::vector<Duration> ManualClock::pauses() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pauses;
}

}  // namespace tidemill
