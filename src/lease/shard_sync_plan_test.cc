#include "lease/shard_sync_plan.h"

#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

constexpr rt::WallTime kNow{1'767'225'600'000ms};

kinesis::Shard shard(int id, int parent = -1, int adjacent = -1, bool open = true) {
  kinesis::Shard result;
  result.shardId = "s" + std::to_string(id);
  if (parent >= 0) result.parentShardId = "s" + std::to_string(parent);
  if (adjacent >= 0) result.adjacentParentShardId = "s" + std::to_string(adjacent);
  result.startingSequenceNumber = std::to_string(1000 + id);
  if (!open) result.endingSequenceNumber = std::to_string(2000 + id);
  return result;
}

// Three generations, as in KCL's documentation: 0-5 (0 to 3 and 4, 5), merged and split into 6-8, then 9
// and 10.
std::vector<kinesis::Shard> threeGenerations() {
  return {shard(0, -1, -1, false),
          shard(1, -1, -1, false),
          shard(2, -1, -1, false),
          shard(3, -1, -1, false),
          shard(4, -1, -1, false),
          shard(5, -1, -1, false),
          shard(6, 0, 1, false),
          shard(7, 2, 3, false),
          shard(8, 4),
          shard(9, 6, 7),
          shard(10, 5)};
}

std::vector<Lease> leasesOn(const std::vector<std::string>& ids) {
  std::vector<Lease> rows;
  for (const std::string& id : ids) {
    Lease row;
    row.leaseKey = id;
    rows.push_back(row);
  }
  return rows;
}

std::vector<Lease> finished(std::vector<Lease> rows) {
  for (Lease& row : rows) row.checkpoint = Checkpoint::shardEnd();
  return rows;
}

std::string keysOf(const std::vector<Lease>& rows) {
  std::string keys;
  for (const Lease& row : rows) keys += (keys.empty() ? "" : " ") + row.leaseKey;
  return keys;
}

const auto kLatest = KinesisInitialPosition::Latest();
const auto kTrimHorizon = KinesisInitialPosition::TrimHorizon();

TEST(ShardSyncPlan, StartsAnEmptyTableAtTheOldestShards) {
  const auto rows = leasesToCreate(threeGenerations(), {}, kTrimHorizon, kNow);
  EXPECT_EQ(keysOf(rows), "s0 s1 s2 s3 s4 s5");
  for (const Lease& row : rows) EXPECT_EQ(row.checkpoint, Checkpoint::trimHorizon());
}

TEST(ShardSyncPlan, StartsAnEmptyTableAtLatestWithTheOpenShardsAndFixesTheTime) {
  const auto rows = leasesToCreate(threeGenerations(), {}, kLatest, kNow);
  EXPECT_EQ(keysOf(rows), "s8 s9 s10");
  for (const Lease& row : rows) {
    EXPECT_EQ(row.checkpoint, Checkpoint::latest());
    EXPECT_EQ(row.startsAt, kNow);
  }
}

TEST(ShardSyncPlan, StartsAtTheTimestampThatWasAskedFor) {
  const rt::WallTime then{1'700'000'000'000ms};
  const auto rows = leasesToCreate({shard(0)}, {}, KinesisInitialPosition::AtTimestamp(then), kNow);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].checkpoint, Checkpoint::atTimestamp());
  EXPECT_EQ(rows[0].startsAt, then);
}

TEST(ShardSyncPlan, CreatesOnlyTheGenerationBelowALeasedAncestor) {
  const std::vector<kinesis::Shard> shards = {shard(0, -1, -1, false), shard(1, 0, -1, false), shard(2, 1)};
  const auto rows = leasesToCreate(shards, finished(leasesOn({"s0"})), kLatest, kNow);
  ASSERT_EQ(keysOf(rows), "s1");
  EXPECT_EQ(rows[0].checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(rows[0].parentShardIds, std::set<std::string>{"s0"});
}

TEST(ShardSyncPlan, LeavesTheChildrenOfAShardThatIsBeingReadToItsReader) {
  const std::vector<kinesis::Shard> shards = {shard(0, -1, -1, false), shard(1, 0, -1, false), shard(2, 1)};
  EXPECT_EQ(keysOf(leasesToCreate(shards, leasesOn({"s0"}), kLatest, kNow)), "");
}

TEST(ShardSyncPlan, MakesTheChildrenOfALeasedShardThatTheServiceHasForgotten) {
  const auto rows = leasesToCreate({shard(1, 0)}, leasesOn({"s0"}), kLatest, kNow);
  ASSERT_EQ(keysOf(rows), "s1");
  EXPECT_EQ(rows[0].checkpoint, Checkpoint::trimHorizon());
}

// 0 and 1 merged into 6, 2 and 3 into 7, these into 8; 4 is open; 5 was split into 9 and 10 (kcl.md 2.8).
std::vector<kinesis::Shard> mergedTwice() {
  return {shard(0, -1, -1, false),
          shard(1, -1, -1, false),
          shard(2, -1, -1, false),
          shard(3, -1, -1, false),
          shard(4),
          shard(5, -1, -1, false),
          shard(6, 0, 1, false),
          shard(7, 2, 3, false),
          shard(8, 6, 7),
          shard(9, 5),
          shard(10, 5)};
}

// KCL makes 0 and 1 as well, but 6 at LATEST, and so skips what is in its closed shard.
TEST(ShardSyncPlan, ReadsFromTheOldestShardsWhereOnlyOneSideOfAMergeIsLeased) {
  for (const auto& initial : {kTrimHorizon, kLatest, KinesisInitialPosition::AtTimestamp(kNow)}) {
    const auto rows = leasesToCreate(mergedTwice(), leasesOn({"s4", "s5", "s7"}), initial, kNow);
    ASSERT_EQ(keysOf(rows), "s0 s1");
    for (const Lease& row : rows) EXPECT_EQ(row.checkpoint, Checkpoint::trimHorizon());
  }
}

TEST(ShardSyncPlan, GoesOnWhereACrashHadStoppedIt) {
  const auto all = leasesToCreate(mergedTwice(), {}, kTrimHorizon, kNow);
  for (std::size_t made = 0; made <= all.size(); ++made) {
    const std::vector<Lease> some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(made));
    const auto rest = leasesToCreate(mergedTwice(), some, kTrimHorizon, kNow);
    // Where nothing of a tree was made yet, its oldest shards are still wanted.
    ASSERT_EQ(keysOf(rest), keysOf({all.begin() + static_cast<std::ptrdiff_t>(made), all.end()})) << made;
  }
}

TEST(ShardSyncPlan, LeavesEarlyChildrenOfOldWorkersAsTheyAre) {
  const auto leases = leasesOn({"s4", "s5", "s6", "s7", "s8", "s9", "s10"});
  EXPECT_EQ(keysOf(leasesToCreate(mergedTwice(), leases, kTrimHorizon, kNow)), "");
}

TEST(ShardSyncPlan, MakesTheRowOfAnOpenShardThatWasDeleted) {
  auto leases = leasesOn({"s4", "s9"});
  for (Lease& row : finished(leasesOn({"s5", "s6", "s7"}))) leases.push_back(row);
  const auto rows = leasesToCreate(mergedTwice(), leases, kLatest, kNow);
  ASSERT_EQ(keysOf(rows), "s8 s10");
  for (const Lease& row : rows) EXPECT_EQ(row.checkpoint, Checkpoint::trimHorizon());
}

TEST(OpenParentProblem, NamesTheChildAndItsOpenParent) {
  EXPECT_EQ(openParentProblem(mergedTwice()), std::nullopt);
  const auto problem = openParentProblem({shard(0, -1, -1, false), shard(1), shard(2, 0, 1)});
  ASSERT_TRUE(problem);
  EXPECT_EQ(*problem, "shard s2 is listed while its parent s1 is open");
}

TEST(ShardSyncPlan, CreatesNothingWhenEveryOpenShardHasALease) {
  EXPECT_TRUE(leasesToCreate({shard(0), shard(1)}, leasesOn({"s0", "s1"}), kLatest, kNow).empty());
}

TEST(ShardSyncPlan, ReadsTheUnleasedSideOfAMergeFromItsStartEvenAtLatest) {
  const auto rows = leasesToCreate({shard(0, -1, -1, false), shard(1, -1, -1, false), shard(2, 0, 1)},
                                   leasesOn({"s0"}), kLatest, kNow);
  EXPECT_EQ(keysOf(rows), "s1");
  EXPECT_EQ(rows[0].checkpoint, Checkpoint::trimHorizon());
}

TEST(ShardSyncPlan, TakesAShardWithTrimmedParentsAsARoot) {
  const auto rows = leasesToCreate({shard(7, 3)}, {}, kTrimHorizon, kNow);
  EXPECT_EQ(keysOf(rows), "s7");
  EXPECT_TRUE(rows[0].parentShardIds.empty());
}

TEST(ShardSyncPlan, EndsOnAListingInWhichShardsAreEachOthersParents) {
  kinesis::Shard a = shard(0, 1);
  kinesis::Shard b = shard(1, 0);
  leasesToCreate({a, b}, {}, kTrimHorizon, kNow);
  leasesToCreate({a, b}, leasesOn({"s0"}), kTrimHorizon, kNow);
}

// Rows of shards that were asked for from a time; those of `read` have given records since.
std::vector<Lease> leasesFrom(rt::WallTime time, const std::vector<std::string>& ids,
                              const std::string& read = {}) {
  std::vector<Lease> rows = leasesOn(ids);
  for (Lease& row : rows) {
    row.startsAt = time;
    row.checkpoint = row.leaseKey == read ? Checkpoint::at("1500") : Checkpoint::atTimestamp();
  }
  return rows;
}

TEST(ShardSyncPlan, SkipsNothingBelowALeaseWhenTheInitialPositionHasBecomeATime) {
  const std::vector<kinesis::Shard> shards = {shard(0, -1, -1, false), shard(1, 0)};
  const auto later = KinesisInitialPosition::AtTimestamp(kNow);
  for (const auto& leases : {leasesOn({"s0"}), leasesFrom(kNow - 1h, {"s0"}, "s0")}) {
    const auto rows = leasesToCreate(shards, finished(leases), later, kNow);
    ASSERT_EQ(keysOf(rows), "s1");
    EXPECT_EQ(rows[0].checkpoint, Checkpoint::trimHorizon());
    EXPECT_EQ(rows[0].startsAt, std::nullopt);
  }
}

TEST(ShardSyncPlan, StartsAChildAtTheTimeOfParentsThatGaveNothing) {
  const codec::ChildShard child{"s9", {"s6", "s7"}, "0", "99"};
  auto parents = leasesFrom(kNow, {"s6", "s7"});
  parents[1].startsAt = kNow - 1h;
  const Lease row = childLease(child, parents);
  EXPECT_EQ(row.checkpoint, Checkpoint::atTimestamp());
  EXPECT_EQ(row.startsAt, kNow - 1h);

  EXPECT_EQ(childLease(child, leasesFrom(kNow, {"s6", "s7"}, "s7")).checkpoint, Checkpoint::trimHorizon());
}

TEST(ShardSyncPlan, GivesChildrenTheirHashRangeParentsAndTrimHorizon) {
  const Lease row = childLease({"s9", {"s6", "s7"}, "0", "99"}, {});
  EXPECT_EQ(row.leaseKey, "s9");
  EXPECT_EQ(row.parentShardIds, (std::set<std::string>{"s6", "s7"}));
  EXPECT_EQ(row.checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(row.endingHashKey, "99");
}

}  // namespace
}  // namespace tidemill::lease
