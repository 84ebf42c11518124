#include "sim/workloads/block_recovery.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/workloads/drawn_store.h"

namespace tidemill::sim {
namespace {

TEST(BlockRecovery, PassesWhileEverythingThatItPromisesHappens) {
  const RunSummary summary = runSeeds(blockRecoveryWorkload(), 1, 20, {});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name :
       {"crashes",        "power_cuts",         "stalls",        "clock_steps",   "lost",
        "resets",         "throttled",          "expired",       "splits",        "merges",
        "blocks_lost",    "blocks_rebuilt",     "blocks_left",   "store_full",    "stored",
        "memory_used",    "losses_told",        "records_named", "sync_failures", "flipped",
        "copies_damaged", "damaged_aggregates", "held",          "clean_stops"}) {
    EXPECT_GT(summary.happened.at(name), 0U) << name;
  }
}

TEST(BlockRecovery, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto outcome = runTwice(blockRecoveryWorkload(), seed, {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  }
}

TEST(DrawnStore, ComesWithEveryLevelAndFollowsTheStoreOnlyWithDisks) {
  std::set<StorageLevel> levels;
  std::set<bool> stored;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const DrawnStore store = drawStore(seed, true);
    levels.insert(store.level);
    stored.insert(store.afterStored);
    if (store.afterStored) {
      EXPECT_TRUE(traitsOf(store.level).disk);
      EXPECT_EQ(store.nodes, 1);
    }
  }

  EXPECT_EQ(levels.size(), 13U);
  EXPECT_EQ(stored.size(), 2U);
}

}  // namespace
}  // namespace tidemill::sim
