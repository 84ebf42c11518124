#include "lease/row_health.h"

#include <gtest/gtest.h>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;
using Kind = RowAnomaly::Kind;

Lease row(const Checkpoint& at, std::int64_t counter) {
  Lease lease;
  lease.leaseKey = "s0";
  lease.checkpoint = at;
  lease.leaseCounter = counter;
  return lease;
}

std::string eventOf(const KnownRow& previous, const std::optional<Lease>& current) {
  const auto anomaly = classify(previous, current);
  return anomaly ? std::string(anomalyEvent(anomaly->kind)) : "";
}

const Lease kKnown = row(Checkpoint::at("1000", 2), 50);

TEST(Classify, FindsNothingInRowsThatGoOn) {
  EXPECT_EQ(eventOf({kKnown}, kKnown), "");
  EXPECT_EQ(eventOf({kKnown}, row(Checkpoint::at("1000", 3), 51)), "");
  EXPECT_EQ(eventOf({kKnown}, row(Checkpoint::shardEnd(), 51)), "");
  EXPECT_EQ(eventOf({row(Checkpoint::latest(), 1)}, row(Checkpoint::trimHorizon(), 2)), "");
}

TEST(Classify, NamesACheckpointThatWentBackAndSaysWhoMayHaveDoneIt) {
  for (const Checkpoint& back : {Checkpoint::at("999"), Checkpoint::at("1000", 1), Checkpoint::trimHorizon()})
    EXPECT_EQ(eventOf({kKnown}, row(back, 60)), "lease_checkpoint_regressed");

  EXPECT_NE(classify({kKnown}, row(Checkpoint::at("999"), 60))->text.find("operator"), std::string::npos);
  const auto restored = classify({kKnown}, row(Checkpoint::at("999"), 40));
  EXPECT_NE(restored->text.find("restored"), std::string::npos);
  EXPECT_NE(restored->text.find("from 1000 (2) to 999"), std::string::npos);
}

TEST(Classify, ComparesSequenceNumbersAsNumbers) {
  EXPECT_EQ(eventOf({row(Checkpoint::at("999"), 1)}, row(Checkpoint::at("1000"), 2)), "");
}

TEST(Classify, NamesAFinishedRowThatIsOpenAgain) {
  EXPECT_EQ(eventOf({row(Checkpoint::shardEnd(), 50)}, kKnown), "lease_checkpoint_regressed");
}

TEST(Classify, NamesACounterThatWentBack) {
  EXPECT_EQ(eventOf({kKnown}, row(kKnown.checkpoint, 49)), "lease_counter_regressed");
}

TEST(Classify, NamesAnUnfinishedRowThatVanishedOnce) {
  EXPECT_EQ(eventOf({kKnown}, std::nullopt), "lease_row_vanished");
  EXPECT_EQ(eventOf({kKnown, /*gone=*/true}, std::nullopt), "");
  EXPECT_EQ(eventOf({row(Checkpoint::shardEnd(), 50)}, std::nullopt), "");
}

TEST(Classify, NamesARowThatCameBack) {
  EXPECT_EQ(eventOf({kKnown, true}, kKnown), "lease_row_reappeared");
  EXPECT_EQ(eventOf({kKnown, true}, row(Checkpoint::trimHorizon(), 0)), "lease_checkpoint_regressed");
}

TEST(Classify, StopsTheHolderWhereTheTableSaysOtherwise) {
  EXPECT_TRUE(stopsHolder(Kind::kRowReappeared));
  EXPECT_TRUE(stopsHolder(Kind::kCheckpointRegressed));
  EXPECT_FALSE(stopsHolder(Kind::kHashRangeInvalid));
}

TEST(CheckRow, NamesAHashRangeThatIsNone) {
  Lease lease = kKnown;
  EXPECT_FALSE(checkRow(lease));
  for (const auto& [first, last] : {std::pair("5", "4"), std::pair("", "4"), std::pair("5", "x"),
                                    std::pair("0", "340282366920938463463374607431768211456")}) {
    lease.startingHashKey = first;
    lease.endingHashKey = last;
    const auto anomaly = checkRow(lease);
    ASSERT_TRUE(anomaly) << first << " " << last;
    EXPECT_EQ(anomalyEvent(anomaly->kind), "lease_hash_range_invalid");
  }
  lease.startingHashKey = lease.endingHashKey = "5";
  EXPECT_FALSE(checkRow(lease));
}

kinesis::Shard shard(const std::string& id, const std::string& parent = {}, const std::string& other = {}) {
  kinesis::Shard shard;
  shard.shardId = id;
  shard.parentShardId = parent;
  shard.adjacentParentShardId = other;
  return shard;
}

TEST(CheckListing, NamesAnUnfinishedRowWithoutAShard) {
  Lease finished = row(Checkpoint::shardEnd(), 1);
  finished.leaseKey = "s1";
  EXPECT_TRUE(checkListing({kKnown, finished}, {shard("s0")}).empty());
  const auto anomalies = checkListing({kKnown, finished}, {shard("s2")});
  ASSERT_EQ(anomalies.size(), 1u);
  EXPECT_EQ(anomalyEvent(anomalies[0].kind), "shard_missing");
  EXPECT_EQ(anomalies[0].leaseKey, "s0");
}

TEST(CheckListing, NamesAMergeOfWhichOneParentIsMissing) {
  EXPECT_TRUE(checkListing({}, {shard("s9", "s6", "s7")}).empty());  // Both are past retention.
  EXPECT_TRUE(checkListing({kKnown}, {shard("s1"), shard("s9", "s1", "s0")}).size() == 1);  // s0 itself.
  const auto anomalies = checkListing({}, {shard("s6"), shard("s9", "s6", "s7"), shard("s8", "s7", "s6")});
  ASSERT_EQ(anomalies.size(), 2u);
  for (const auto& anomaly : anomalies) EXPECT_EQ(anomalyEvent(anomaly.kind), "shard_parent_missing");
  EXPECT_EQ(anomalies[0].leaseKey, "s9");
}

TEST(CheckStream, NamesAStreamThatWasMadeAgain) {
  const rt::WallTime created{1'767'225'600'000ms};
  EXPECT_FALSE(checkStream(created, created));
  const auto anomaly = checkStream(created, created + 1s);
  ASSERT_TRUE(anomaly);
  EXPECT_EQ(anomalyEvent(anomaly->kind), "stream_recreated");
}

}  // namespace
}  // namespace tidemill::lease
