#include "sim/workloads/consumer_fleet.h"

#include <gtest/gtest.h>

namespace tidemill::sim {
namespace {

TEST(ConsumerFleet, PassesWhileHandlersFailAndLeasesMove) {
  const RunSummary summary = runSeeds(consumerFleetWorkload(), 1, 20, {});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name : {"crashes", "stalls", "lost", "splits", "merges", "handler_exceptions",
                           "handler_retries", "dead_letters", "leases_lost", "shutdowns"}) {
    EXPECT_GT(summary.happened.at(name), 0U) << name;
  }
}

TEST(ConsumerFleet, FindsEachPlantedBug) {
  for (const std::string& bug : consumerFleetWorkload().bugs) {
    const RunSummary summary = runSeeds(consumerFleetWorkload(), 1, 10, {.planted = {bug}, .settings = {}});
    EXPECT_GT(summary.failed, 0U) << bug;
  }
}

TEST(ConsumerFleet, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {1U, 2U}) {
    const auto outcome = runTwice(consumerFleetWorkload(), seed, {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  }
}

}  // namespace
}  // namespace tidemill::sim
