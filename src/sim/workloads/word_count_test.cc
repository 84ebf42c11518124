#include "sim/workloads/word_count.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "sim/workloads/drawn_start.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

TEST(WordCount, PassesWhileEverythingThatItPromisesHappens) {
  const RunSummary summary = runSeeds(wordCountWorkload(), 1, 20, {});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name : {"crashes", "stalls", "clock_steps", "lost", "lost_requests", "resets",
                           "server_errors", "throttled", "expired", "bare_ends", "splits", "merges"}) {
    EXPECT_GT(summary.happened.at(name), 0U) << name;
  }
}

TEST(WordCount, NothingHappensInAWorldWithoutFaults) {
  const RunSummary summary =
      runSeeds(wordCountWorkload(), 1, 3, {.planted = {}, .faults = false, .settings = {}});

  EXPECT_EQ(summary.failed, 0U) << (summary.failures.empty() ? "" : summary.failures[0].report);
  for (const char* name : {"crashes", "stalls", "clock_steps", "lost", "resets", "expired"}) {
    EXPECT_EQ(summary.happened.at(name), 0U) << name;
  }
  EXPECT_GT(summary.happened.at("splits") + summary.happened.at("merges"), 0U);
}

TEST(WordCount, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const auto outcome = runTwice(wordCountWorkload(), seed, {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  }
}

TEST(DrawnStart, ComesAtEveryPositionAndWithClocksAheadAndBehind) {
  std::set<KinesisInitialPosition::Kind> kinds;
  std::set<int> signs;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const DrawnStart start = drawStart(seed, rt::WallTime(1s), 120s, true);
    kinds.insert(start.position.kind());
    signs.insert(start.clockOffset < 0ms ? -1 : start.clockOffset > 0ms ? 1 : 0);
    EXPECT_EQ(start.position.kind() == KinesisInitialPosition::Kind::kTrimHorizon, start.delay == 0s);
  }

  EXPECT_EQ(kinds.size(), 3U);
  EXPECT_EQ(signs.size(), 3U);
}

}  // namespace
}  // namespace tidemill::sim
