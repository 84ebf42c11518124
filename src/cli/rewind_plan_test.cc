#include "cli/rewind_plan.h"

#include <gtest/gtest.h>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

lease::Lease leaseAt(const Checkpoint& checkpoint) {
  lease::Lease lease;
  lease.leaseKey = "shard-1";
  lease.checkpoint = checkpoint;
  return lease;
}

bool moves(const Checkpoint& from, const Checkpoint& to) {
  return rewindStep(leaseAt(from), to, std::nullopt).moves();
}

TEST(RewindTarget, IsTheHorizonATimeOrANumber) {
  EXPECT_EQ(parseRewindTarget("TRIM_HORIZON")->kind, RewindTarget::Kind::kTrimHorizon);
  const auto number = parseRewindTarget("49671246667567228643283430150187087032206582658100953089");
  EXPECT_EQ(number->kind, RewindTarget::Kind::kSequenceNumber);
  EXPECT_EQ(number->sequenceNumber, "49671246667567228643283430150187087032206582658100953089");
  const auto time = parseRewindTarget("1970-01-01T00:00:01Z");
  EXPECT_EQ(time->kind, RewindTarget::Kind::kTime);
  EXPECT_EQ(time->time, rt::WallTime(1s));
  EXPECT_EQ(parseRewindTarget("AT_TIMESTAMP=1500")->time, rt::WallTime(1500ms));
}

TEST(RewindTarget, IsNothingElse) {
  for (const char* text : {"", "LATEST", "SHARD_END", "-1", "12a", "yesterday", "2026-13-01T00:00:00Z"}) {
    const auto target = parseRewindTarget(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code(), Code::kUsage);
  }
}

TEST(RewindStep, MovesEverythingToTheHorizonButWhatIsThere) {
  EXPECT_TRUE(moves(Checkpoint::at("7"), Checkpoint::trimHorizon()));
  EXPECT_TRUE(moves(Checkpoint::shardEnd(), Checkpoint::trimHorizon()));
  EXPECT_TRUE(moves(Checkpoint::latest(), Checkpoint::trimHorizon()));
  EXPECT_TRUE(moves(Checkpoint::atTimestamp(), Checkpoint::trimHorizon()));
  EXPECT_FALSE(moves(Checkpoint::trimHorizon(), Checkpoint::trimHorizon()));
}

TEST(RewindStep, NeverMovesForwards) {
  EXPECT_TRUE(moves(Checkpoint::at("10"), Checkpoint::at("9")));
  EXPECT_TRUE(moves(Checkpoint::at("10", 1), Checkpoint::at("10")));
  EXPECT_FALSE(moves(Checkpoint::at("9"), Checkpoint::at("10")));
  EXPECT_FALSE(moves(Checkpoint::at("10"), Checkpoint::at("10")));
  EXPECT_TRUE(moves(Checkpoint::shardEnd(), Checkpoint::at("9")));
  EXPECT_FALSE(moves(Checkpoint::at("9"), Checkpoint::shardEnd()));
  EXPECT_FALSE(moves(Checkpoint::trimHorizon(), Checkpoint::at("9")));
}

TEST(RewindStep, ComparesTimesWhereALeaseHasNotBegun) {
  lease::Lease lease = leaseAt(Checkpoint::latest());
  EXPECT_TRUE(rewindStep(lease, Checkpoint::at("9"), rt::WallTime(5s)).moves()) << "no tip is earlier";
  lease.startsAt = rt::WallTime(6s);
  EXPECT_TRUE(rewindStep(lease, Checkpoint::at("9"), rt::WallTime(5s)).moves());
  EXPECT_FALSE(rewindStep(lease, Checkpoint::at("9"), rt::WallTime(6s)).moves());
  EXPECT_FALSE(rewindStep(lease, Checkpoint::at("9"), std::nullopt).moves()) << "it might skip records";
  EXPECT_FALSE(rewindStep(leaseAt(Checkpoint::atTimestamp()), Checkpoint::at("9"), rt::WallTime(5s)).moves());
}

RewindPlan planOf(std::vector<std::optional<Repeats>> repeats) {
  RewindPlan plan;
  plan.application = "words";
  plan.target = "TRIM_HORIZON";
  for (const auto& one : repeats) {
    plan.steps.push_back(rewindStep(leaseAt(Checkpoint::at("7", 2)), Checkpoint::trimHorizon(), {}));
    plan.steps.back().repeats = one;
  }
  return plan;
}

TEST(RewindPlan, AddsUpWhatIsKnown) {
  EXPECT_EQ(planOf({Repeats{2, 20, true}, Repeats{3, 30, true}}).repeats(), (Repeats{5, 50, true}));
  EXPECT_EQ(planOf({Repeats{2, 20, true}, Repeats{3, 30, false}}).repeats(), (Repeats{5, 50, false}));
  EXPECT_EQ(planOf({Repeats{2, 20, true}, std::nullopt}).repeats(), (Repeats{2, 20, false}));
  EXPECT_EQ(planOf({std::nullopt}).repeats(), std::nullopt);
  EXPECT_EQ(planOf({}).repeats(), (Repeats{0, 0, true}));
}

TEST(RewindPlan, IsALineForEachLease) {
  RewindPlan plan = planOf({Repeats{2, 20, false}, std::nullopt});
  plan.steps.push_back(rewindStep(leaseAt(Checkpoint::trimHorizon()), Checkpoint::trimHorizon(), {}));
  plan.withoutLease = {"shard-0"};

  EXPECT_EQ(planLines(plan),
            (std::vector<std::string>{
                "rewind: shard-1 from 7/2 to TRIM_HORIZON repeats records=>=2 bytes=>=20",
                "rewind: shard-1 from 7/2 to TRIM_HORIZON repeats records=unknown bytes=unknown",
                "stays: shard-1 at TRIM_HORIZON: it is there",
                "no lease: shard-0: what it holds is not read again",
            }));
  EXPECT_EQ(plan.moving(), 2u);
}

TEST(RewindPlan, AsJsonLeavesOutWhatIsNotKnown) {
  EXPECT_EQ(planDocument(planOf({std::nullopt}), 1),
            R"({"application":"words","to":"TRIM_HORIZON","leases":[{"key":"shard-1","from":"7",)"
            R"("fromSubSequenceNumber":2,"to":"TRIM_HORIZON"}],"withoutLease":[],"moving":1,"rewound":1})");
  EXPECT_EQ(planDocument(planOf({Repeats{2, 20, true}}), 0),
            R"({"application":"words","to":"TRIM_HORIZON","leases":[{"key":"shard-1","from":"7",)"
            R"("fromSubSequenceNumber":2,"to":"TRIM_HORIZON","records":2,"bytes":20,"complete":true}],)"
            R"("withoutLease":[],"records":2,"bytes":20,"complete":true,"moving":1,"rewound":0})");
}

}  // namespace
}  // namespace tidemill::cli
