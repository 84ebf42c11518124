#include "rt/channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;
using Ints = Channel<int>;

class ChannelTest : public testing::Test {
 protected:
  Task<void> writeAll(Ints& channel, int first, int last) {
    for (int i = first; i <= last; ++i) {
      const bool taken = co_await channel.push(i);
      if (!taken) ++refused_;
    }
  }
  Task<void> readAll(Ints& channel) {
    for (;;) {
      auto value = co_await channel.pop();
      if (!value) break;
      read_.push_back(*value);
    }
    ++endsSeen_;
  }
  Task<void> readOne(Ints& channel) {
    auto value = co_await channel.pop();
    if (value) read_.push_back(*value);
  }
  void settle() {
    while (loop_.step()) {  // Bounded: no task here waits for a time.
    }
  }

  sim::SimLoop loop_{1};
  std::vector<int> read_;
  int refused_ = 0;
  int endsSeen_ = 0;
};

TEST_F(ChannelTest, KeepsTheOrder) {
  Ints channel(loop_, 2);
  TaskGroup group(loop_);
  group.spawn(writeAll(channel, 1, 100));
  group.spawn(readAll(channel));
  settle();

  std::vector<int> expected(100);
  for (int i = 0; i < 100; ++i) expected[static_cast<std::size_t>(i)] = i + 1;
  EXPECT_EQ(read_, expected);
}

TEST_F(ChannelTest, WritersWaitAtTheCapacity) {
  Ints channel(loop_, 3);
  TaskGroup group(loop_);
  group.spawn(writeAll(channel, 1, 10));
  settle();
  EXPECT_EQ(channel.size(), 3U);

  group.spawn(readOne(channel));
  settle();
  EXPECT_EQ(read_, std::vector<int>({1}));
  EXPECT_EQ(channel.size(), 3U);
}

TEST_F(ChannelTest, PushNowGoesAboveTheCapacityAndIsPaidBack) {
  Ints channel(loop_, 1);
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(channel.pushNow(i));
  TaskGroup group(loop_);
  group.spawn(writeAll(channel, 4, 4));
  settle();
  EXPECT_EQ(channel.size(), 3U);

  for (int i = 0; i < 3; ++i) group.spawn(readOne(channel));
  settle();
  EXPECT_EQ(read_, std::vector<int>({1, 2, 3}));
  EXPECT_EQ(channel.size(), 1U);  // The writer went in once there was room.
}

TEST_F(ChannelTest, CloseGivesReadersWhatIsLeftAndThenTheEnd) {
  Ints channel(loop_, 5);
  TaskGroup group(loop_);
  group.spawn(writeAll(channel, 1, 3));
  settle();
  channel.close();
  channel.close();
  for (int i = 0; i < 3; ++i) group.spawn(readAll(channel));
  settle();

  std::sort(read_.begin(), read_.end());
  EXPECT_EQ(read_, std::vector<int>({1, 2, 3}));
  EXPECT_EQ(endsSeen_, 3);
  EXPECT_EQ(group.running(), 0U);
}

TEST_F(ChannelTest, CloseWakesWaitingReadersAndRefusesWriters) {
  Ints empty(loop_, 1);
  Ints full(loop_, 1);
  ASSERT_TRUE(full.pushNow(0));
  TaskGroup group(loop_);
  group.spawn(readAll(empty));
  group.spawn(readAll(empty));
  group.spawn(writeAll(full, 1, 3));
  settle();
  EXPECT_EQ(group.running(), 3U);

  empty.close();
  full.close();
  settle();
  EXPECT_EQ(group.running(), 0U);
  EXPECT_EQ(endsSeen_, 2);
  EXPECT_EQ(refused_, 3);
  EXPECT_EQ(full.size(), 1U);
  EXPECT_FALSE(full.pushNow(9));
}

TEST_F(ChannelTest, AValueMeantForACancelledReaderGoesToTheNext) {
  Ints channel(loop_, 1);
  auto doomed = std::make_unique<TaskGroup>(loop_);
  doomed->spawn(readOne(channel));
  settle();
  ASSERT_TRUE(channel.pushNow(7));  // Granted to the doomed reader, which has not resumed.
  doomed.reset();

  TaskGroup group(loop_);
  group.spawn(readOne(channel));
  settle();
  EXPECT_EQ(read_, std::vector<int>({7}));
}

TEST_F(ChannelTest, NoReaderSleepsBesideAValue) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    sim::SimLoop loop(seed);
    read_.clear();
    Ints channel(loop, 4);
    TaskGroup group(loop);
    group.spawn(writeAll(channel, 1, 20));
    for (int i = 0; i < 20; ++i) group.spawn(readOne(channel));
    while (loop.step()) {  // Bounded: no task here waits for a time.
    }
    EXPECT_EQ(read_.size(), 20U) << "seed " << seed;
    EXPECT_EQ(group.running(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tidemill::rt
