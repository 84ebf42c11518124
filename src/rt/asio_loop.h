// rt/asio_loop.h: the production loop, on one Boost.Asio io_context. Included by transports only.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "rt/loop.h"
#include "rt/waiter_lists.h"

namespace tidemill::rt {

// Owned by whoever runs its thread. Waiters go in rounds: what becomes ready during a round goes in the next
// one, after sockets had their turn, so nothing starves.
class AsioLoop final : public Loop {
 public:
  AsioLoop();
  ~AsioLoop() override;

  // Runs until stop(). Call it from one thread, the lane's.
  void run();
  // Makes run() return soon. Callable from any thread.
  void stop();

  TimePoint now() const override;
  WallTime wall() const override;
  void post(base::UniqueFunction<void()> work) override;

  boost::asio::io_context& context() { return context_; }

 protected:
  void addReady(Waiter& waiter) override;
  void addTimer(Waiter& waiter) override;
  void remove(Waiter& waiter) override;

 private:
  void runRound();
  void armTimer();
  void fireDue();

  // Before the context: work that is still posted when the loop goes is destroyed with the context, and what
  // it owns may withdraw waiters from these lists.
  ReadyList round_;
  ReadyList next_;
  TimerList timers_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armedFor_;
  bool roundPosted_ = false;
};

}  // namespace tidemill::rt
