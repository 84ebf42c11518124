#include "consume/start_plan.h"

#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using lease::Checkpoint;
using lease::Lease;
using Leases = std::map<std::string, Lease>;

void add(Leases& leases, const std::string& key, const std::set<std::string>& parents, Checkpoint checkpoint,
         const std::string& owner = "me") {
  Lease lease;
  lease.leaseKey = key;
  lease.parentShardIds = parents;
  lease.checkpoint = checkpoint;
  lease.leaseOwner = owner;
  leases[key] = lease;
}

using Keys = std::vector<std::string>;

Keys keysOf(const Leases& leases) {
  Keys keys;
  for (const auto& [key, lease] : leases) keys.push_back(key);
  return keys;
}

TEST(StartPlan, StartsAChildOnlyWhenAllItsParentsHaveEnded) {
  Leases leases;
  add(leases, "left", {}, Checkpoint::shardEnd());
  add(leases, "right", {}, Checkpoint::at("7"));
  add(leases, "merged", {"left", "right"}, Checkpoint::trimHorizon());
  EXPECT_EQ(shardsToStart(leases, keysOf(leases), {}), Keys{"right"});

  leases["right"].checkpoint = Checkpoint::shardEnd();
  EXPECT_EQ(shardsToStart(leases, keysOf(leases), {"right"}), Keys{"merged"});
}

TEST(StartPlan, CountsAMissingParentAsEnded) {
  Leases leases;
  add(leases, "child", {"trimmed"}, Checkpoint::trimHorizon());
  EXPECT_EQ(shardsToStart(leases, keysOf(leases), {}), Keys{"child"});
}

TEST(StartPlan, StartsNoChildOfAParentWhoseRowCannotBeRead) {
  Leases leases;
  add(leases, "child", {"edited"}, Checkpoint::trimHorizon());
  EXPECT_TRUE(shardsToStart(leases, keysOf(leases), {}, {.unknown = {"edited"}}).empty());
}

TEST(StartPlan, LeavesWhatIsStartedFinishedOrSomebodyElses) {
  Leases leases;
  add(leases, "started", {}, Checkpoint::at("1"));
  add(leases, "finished", {}, Checkpoint::shardEnd());
  add(leases, "foreign", {}, Checkpoint::at("1"), "you");
  EXPECT_TRUE(shardsToStart(leases, {"finished", "started"}, {"started"}).empty());
}

TEST(StartPosition, IsAtTheRecordOfACheckpointWhateverThePart) {
  for (const std::uint64_t part : {0u, 3u}) {
    lease::Lease lease;
    lease.checkpoint = Checkpoint::at("41", part);
    EXPECT_EQ(positionOf(lease, {}).type, kinesis::IteratorPosition::Type::kAtSequenceNumber);
    EXPECT_EQ(positionOf(lease, {}).sequenceNumber, "41");
  }
}

}  // namespace
}  // namespace tidemill::consume
