#include "lease/shard_audit.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace tidemill::lease {
namespace {

using kinesis::HashKey;
using kinesis::kHashKeyMax;

const std::string kMaxText = "340282366920938463463374607431768211455";

Lease row(const std::string& key, const std::string& first, const std::string& last) {
  Lease lease;
  lease.leaseKey = key;
  lease.startingHashKey = first;
  lease.endingHashKey = last;
  return lease;
}

kinesis::Shard auditedShard(const std::string& id, const std::string& first, const std::string& last) {
  kinesis::Shard shard;
  shard.shardId = id;
  shard.startingHashKey = first;
  shard.endingHashKey = last;
  return shard;
}

TEST(FirstHole, FindsItAtEitherEndAndBetween) {
  EXPECT_EQ(firstHole({{0, kHashKeyMax}}), std::nullopt);
  EXPECT_EQ(firstHole({{10, kHashKeyMax}, {0, 9}}), std::nullopt);
  EXPECT_EQ(firstHole({{1, kHashKeyMax}}), (HashRange{0, 0}));
  EXPECT_EQ(firstHole({{0, kHashKeyMax - 1}}), (HashRange{kHashKeyMax, kHashKeyMax}));
  EXPECT_EQ(firstHole({{0, 9}, {12, kHashKeyMax}}), (HashRange{10, 11}));
  EXPECT_EQ(firstHole({}), (HashRange{0, kHashKeyMax}));
}

TEST(FirstHole, TakesAnOverlapForCover) {
  EXPECT_EQ(firstHole({{0, 100}, {5, 20}, {101, kHashKeyMax}}), std::nullopt);
  EXPECT_EQ(firstHole({{0, kHashKeyMax}, {5, 20}}), std::nullopt);  // The last by start ends early.
}

// 1000 tilings cut at random: whole, they have no hole; without one tile, exactly that.
TEST(FirstHole, FindsAHoleInRandomTilingsIfThereIsOne) {
  base::Random random(1);
  for (int round = 0; round < 1000; ++round) {
    std::vector<HashRange> tiles = {{0, kHashKeyMax}};
    const auto cuts = random.between(1, 30);
    for (std::int64_t i = 0; i < cuts; ++i) {
      HashRange& tile = tiles[random.below(tiles.size())];
      if (tile.last - tile.first < 2) continue;
      const HashKey high = HashKey{random.next()} << 64;
      const HashKey cut = tile.first + 1 + (high | random.next()) % (tile.last - tile.first);
      const HashRange right{cut, tile.last};
      tile.last = cut - 1;
      tiles.push_back(right);
    }
    ASSERT_EQ(firstHole(tiles), std::nullopt);
    const HashRange removed = tiles.back();
    tiles.pop_back();
    ASSERT_EQ(firstHole(tiles), removed);
  }
}

TEST(ShardAuditor, AsksForASyncAtOnceWithoutRows) {
  EXPECT_TRUE(ShardAuditor().run({}, {}).syncNow);
}

TEST(ShardAuditor, IsSureOfAHoleAfterThreeRuns) {
  ShardAuditor auditor;
  const std::vector<Lease> leases = {row("s0", "0", "99")};
  EXPECT_FALSE(auditor.run(leases, {}).syncNow);
  EXPECT_FALSE(auditor.run(leases, {}).syncNow);
  const AuditReport third = auditor.run(leases, {});
  EXPECT_TRUE(third.syncNow);
  EXPECT_EQ(third.hole, (HashRange{100, kHashKeyMax}));
  EXPECT_EQ(third.seen, 3);
  EXPECT_TRUE(auditor.run(leases, {}).syncNow);
  auditor.reset();
  EXPECT_FALSE(auditor.run(leases, {}).syncNow);
}

TEST(ShardAuditor, StartsAnewForAnotherHoleOrNone) {
  ShardAuditor auditor;
  const std::vector<Lease> hole = {row("s0", "0", "99")};
  for (const std::vector<Lease>& between :
       {std::vector<Lease>{row("s0", "0", "98")}, std::vector<Lease>{row("s0", "0", kMaxText)}}) {
    auditor.reset();
    auditor.run(hole, {});
    auditor.run(hole, {});
    EXPECT_FALSE(auditor.run(between, {}).syncNow);
    EXPECT_FALSE(auditor.run(hole, {}).syncNow);
  }
}

TEST(ShardAuditor, DoesNotTakeFinishedRowsForCover) {
  Lease finished = row("s0", "0", kMaxText);
  finished.checkpoint = Checkpoint::shardEnd();
  EXPECT_EQ(ShardAuditor().run({finished}, {}).hole, (HashRange{0, kHashKeyMax}));
}

TEST(ShardAuditor, FillsMissingRangesFromTheListingAndOnlyThem) {
  const std::vector<Lease> leases = {row("s0", "", ""), row("s1", "10", "19"), row("s2", "25", "20"),
                                     row("s3", "", "")};
  EXPECT_TRUE(auditNeedsListing(leases));
  const AuditReport report = ShardAuditor().run(
      leases,
      {auditedShard("s0", "0", "9"), auditedShard("s1", "0", "19"), auditedShard("s2", "20", kMaxText)});
  ASSERT_EQ(report.missing.size(), 1u);  // s2 has nonsense, of s3 nothing is known.
  EXPECT_EQ(report.missing[0].leaseKey, "s0");
  EXPECT_EQ(report.missing[0].endingHashKey, "9");
  EXPECT_EQ(report.hole, std::nullopt);
}

TEST(ShardAuditor, NeedsNoListingWhenEveryUnfinishedRowHasItsRange) {
  Lease finished = row("s0", "", "");
  finished.checkpoint = Checkpoint::shardEnd();
  EXPECT_FALSE(auditNeedsListing({finished, row("s1", "0", kMaxText)}));
}

}  // namespace
}  // namespace tidemill::lease
