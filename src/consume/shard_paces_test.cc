#include "consume/shard_paces.h"

#include <gtest/gtest.h>

#include <string>

#include "rt/task_group.h"
#include "sim/sim_loop.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

TEST(ShardPaces, GivesAllReadersOfAShardOnePace) {
  ShardPaces paces({});
  EXPECT_EQ(paces.of("orders", "shard-1", {}), paces.of("orders", "shard-1", {}));
  EXPECT_NE(paces.of("orders", "shard-1", {}), paces.of("orders", "shard-2", {}));
  EXPECT_NE(paces.of("orders", "shard-1", {}), paces.of("other", "shard-1", {}));
}

TEST(ShardPaces, RemembersWhatWasReadAfterTheReaderIsGone) {
  ShardPaces paces({});
  paces.of("orders", "shard-1", {})->reads.answered(rt::TimePoint(100s), 10 << 20);
  for (int i = 0; i < 1000; ++i) paces.of("orders", "other-" + std::to_string(i), rt::TimePoint(101s));
  EXPECT_EQ(paces.of("orders", "shard-1", rt::TimePoint(101s))->reads.next(), rt::TimePoint(105s));
}

TEST(ShardPaces, ForgetsShardsThatNobodyReads) {
  ShardPaces paces({});
  const std::weak_ptr<ShardPace> gone = paces.of("orders", "shard-1", {});
  for (int i = 0; i < 1000; ++i) paces.of("orders", "other-" + std::to_string(i), {});
  EXPECT_TRUE(gone.expired());
}

TEST(ShardPaces, NoTwoReadersTakeTheSameTurn) {
  sim::SimLoop loop(1);
  ShardPaces paces({});
  const auto pace = paces.of("orders", "shard-1", loop.now());
  std::vector<rt::TimePoint> turns;
  const auto reader = [](rt::Loop& on, Pace& of, std::vector<rt::TimePoint>& into) -> rt::Task<void> {
    for (int i = 0; i < 5; ++i) {
      co_await takeTurn(on, of);
      into.push_back(on.now());
    }
  };
  rt::TaskGroup group(loop);
  const rt::TimePoint start = loop.now();
  group.spawn(reader(loop, pace->reads, turns));
  group.spawn(reader(loop, pace->reads, turns));
  loop.runFor(10s);
  ASSERT_EQ(turns.size(), 10u);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i] - start, static_cast<int>(i) * rt::Duration(200ms));
  }
}

// As ShardRangeReader does: it also waits for room, and by then the turn may be another's.
rt::Task<void> recover(rt::Loop& on, ShardPace& of, std::string& turns) {
  for (int i = 0; i < 5; ++i) {
    ++of.recoveriesWaiting;
    do {
      co_await on.sleepUntil(of.reads.next());
      for (int room = 0; room < 10; ++room) co_await on.yield();
    } while (on.now() < of.reads.next());
    --of.recoveriesWaiting;
    of.reads.called(on.now());
    of.lastReadWasLive = false;
    turns += 'r';
  }
}

rt::Task<void> readLive(rt::Loop& on, ShardPace& of, std::string& turns) {
  for (int i = 0; i < 10; ++i) {
    co_await takeLiveTurn(on, of);
    turns += 'l';
  }
}

TEST(ShardPaces, ARecoveryThatWaitsHasEveryOtherTurnOfTheLiveReader) {
  sim::SimLoop loop(1);
  ShardPaces paces({});
  const auto pace = paces.of("orders", "shard-1", loop.now());
  std::string turns;
  rt::TaskGroup group(loop);
  group.spawn(readLive(loop, *pace, turns));
  loop.runFor(1s);
  group.spawn(recover(loop, *pace, turns));
  loop.runFor(9s);

  EXPECT_EQ(turns,
            "llllll"
            "rlrlrlrlr");
}

TEST(ShardPaces, ALiveReaderDoesNotWaitForARecoveryThatHasNoRoom) {
  sim::SimLoop loop(1);
  ShardPaces paces({});
  const auto pace = paces.of("orders", "shard-1", loop.now());
  pace->recoveriesWaiting = 1;
  std::string turns;
  rt::TaskGroup group(loop);
  group.spawn(readLive(loop, *pace, turns));
  loop.runFor(10s);

  EXPECT_EQ(turns, std::string(10, 'l'));
}

}  // namespace
}  // namespace tidemill::consume
