#include "lease/lease_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynamo/attribute_json.h"

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;
using dynamo::AttributeValue;
using dynamo::Item;
using testing::HasSubstr;

// With every attribute that a row may have.
LeaseRow fullRow() {
  LeaseRow row;
  Lease& lease = row.lease;
  lease.leaseKey = "shardId-000000000002";
  lease.leaseOwner = "worker-a";
  lease.leaseCounter = 41;
  lease.ownerSwitchesSinceCheckpoint = 2;
  lease.checkpoint = Checkpoint::at("49590338271490256608559692538361571095921575989136588898", 3);
  lease.pendingCheckpoint = Checkpoint::at("49590338271490256608559692538361571095921575989136588899", 1);
  lease.pendingCheckpointState = std::string("a\0b", 3);
  lease.parentShardIds = {"shardId-000000000000", "shardId-000000000001"};
  lease.childShardIds = {"shardId-000000000003"};
  lease.startingHashKey = "0";
  lease.endingHashKey = "340282366920938463463374607431768211455";
  lease.startsAt = rt::WallTime(1'767'225'600'123ms);
  lease.incarnation = "worker-a/1";
  lease.wantedBy = "worker-b";
  lease.checkpointOwner = "worker-c";
  lease.throughputKBps = 1.25e-7;
  lease.entityType = "LEASE";
  lease.unknownAttributes = {{"zzz", R"({"L":[{"N":"1.50"},{"M":{"x":{"BOOL":true}}}]})"}};
  row.stream = "orders";
  row.streamCreated = rt::WallTime(1'767'000'000'000ms);
  return row;
}

Item smallestItem() {
  return {{"leaseKey", AttributeValue::string("shardId-000000000002")},
          {"leaseCounter", AttributeValue::number(7)},
          {"checkpoint", AttributeValue::string("TRIM_HORIZON")}};
}

TEST(LeaseRow, KeepsEveryAttribute) {
  const LeaseRow row = fullRow();
  const auto item = itemOf(row);
  ASSERT_TRUE(item) << item.error().message();
  EXPECT_EQ(dynamo::find(*item, "parentShardId")->type(), AttributeValue::Type::kStringSet);
  const auto read = readLeaseRow(*item);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->lease, row.lease);
  EXPECT_EQ(read->stream, row.stream);
  EXPECT_EQ(read->streamCreated, row.streamCreated);
}

TEST(LeaseRow, LeavesOutWhatIsEmpty) {
  LeaseRow row;
  row.lease.leaseKey = "shardId-000000000002";
  const Item item = *itemOf(row);
  std::vector<std::string> names;
  for (const auto& [name, value] : item) names.push_back(name);
  EXPECT_THAT(names, testing::ElementsAre("checkpoint", "checkpointSubSequenceNumber", "leaseCounter",
                                          "leaseKey", "ownerSwitchesSinceCheckpoint"));
}

TEST(LeaseRow, ReadsARowOfSparksReceiver) {
  const auto item = dynamo::parseItem(
      R"({"leaseKey":{"S":"shardId-000000000001"},"leaseOwner":{"S":"host:1b2c"},"leaseCounter":{"N":"12"},
          "checkpoint":{"S":"SHARD_END"},"ownerSwitchesSinceCheckpoint":{"N":"0"},
          "checkpointSubSequenceNumber":{"N":"0"},"parentShardId":{"SS":["shardId-000000000000"]}})");
  const auto read = readLeaseRow(*item);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->lease.leaseOwner, "host:1b2c");
  EXPECT_TRUE(read->lease.checkpoint.isShardEnd());
  EXPECT_EQ(read->lease.parentShardIds, std::set<std::string>{"shardId-000000000000"});
  EXPECT_EQ(read->lease.startingHashKey, "");
  EXPECT_EQ(read->stream, "");
}

TEST(LeaseRow, ToleratesWhatMayBeMissing) {
  Item item = smallestItem();
  item.insert_or_assign("checkpoint", AttributeValue::string("17"));
  item.emplace("leaseOwner", AttributeValue::null());
  item.emplace("parentShardId", AttributeValue::stringSet({}));
  const auto read = readLeaseRow(item);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->lease.checkpoint, Checkpoint::at("17", 0));
  EXPECT_EQ(read->lease.leaseOwner, "");
  EXPECT_TRUE(read->lease.parentShardIds.empty());
}

TEST(LeaseRow, NamesTheAttributeThatMakesARowUnreadable) {
  for (const char* name : {"leaseKey", "leaseCounter", "checkpoint"}) {
    Item item = smallestItem();
    item.erase(name);
    const auto read = readLeaseRow(item);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code(), Code::kForeignTable);
    EXPECT_THAT(read.error().message(), HasSubstr(name));
  }
  const std::vector<std::pair<std::string, AttributeValue>> bad = {
      {"leaseCounter", AttributeValue::string("7")},
      {"leaseCounter", AttributeValue::number(-1)},
      {"leaseCounter", AttributeValue::numberText("9223372036854775807")},
      {"leaseCounter", AttributeValue::numberText("1.5")},
      {"checkpoint", AttributeValue::string("yesterday")},
      {"checkpointSubSequenceNumber", AttributeValue::string("0")},
      {"leaseOwner", AttributeValue::number(1)},
      {"parentShardId", AttributeValue::string("shardId-000000000000")},
      {"parentShardId", AttributeValue::stringSet({"no shard"})},
      {"childShardIds", AttributeValue::list({})},
      {"startingHashKey", AttributeValue::string("12x")},
      {"pendingCheckpoint", AttributeValue::string("soon")},
      {"pendingCheckpointState", AttributeValue::string("text")},
      {"throughputKBps", AttributeValue::numberText("1E300000")},
      {"entityType", AttributeValue::boolean(true)},
      {"xTidemillStartsAt", AttributeValue::number(-1)},
      {"leaseKey", AttributeValue::string("a b")},
  };
  for (const auto& [name, value] : bad) {
    Item item = smallestItem();
    item.insert_or_assign(name, value);
    const auto read = readLeaseRow(item);
    ASSERT_FALSE(read) << name;
    EXPECT_THAT(read.error().message(), HasSubstr("the attribute " + name));
  }
}

TEST(LeaseRow, RefusesUnknownAttributesThatAreNotDynamoDBsJson) {
  for (const char* json : {"", "1", "{}", R"({"S":1})", R"({"S":"a"},"b":{"S":"c"})"}) {
    LeaseRow row = fullRow();
    row.lease.unknownAttributes = {{"zzz", json}};
    const auto item = itemOf(row);
    ASSERT_FALSE(item) << json;
    EXPECT_EQ(item.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(item.error().message(), HasSubstr("zzz"));
  }
  LeaseRow row = fullRow();
  row.lease.unknownAttributes = {{"leaseCounter", R"({"N":"1"})"}};
  EXPECT_FALSE(itemOf(row));
}

TEST(LeaseRow, KnowsTheStreamOfARowThatSeveralStreamsShare) {
  Lease lease;
  lease.leaseKey = "shardId-000000000000";
  EXPECT_EQ(streamOfSharedRow(lease), "");
  lease.leaseKey = "123456789012:orders:1700000000:shardId-000000000000";
  EXPECT_EQ(streamOfSharedRow(lease), "123456789012:orders:1700000000");
  lease.streamName = "123456789012:clicks:1700000000";
  EXPECT_EQ(streamOfSharedRow(lease), "123456789012:clicks:1700000000");
}

TEST(RowPurpose, TellsStateOfTheFleetFromLeases) {
  const auto purpose = [](const char* json) { return purposeOf(*dynamo::parseItem(json)); };
  EXPECT_EQ(purposeOf(smallestItem()), RowPurpose::kLease);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"a"},"entityType":{"S":"LEASE"}})"), RowPurpose::kLease);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"a"},"entityType":{"S":"STREAM"}})"), RowPurpose::kOther);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"a"},"entityType":{"S":"NEWER"},"leaseCounter":{"N":"1"}})"),
            RowPurpose::kOther);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"}})"), RowPurpose::kLeaderLock);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"Leader"},"recordVersionNumber":{"S":"r"}})"),
            RowPurpose::kLeaderLock);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"Migration3.0"},"cv":{"S":"x"}})"), RowPurpose::kClientVersion);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"TableMigration3.5"},"tm":{"S":"x"}})"), RowPurpose::kTableMigration);
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"worker-a"},"lut":{"N":"1"}})"), RowPurpose::kWorkerMetrics);
  // A row of another program: a lease that lacks everything, so that somebody hears of it.
  EXPECT_EQ(purpose(R"({"leaseKey":{"S":"a"},"price":{"N":"1"}})"), RowPurpose::kLease);
}

}  // namespace
}  // namespace tidemill::lease
