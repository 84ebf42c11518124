#include "rt/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "rt/no_waiting.h"

namespace tidemill::rt {
namespace {

TEST(Gate, LetsInUntilItIsClosed) {
  int inside = 7;
  Gate<int> gate(inside);
  {
    const auto first = gate.enter();
    const auto second = gate.enter();
    ASSERT_TRUE(first);
    EXPECT_EQ(&*second, &inside);
  }
  gate.close();
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.enter());
  gate.drain();
}

TEST(Gate, DrainWaitsForThoseInside) {
  int inside = 7;
  Gate<int> gate(inside);
  std::optional<Gate<int>::Entry> entry(gate.enter());
  gate.close();
  std::atomic<bool> left = false;
  std::thread leaver([&] {
    left = true;
    entry.reset();
  });

  gate.drain();

  EXPECT_TRUE(left);
  leaver.join();
}

TEST(NoWaiting, HoldsForItsThreadAsLongAsItLives) {
  EXPECT_EQ(NoWaiting::here(), nullptr);
  {
    const NoWaiting outer("on a lane");
    EXPECT_STREQ(NoWaiting::here(), "on a lane");
    {
      const NoWaiting inner("inside a task");
      EXPECT_STREQ(NoWaiting::here(), "inside a task");
    }
    EXPECT_STREQ(NoWaiting::here(), "on a lane");
    std::thread([] { EXPECT_EQ(NoWaiting::here(), nullptr); }).join();
  }
  EXPECT_EQ(NoWaiting::here(), nullptr);
}

}  // namespace
}  // namespace tidemill::rt
