#include "cli/lease_file.h"

#include <gtest/gtest.h>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

lease::Lease fullLease() {
  lease::Lease lease;
  lease.leaseKey = "shardId-000000000002";
  lease.leaseOwner = "java-7 \"quoted\"\n";
  lease.leaseCounter = 41;
  lease.ownerSwitchesSinceCheckpoint = 2;
  lease.checkpoint = lease::Checkpoint::at("49671246667567228643283430150187087032206582658100953089", 3);
  lease.pendingCheckpoint = lease::Checkpoint::shardEnd();
  lease.pendingCheckpointState = std::string("\0\xff state", 8);
  lease.parentShardIds = {"shardId-000000000000", "shardId-000000000001"};
  lease.childShardIds = {"shardId-000000000005"};
  lease.startingHashKey = "0";
  lease.endingHashKey = "340282366920938463463374607431768211455";
  lease.startsAt = rt::WallTime(1'700'000'000'123ms);
  lease.incarnation = "java-7/1";
  lease.wantedBy = "b";
  lease.checkpointOwner = "c";
  lease.throughputKBps = 0.1 + 0.2;
  lease.entityType = "LEASE";
  lease.streamName = "1:orders:2";
  lease.shardId = "shardId-000000000002";
  lease.unknownAttributes = {{"zzz", R"({"M":{"a":{"SS":["x","y"]}}})"}, {"n", R"({"N":"1E-7"})"}};
  return lease;
}

TEST(LeaseFile, EveryAttributeComesBack) {
  const auto line = writeRow(fullLease());
  ASSERT_TRUE(line) << line.error().message();
  EXPECT_EQ(line->find('\n'), std::string::npos);

  const auto back = readRow(*line);

  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, fullLease());
}

TEST(LeaseFile, WhatIsMissingStaysMissing) {
  lease::Lease lease;
  lease.leaseKey = "k";
  const auto line = writeRow(lease);
  ASSERT_TRUE(line);
  EXPECT_EQ(*line, R"({"leaseKey":"k","leaseCounter":0,"ownerSwitchesSinceCheckpoint":0,)"
                   R"("checkpoint":"TRIM_HORIZON","checkpointSubSequenceNumber":0})");
  EXPECT_EQ(*readRow(*line), lease);
}

TEST(LeaseFile, RefusesToChangeWhatJsonCannotHold) {
  lease::Lease lease = fullLease();
  lease.leaseOwner = "\xff";
  const auto line = writeRow(lease);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code(), Code::kInvalidConfig);
}

TEST(LeaseFile, RefusesRowsThatAreNotWhole) {
  for (const char* line :
       {"", "[]", "{", R"({"leaseCounter":0,"checkpoint":"LATEST"})",
        R"({"leaseKey":"k","checkpoint":"LATEST"})", R"({"leaseKey":"k","leaseCounter":0})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"half way"})",
        R"({"leaseKey":"k","leaseCounter":"0","checkpoint":"LATEST"})",
        R"({"leaseKey":7,"leaseCounter":0,"checkpoint":"LATEST"})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","parentShardId":"p"})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","parentShardId":[7]})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","pendingCheckpointState":"!"})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","throughputKBps":"fast"})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"12","checkpointSubSequenceNumber":-1})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","unknownAttributes":{"z":7}})",
        R"({"leaseKey":"k","leaseCounter":0,"checkpoint":"LATEST","later":7})"}) {
    const auto row = readRow(line);
    ASSERT_FALSE(row) << line;
    EXPECT_EQ(row.error().code(), Code::kInvalidConfig) << line;
    EXPECT_FALSE(row.error().hint().empty());
  }
}

TEST(LeaseFile, TheHeadComesBackAndOtherVersionsAreRefused) {
  const LeaseFileHead head{"words", "orders", 2};
  EXPECT_EQ(*readHead(writeHead(head)), head);
  EXPECT_EQ(*readHead(writeHead({"words", "", 0})), (LeaseFileHead{"words", "", 0}));

  const auto newer = readHead(R"({"format":"tidemill-leases","version":2,"application":"a","leases":0})");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().message(), "it is an export of version 2, and this program knows version 1");
  EXPECT_FALSE(readHead(R"({"version":1,"leases":0})"));
  EXPECT_FALSE(readHead(R"({"format":"tidemill-leases","version":1,"leases":-1})"));
}

TEST(LeaseFile, NamesWhatSqliteCannotKeep) {
  EXPECT_EQ(beyondSqlite(fullLease()),
            (std::vector<std::string>{"checkpointOwner", "throughputKBps", "entityType", "streamName",
                                      "shardId", "n", "zzz"}));
  lease::Lease lease;
  lease.startsAt = rt::WallTime(1ms);
  lease.incarnation = "w/1";
  EXPECT_TRUE(beyondSqlite(lease).empty());
}

TEST(ImportPlan, MakesOnlyWhatIsNotThere) {
  lease::Lease one = fullLease();
  lease::Lease two = fullLease();
  two.leaseKey = "two";
  lease::Lease three = fullLease();
  three.leaseKey = "three";
  lease::Lease moved = two;
  ++moved.leaseCounter;

  const ImportPlan plan = importPlan({one, two, three}, {one, moved});

  EXPECT_EQ(plan.create, std::vector<lease::Lease>{three});
  EXPECT_EQ(plan.equal, std::vector<std::string>{one.leaseKey});
  EXPECT_EQ(plan.different, std::vector<std::string>{"two"});
}

}  // namespace
}  // namespace tidemill::cli
