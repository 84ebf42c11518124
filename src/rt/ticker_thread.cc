#include "rt/ticker_thread.h"

#include <utility>

#include "rt/aligned_tick.h"

namespace tidemill::rt {

TickerThread::TickerThread(std::shared_ptr<Clock> clock, std::chrono::milliseconds interval,
                           std::function<void()> tick)
    : thread_([clock = std::move(clock), interval, tick = std::move(tick)](std::stop_token stop) {
        while (clock->waitUntil(tickAfter(clock->now(), interval), stop) && !stop.stop_requested()) tick();
      }) {}

TickerThread::~TickerThread() {
  stop();
}

void TickerThread::stop() {
  thread_.with([](std::jthread& thread) {
    if (!thread.joinable()) return;
    thread.request_stop();
    thread.join();
  });
}

}  // namespace tidemill::rt
