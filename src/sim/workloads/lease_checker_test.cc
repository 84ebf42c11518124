#include "sim/workloads/lease_checker.h"

#include <gtest/gtest.h>

#include <utility>

#include "kinesis/hash_key.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

struct Written {
  std::string key = "shard-0";
  std::string owner = "anna";
  int counter = 1;
  std::string checkpoint = "TRIM_HORIZON";
  // Who took it; empty: as the owner.
  std::string takenBy{};
  std::string wantedBy{};
  std::string firstHashKey = "0";
  std::string lastHashKey = kinesis::formatHashKey(kinesis::kHashKeyMax);
  std::vector<std::string> parents{};
};

fake::Item itemOf(const Written& row) {
  const auto text = [](std::string value) { return fake::AttributeValue::ofText(std::move(value)); };
  fake::Item item;
  item["leaseKey"] = text(row.key);
  if (!row.owner.empty()) item["leaseOwner"] = text(row.owner);
  item["leaseCounter"] =
      fake::AttributeValue::ofNumber(*fake::DynamoNumber::parse(std::to_string(row.counter)));
  item["checkpoint"] = text(row.checkpoint);
  item["startingHashKey"] = text(row.firstHashKey);
  item["endingHashKey"] = text(row.lastHashKey);
  item["xTidemillIncarnation"] = text((row.takenBy.empty() ? row.owner : row.takenBy) + "/life/1");
  if (!row.wantedBy.empty()) item["xTidemillWantedBy"] = text(row.wantedBy);
  if (!row.parents.empty()) {
    fake::AttributeValue parents;
    parents.type = fake::ValueType::kStringSet;
    parents.texts = row.parents;
    item["parentShardId"] = parents;
  }
  return item;
}

class Leases : public testing::Test {
 protected:
  void write(const Written& row) {
    const fake::Item item = itemOf(row);
    observe(row.key, &item);
  }
  void erase(const std::string& key) { observe(key, nullptr); }
  void observe(const std::string& key, const fake::Item* after) {
    fake::Item keys;
    keys["leaseKey"] = fake::AttributeValue::ofText(key);
    checker.onWrite({.operation = "UpdateItem",
                     .table = "app",
                     .key = keys,
                     .before = nullptr,
                     .after = after,
                     .at = world.loop().wall()});
  }
  void deliver(const std::string& worker, std::int64_t token, bool stoodStill = false) {
    checker.onDelivery(worker, FencingToken{"lines", "shard-0", token}, stoodStill);
  }
  std::string violated() const { return world.failed() ? world.firstViolation()->invariant : ""; }

  World world{1};
  bool calm = false;
  LeaseChecker checker{world, "app",
                       [](const std::string&, const lease::Checkpoint&, const lease::Checkpoint&) {},
                       [this](const std::string&) { return calm; }};
};

TEST_F(Leases, MayBeTakenFromAWorkerInTroubleOnly) {
  write({.counter = 1});
  write({.owner = "bert", .counter = 2});
  EXPECT_EQ(violated(), "");
  EXPECT_EQ(checker.takeovers(), 1u);

  calm = true;
  write({.owner = "cleo", .counter = 3});
  EXPECT_EQ(violated(), "I8");
}

TEST_F(Leases, MayMoveWithTheConsentOfACalmOwner) {
  calm = true;
  write({.counter = 1, .wantedBy = "bert"});
  write({.owner = "bert", .counter = 2});  // Stolen in the end.
  write({.owner = "cleo", .counter = 3, .takenBy = "bert"});
  write({.owner = "", .counter = 4});
  write({.owner = "anna", .counter = 5});
  EXPECT_EQ(violated(), "");
  EXPECT_EQ(checker.takeovers(), 0u);
  EXPECT_EQ(checker.ownerChanges(), 4u);
}

TEST_F(Leases, AreNotDeliveredFromAfterATakeover) {
  write({.counter = 1});
  deliver("anna", 1);
  write({.owner = "bert", .counter = 2});
  deliver("anna", 1, true);
  EXPECT_EQ(violated(), "");
  EXPECT_EQ(checker.staleDeliveries(), 1u);
  deliver("anna", 1);
  EXPECT_EQ(violated(), "I6");
}

TEST_F(Leases, AreNotDeliveredFromOnceALaterHolderHasBegun) {
  write({.counter = 1, .wantedBy = "bert"});
  write({.owner = "bert", .counter = 2, .takenBy = "anna"});
  write({.owner = "bert", .counter = 3});
  deliver("bert", 3);
  EXPECT_EQ(violated(), "");
  deliver("anna", 1);
  EXPECT_EQ(violated(), "I6");
}

TEST_F(Leases, AreWrittenUnderTheirPresentCounter) {
  write({.counter = 5});
  write({.counter = 6, .checkpoint = "10"});
  EXPECT_EQ(violated(), "");
  write({.counter = 6, .checkpoint = "11"});
  EXPECT_EQ(violated(), "I6");
}

TEST_F(Leases, NeverGoBackToAnEarlierCheckpoint) {
  write({.counter = 1, .checkpoint = "10"});
  write({.counter = 2, .checkpoint = "9"});
  EXPECT_EQ(violated(), "I2");
}

TEST_F(Leases, GoOnlyWhenTheirShardsAreFinished) {
  write({.counter = 1, .checkpoint = "SHARD_END"});
  erase("shard-0");
  EXPECT_EQ(violated(), "");
  write({.counter = 1});
  erase("shard-0");
  EXPECT_EQ(violated(), "I5");
}

TEST_F(Leases, AlwaysCoverTheStreamOnceTheyDid) {
  const auto middle = kinesis::kHashKeyMax / 2;
  write({.counter = 1});
  write({.key = "shard-1", .lastHashKey = kinesis::formatHashKey(middle), .parents = {"shard-0"}});
  write({.counter = 2, .checkpoint = "10"});
  EXPECT_EQ(violated(), "");
  write({.counter = 3, .checkpoint = "SHARD_END"});
  EXPECT_EQ(violated(), "I5");
}

TEST_F(Leases, AreIdleUnlessSomebodyWritesThemOrTheyWaitForTheirParents) {
  write({.counter = 1});
  write({.key = "shard-1", .owner = "", .parents = {"shard-0"}});
  const rt::TimePoint start = world.loop().now();
  EXPECT_TRUE(checker.idleSince(start).empty());
  EXPECT_EQ(checker.idleSince(start + 1s), std::vector<std::string>{"shard-0"});

  world.runFor(1s);
  write({.counter = 2, .checkpoint = "SHARD_END"});
  EXPECT_EQ(checker.idleSince(start), std::vector<std::string>{"shard-1"});
  EXPECT_EQ(checker.checkpointOf("shard-0"), lease::Checkpoint::shardEnd());
  EXPECT_FALSE(checker.checkpointOf("shard-2"));
}

}  // namespace
}  // namespace tidemill::sim
