#include "lease/cleanup_plan.h"

#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

Lease row(const std::string& key, const Checkpoint& at, const std::set<std::string>& parents = {},
          const std::set<std::string>& children = {}) {
  Lease lease;
  lease.leaseKey = key;
  lease.checkpoint = at;
  lease.parentShardIds = parents;
  lease.childShardIds = children;
  return lease;
}

kinesis::Shard shard(const std::string& id, const std::string& first, const std::string& last,
                     const std::string& parent = {}) {
  kinesis::Shard shard;
  shard.shardId = id;
  shard.startingHashKey = first;
  shard.endingHashKey = last;
  shard.parentShardId = parent;
  shard.startingSequenceNumber = "1";
  if (parent.empty()) shard.endingSequenceNumber = "2";
  return shard;
}

std::string keysOf(const std::vector<CleanupStep>& steps) {
  std::string text;
  for (const CleanupStep& step : steps) text += (text.empty() ? "" : " ") + step.row.leaseKey;
  return text;
}

const Checkpoint kEnd = Checkpoint::shardEnd();
const Checkpoint kRead = Checkpoint::at("77");

TEST(CompletedRows, GoWhenEveryChildIsBeingRead) {
  const auto with = [](const Checkpoint& second) {
    return keysOf(
        completedRows({row("p", kEnd, {}, {"a", "b"}), row("a", kRead, {"p"}), row("b", second, {"p"})}, {}));
  };
  EXPECT_EQ(with(kRead), "p");
  EXPECT_EQ(with(Checkpoint::trimHorizon()), "");
  EXPECT_EQ(with(Checkpoint::atTimestamp()), "");
  EXPECT_EQ(with(Checkpoint::latest()), "");
}

TEST(CompletedRows, StayWhileAChildHasNoRow) {
  EXPECT_EQ(keysOf(completedRows({row("p", kEnd, {}, {"a", "b"}), row("a", kRead, {"p"})}, {})), "");
}

TEST(CompletedRows, StayUnlessTheyAreAtTheirEnd) {
  EXPECT_EQ(keysOf(completedRows({row("p", kRead, {}, {"a"}), row("a", kRead, {"p"})}, {})), "");
}

TEST(CompletedRows, StayWhenNoChildIsKnown) {
  EXPECT_EQ(keysOf(completedRows({row("p", kEnd)}, {})), "");
}

TEST(CompletedRows, GoOldestGenerationFirst) {
  std::vector<Lease> leases = {row("g", kEnd, {}, {"p"}), row("p", kEnd, {"g"}, {"c"}),
                               row("c", kRead, {"p"})};
  EXPECT_EQ(keysOf(completedRows(leases, {})), "g");
  leases.erase(leases.begin());
  EXPECT_EQ(keysOf(completedRows(leases, {})), "p");
  leases.erase(leases.begin());
  EXPECT_EQ(keysOf(completedRows(leases, {})), "");
}

TEST(CompletedRows, KnowTheirChildrenFromAListingThatHasThemAll) {
  const std::vector<Lease> leases = {row("p", kEnd), row("a", kRead, {"p"}), row("b", kRead, {"p"})};
  const auto parent = shard("p", "0", "9");
  const auto a = shard("a", "0", "4", "p");
  const auto b = shard("b", "5", "9", "p");
  EXPECT_EQ(keysOf(completedRows(leases, {parent, a, b})), "p");
  EXPECT_EQ(keysOf(completedRows(leases, {parent, a})), "");
}

TEST(CompletedRows, AreOfTheirOwnStream) {
  const auto of = [](const std::string& stream, Lease lease) {
    lease.shardId = lease.leaseKey;
    lease.streamName = stream;
    lease.leaseKey = stream + ":" + lease.leaseKey;
    return lease;
  };
  const auto parent = of("1:x:1", row("p", kEnd, {}, {"a"}));
  EXPECT_EQ(keysOf(completedRows({parent, of("1:y:1", row("a", kRead, {"p"}))}, {})), "");
  EXPECT_EQ(keysOf(completedRows({parent, of("1:x:1", row("a", kRead, {"p"}))}, {})), "1:x:1:p");
}

TEST(GarbageRows, AreFinishedUnlistedAndUnknownToTheService) {
  const std::vector<Lease> leases = {row("a", kEnd), row("b", kEnd), row("c", kEnd), row("d", kRead)};
  const auto suspects = garbageSuspects(leases, {shard("a", "0", "9")});
  ASSERT_EQ(suspects.size(), 2u);
  const auto steps = garbageRows(suspects, {"c"});
  EXPECT_EQ(keysOf(steps), "c");
  EXPECT_EQ(cleanupReasonName(steps[0].reason), "garbage");
}

TEST(CleanupClock, LooksOnceInEachInterval) {
  const rt::TimePoint start{1h};
  CleanupClock clock({}, start);
  EXPECT_FALSE(clock.completedIsDue(start + 5min - 1ns));
  EXPECT_TRUE(clock.completedIsDue(start + 5min));
  clock.completedDone(start + 5min);
  EXPECT_FALSE(clock.completedIsDue(start + 9min));
  EXPECT_FALSE(clock.garbageIsDue(start + 29min));
  EXPECT_TRUE(clock.garbageIsDue(start + 30min));
  clock.garbageDone(start + 30min);
  EXPECT_FALSE(clock.garbageIsDue(start + 59min));
}

TEST(CleanupClock, NeverLooksWhenItIsSwitchedOff) {
  CleanupClock clock({.enabled = false}, rt::TimePoint{});
  EXPECT_FALSE(clock.completedIsDue(rt::TimePoint{24h}));
  EXPECT_FALSE(clock.garbageIsDue(rt::TimePoint{24h}));
}

}  // namespace
}  // namespace tidemill::lease
