#include "cli/lease_report.h"

#include <gtest/gtest.h>

#include <simdjson.h>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

// One row with everything, one with nothing, and two that are no leases.
LeaseReport reportOfAll() {
  lease::Lease full;
  full.leaseKey = "shardId-000000000002";
  full.leaseOwner = "java\n7";
  full.leaseCounter = 41;
  full.checkpoint = lease::Checkpoint::at("4967", 3);
  full.pendingCheckpoint = lease::Checkpoint::at("4970");
  full.parentShardIds = {"shardId-000000000000", "shardId-000000000001"};
  full.startingHashKey = "0";
  full.endingHashKey = "9";
  full.startsAt = rt::WallTime(5ms);
  full.unknownAttributes = {{"zzz", R"({"S":"secret"})"}};
  lease::Lease bare;
  bare.leaseKey = "shardId-000000000003";
  LeaseReport report;
  report.application = "words";
  report.stream = "orders";
  report.observation.look({{full, bare}, {{"b\nad", "no counter"}}, {"Leader"}}, rt::TimePoint(0s));
  report.observation.look({{full, bare}, {{"b\nad", "no counter"}}, {"Leader"}}, rt::TimePoint(4s));
  report.lagMilliseconds = {{"shardId-000000000002", 1300}};
  return report;
}

TEST(LeaseTable, HasALineForEveryRowWhateverItHolds) {
  EXPECT_EQ(
      leaseTable(reportOfAll()),
      (std::vector<std::string>{
          "SHARD                 PARENTS                                    OWNER    COUNTER  CHECKPOINT    "
          "AGE     LAG",
          R"(shardId-000000000002  shardId-000000000000,shardId-000000000001  java\n7  41       4967/3        )"
          ">=4.0s  1.3s",
          "shardId-000000000003  -                                          -        0        TRIM_HORIZON  "
          "-       -",
          R"(unreadable: "b\nad": no counter)",
          "no lease: Leader",
      }));
}

TEST(LeaseTable, CallsAnOwnerAliveThatHasMoved) {
  LeaseReport report = reportOfAll();
  lease::LeaseListing listing = report.observation.listing();
  ++listing.leases.front().leaseCounter;
  report.observation.look(listing, rt::TimePoint(5s));

  EXPECT_NE(leaseTable(report)[1].find("  alive  "), std::string::npos);
}

TEST(LeaseTable, OfNothingIsItsHeading) {
  EXPECT_EQ(leaseTable(LeaseReport()).size(), 1u);
}

TEST(LeaseDocument, NamesUnknownAttributesAndKeepsTheirValues) {
  const std::string document = leaseDocument(reportOfAll());
  simdjson::dom::parser parser;
  const simdjson::dom::element read = parser.parse(document);

  const simdjson::dom::element lease = read["leases"].at(0);
  EXPECT_EQ(std::string_view(lease["key"]), "shardId-000000000002");
  EXPECT_EQ(std::string_view(lease["owner"]), "java\n7");
  EXPECT_EQ(std::int64_t(lease["counter"]), 41);
  EXPECT_EQ(std::string_view(lease["checkpoint"]), "4967");
  EXPECT_EQ(std::int64_t(lease["subSequenceNumber"]), 3);
  EXPECT_EQ(std::string_view(lease["pendingCheckpoint"]), "4970");
  EXPECT_EQ(std::string_view(lease["parents"].at(1)), "shardId-000000000001");
  EXPECT_EQ(std::string_view(lease["unknownAttributes"].at(0)), "zzz");
  EXPECT_FALSE(bool(lease["alive"]));
  EXPECT_EQ(std::int64_t(lease["unchangedMs"]), 4000);
  EXPECT_EQ(std::int64_t(lease["lagMs"]), 1300);
  EXPECT_EQ(document.find("secret"), std::string::npos);
}

TEST(LeaseDocument, LeavesOutWhatARowDoesNotHave) {
  const std::string document = leaseDocument(reportOfAll());
  simdjson::dom::parser parser;
  const simdjson::dom::element read = parser.parse(document);

  const simdjson::dom::element bare = read["leases"].at(1);
  for (const char* name : {"owner", "pendingCheckpoint", "startingHashKey", "startsAt", "alive", "lagMs"})
    EXPECT_TRUE(bare[name].error()) << name;
  EXPECT_EQ(bare["parents"].get_array().size(), 0u);
  EXPECT_EQ(std::string_view(read["unreadable"].at(0)["reason"]), "no counter");
  EXPECT_EQ(std::string_view(read["otherRows"].at(0)), "Leader");
}

}  // namespace
}  // namespace tidemill::cli
