#include "rt/asio_loop.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

namespace tidemill::rt {

AsioLoop::AsioLoop() : work_(boost::asio::make_work_guard(context_)), timer_(context_) {}
AsioLoop::~AsioLoop() = default;

void AsioLoop::run() {
  context_.run();
}

void AsioLoop::stop() {
  context_.stop();
}

TimePoint AsioLoop::now() const {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime AsioLoop::wall() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void AsioLoop::post(base::UniqueFunction<void()> work) {
  // Asio copies no handler, but asks for one that could be.
  auto shared = std::make_shared<base::UniqueFunction<void()>>(std::move(work));
  boost::asio::post(context_, [shared] { (*shared)(); });
}

void AsioLoop::addReady(Waiter& waiter) {
  next_.add(waiter);
  if (roundPosted_) return;
  roundPosted_ = true;
  boost::asio::post(context_, [this] { runRound(); });
}

void AsioLoop::addTimer(Waiter& waiter) {
  timers_.add(waiter);
  armTimer();
}

void AsioLoop::remove(Waiter& waiter) {
  if (!isReady(waiter)) {
    timers_.remove(waiter);  // The Asio timer stays armed; it may find nothing due.
  } else if (!round_.removeIfHere(waiter)) {
    next_.removeIfHere(waiter);
  }
}

void AsioLoop::runRound() {
  roundPosted_ = false;
  std::swap(round_, next_);
  round_.reverse();
  while (!round_.empty()) fire(round_.take(round_.size() - 1));  // Bounded: additions go to next_.
}

void AsioLoop::armTimer() {
  const std::optional<TimePoint> due = timers_.firstDue();
  if (!due || (armedFor_ && *armedFor_ <= *due)) return;
  armedFor_ = due;
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(due->time_since_epoch())));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) fireDue();  // An error means that an earlier time was armed instead.
  });
}

void AsioLoop::fireDue() {
  armedFor_.reset();
  const TimePoint until = now();
  // Through the next round: a task that sleeps for no time at all must not keep the sockets waiting.
  while (Waiter* waiter = timers_.takeDue(until)) promote(*waiter);
  armTimer();
}

}  // namespace tidemill::rt
