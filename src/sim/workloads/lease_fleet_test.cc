#include "sim/workloads/lease_fleet.h"

#include <gtest/gtest.h>

namespace tidemill::sim {
namespace {

TEST(LeaseFleet, PassesWhileEverythingThatItPromisesHappens) {
  const RunSummary summary = runSeeds(leaseFleetWorkload(), 1, 6, {});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name : {"crashes", "stalls", "clock_steps", "lost", "lost_requests", "throttled", "splits",
                           "merges", "clean_stops", "owner_changes", "takeovers", "conflicts"}) {
    EXPECT_GT(summary.happened.at(name), 0U) << name;
  }
}

TEST(LeaseFleet, RestsInAWorldWithoutFaults) {
  const RunSummary summary =
      runSeeds(leaseFleetWorkload(), 1, 2, {.planted = {}, .faults = false, .settings = {}});
  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
}

TEST(LeaseFleet, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const auto outcome = runTwice(leaseFleetWorkload(), seed, {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  }
}

}  // namespace
}  // namespace tidemill::sim
