#include "rt/ticker_thread.h"

#include <gtest/gtest.h>

#include <atomic>

#include "rt/aligned_tick.h"
#include "rt/blocking_event.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

WallTime at(std::chrono::milliseconds since) {
  return WallTime(since);
}

TEST(TickAfter, IsTheNextMultipleAndNeverNow) {
  EXPECT_EQ(tickAfter(at(0ms), 10ms), at(10ms));
  EXPECT_EQ(tickAfter(at(9ms), 10ms), at(10ms));
  EXPECT_EQ(tickAfter(at(10ms), 10ms), at(20ms));
  EXPECT_EQ(tickAfter(at(-1ms), 10ms), at(0ms));
  EXPECT_EQ(tickAfter(at(-10ms), 10ms), at(0ms));
}

class TickerThreadTest : public testing::Test {
 protected:
  void advance(std::chrono::milliseconds length) {
    clock_->advance(length);
    clock_->awaitWaiters(1);
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(at(1004ms));
  std::atomic<int> ticks_ = 0;
};

TEST_F(TickerThreadTest, TicksAtMultiplesOfTheIntervalOnce) {
  TickerThread ticker(clock_, 10ms, [this] { ++ticks_; });
  clock_->awaitWaiters(1);

  advance(5ms);
  EXPECT_EQ(ticks_, 0);
  advance(1ms);
  EXPECT_EQ(ticks_, 1);
  advance(9ms);
  EXPECT_EQ(ticks_, 1);
  advance(1ms);
  EXPECT_EQ(ticks_, 2);
}

TEST_F(TickerThreadTest, LeavesOutTicksThatHavePassed) {
  TickerThread ticker(clock_, 10ms, [this] { ++ticks_; });
  clock_->awaitWaiters(1);

  advance(100ms);
  EXPECT_EQ(ticks_, 1);
}

TEST_F(TickerThreadTest, StopWaitsForTheTickThatRuns) {
  BlockingEvent begun;
  BlockingEvent mayEnd;
  TickerThread ticker(clock_, 10ms, [&] {
    begun.set();
    mayEnd.wait();
    ++ticks_;
  });
  clock_->awaitWaiters(1);
  clock_->advance(10ms);
  begun.wait();

  std::thread other([&] { mayEnd.set(); });
  ticker.stop();

  EXPECT_EQ(ticks_, 1);
  clock_->advance(100ms);
  EXPECT_EQ(ticks_, 1);
  ticker.stop();  // Again does nothing.
  other.join();
}

TEST(SystemClock, WaitsForATimeAndForAStop) {
  const auto clock = systemClock();
  const Time before = clock->now();
  EXPECT_TRUE(clock->waitUntil(before + 5ms, {}));
  EXPECT_TRUE(clock->waitUntil(before, {}));

  std::stop_source stop;
  std::thread other([&] { stop.request_stop(); });
  EXPECT_FALSE(clock->waitUntil(before + 1h, stop.get_token()));
  other.join();
}

TEST(ManualClock, WakesThoseWhoseTimeHasComeAndThoseWhoAreStopped) {
  ManualClock clock;
  std::stop_source stop;
  bool come = false;
  bool stopped = true;
  std::thread first([&] { come = clock.waitUntil(Time(10ms), {}); });
  std::thread second([&] { stopped = !clock.waitUntil(Time(20ms), stop.get_token()); });
  clock.awaitWaiters(2);

  clock.advance(10ms);
  first.join();
  stop.request_stop();
  second.join();

  EXPECT_TRUE(come);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(clock.now(), Time(10ms));
}

}  // namespace
}  // namespace tidemill::rt
