#include "sim/workloads/driver_restart.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/workloads/drawn_driver.h"

namespace tidemill::sim {
namespace {

TEST(DriverRestart, PassesWhileEverythingThatItPromisesHappens) {
  const RunSummary summary = runSeeds(driverRestartWorkload(), 1, 24, {});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name : {"crashes",
                           "power_cuts",
                           "stalls",
                           "clock_steps",
                           "lost",
                           "throttled",
                           "splits",
                           "merges",
                           "sync_failures",
                           "clean_stops",
                           "outages",
                           "metadata_damaged",
                           "windows",
                           "states",
                           "across_restarts",
                           "states_restored",
                           "down_times",
                           "store_outages",
                           "metadata_unreadable",
                           "writers_watched",
                           "slow_batches",
                           "claims",
                           "intruders",
                           "leases_lost"}) {
    EXPECT_GT(summary.happened.at(name), 0U) << name;
  }
}

TEST(DriverRestart, NothingHappensInAWorldWithoutFaults) {
  const RunSummary summary =
      runSeeds(driverRestartWorkload(), 1, 6, {.planted = {}, .faults = false, .settings = {}});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name :
       {"crashes", "stalls", "outages", "metadata_unreadable", "store_outages", "leases_lost"})
    EXPECT_EQ(summary.happened.at(name), 0U) << name;
}

TEST(DriverRestart, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    const auto outcome = runTwice(driverRestartWorkload(), seed, {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  }
}

TEST(DrawnDriver, ComesWithEveryDirectoryWindowAndState) {
  std::set<DrawnDriver::Directory> directories;
  std::set<JobShape::Windows> windows;
  std::set<JobShape::State> states;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const DrawnDriver driver = drawDriver(seed, true);
    directories.insert(driver.directory);
    windows.insert(driver.job.windows);
    states.insert(driver.job.state);
    if (driver.directory == DrawnDriver::Directory::kNone) {
      EXPECT_EQ(driver.job.state, JobShape::State::kNone);
    }
  }

  EXPECT_EQ(directories.size(), 3U);
  EXPECT_EQ(windows.size(), 3U);
  EXPECT_EQ(states.size(), 3U);
}

}  // namespace
}  // namespace tidemill::sim
