// tidemill/clock.h: the wall clock that a timer with a thread of its own follows.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "tidemill/time.h"

namespace tidemill {

// Thread safe. A program uses systemClock(); a test that wants to decide about the time uses ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;

  // UTC.
  virtual Time now() const = 0;
  // Blocks until the time has come, or until `stop` is asked for. True: the time has come. A clock that is
  // set back meanwhile holds nobody longer than the wait seemed to take when it began.
  virtual bool waitUntil(Time time, std::stop_token stop) = 0;
  // A pause between two tries of something.
  virtual void pause(Duration length) = 0;
};

// The machine's clock.
std::shared_ptr<Clock> systemClock();

// A clock that moves when it is told to. (Spark: ManualClock)
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{});
  ~ManualClock() override;

  Time now() const override;
  bool waitUntil(Time time, std::stop_token stop) override;
  // Takes no time, and is noted.
  void pause(Duration length) override;

  // Moves on by `length`, not negative, and wakes whoever waited for a time that has come.
  void advance(Duration length);
  // Blocks until so many threads wait for times that have not come: then a timer that was woken by advance()
  // has done its work.
  void awaitWaiters(int threads);
  // All pauses so far, in order.
  std::vector<Duration> pauses() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tidemill
