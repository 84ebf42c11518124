#include "sim/runner.h"

#include <gtest/gtest.h>

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

// Fails on seeds that are multiples of three, or on all if the bug is planted.
SeedOutcome toy(std::uint64_t seed, const WorkloadOptions& options) {
  World world(seed);
  world.runFor(options.time);
  if (seed % 3 == 0 || options.planted.count("toy-bug") > 0) world.violation("I3", "as agreed");
  SeedOutcome outcome = outcomeOf(world);
  outcome.happened = {{"seeds", seed}, {"miracles", 0}};
  return outcome;
}

const Workload kToy{"toy", "fails now and then", {"toy-bug"}, toy};

TEST(RunSeeds, AddsUpOutcomesInTheOrderOfSeeds) {
  std::vector<std::uint64_t> seen;
  const RunSummary summary = runSeeds(
      kToy, 1, 10, {.time = 1s, .planted = {}, .settings = {}},
      [&](const SeedOutcome& outcome) {
        seen.push_back(outcome.seed);
        return true;
      },
      /*failuresKept=*/2);
  EXPECT_EQ(summary.seeds, 10U);
  EXPECT_EQ(summary.failed, 3U);
  ASSERT_EQ(summary.failures.size(), 2U);
  EXPECT_EQ(summary.failures[1].seed, 6U);
  EXPECT_EQ(summary.failures[1].invariant, "I3");
  EXPECT_EQ(summary.failures[1].report.find("FAILED seed=6 invariant=I3"), 0U);
  EXPECT_EQ(summary.happened, (Happened{{"seeds", 55}, {"miracles", 0}}));
  EXPECT_EQ(seen, std::vector<std::uint64_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(RunSeeds, TheHashCoversEverySeed) {
  const WorkloadOptions options{.time = 1s, .planted = {}, .settings = {}};
  EXPECT_EQ(runSeeds(kToy, 1, 5, options).hash, runSeeds(kToy, 1, 5, options).hash);
  EXPECT_NE(runSeeds(kToy, 1, 5, options).hash, runSeeds(kToy, 1, 6, options).hash);
}

TEST(RunSeeds, StopsWhenTheListenerSaysSo) {
  const RunSummary summary = runSeeds(kToy, 1, 100, {.time = 1s, .planted = {}, .settings = {}},
                                      [](const SeedOutcome& outcome) { return !outcome.failed; });
  EXPECT_EQ(summary.seeds, 3U);
}

TEST(RunSeeds, FindsAPlantedBug) {
  const RunSummary summary = runSeeds(kToy, 1, 2, {.time = 1s, .planted = {"toy-bug"}, .settings = {}});
  EXPECT_EQ(summary.failed, 2U);
}

TEST(RunTwice, SeesWhatTheSeedDoesNotDecide) {
  std::uint64_t runs = 0;
  const Workload moody{
      "moody", "depends on how often it ran", {}, [&](std::uint64_t seed, const WorkloadOptions&) {
        World world(seed);
        world.history().add({.at = {}, .node = "n", .kind = "k", .detail = {}, .number = ++runs});
        return outcomeOf(world);
      }};
  EXPECT_TRUE(runTwice(kToy, 1, {.time = 1s, .planted = {}, .settings = {}}));
  const auto moodyRun = runTwice(moody, 1, {});
  ASSERT_FALSE(moodyRun);
  EXPECT_EQ(moodyRun.error().code(), Code::kWrongResult);
  EXPECT_NE(moodyRun.error().message().find("moody seed 1"), std::string::npos);
}

TEST(WorkloadList, FindsByName) {
  WorkloadList list;
  list.add(kToy);
  ASSERT_NE(list.find("toy"), nullptr);
  EXPECT_EQ(list.find("other"), nullptr);
  EXPECT_EQ(list.all().size(), 1U);
}

TEST(History, HashesEveryPartAndKeepsTheLastLines) {
  History history(2);
  EXPECT_TRUE(history.last().empty());
  history.add({.at = rt::TimePoint(1500ms),
               .node = "w1",
               .kind = "net.request",
               .detail = "http://a/b c",
               .bytes = "12345678abc",
               .number = 200});
  EXPECT_EQ(history.last(), std::vector<std::string>(
                                {"     1.500000 w1       net.request    \"http://a/b c\" bytes=11 n=200"}));
  const std::uint64_t first = history.hash();
  for (int i = 0; i < 3; ++i) {
    history.add({.at = rt::TimePoint(2s), .node = "w1", .kind = "k", .detail = "d", .number = 1});
  }
  EXPECT_EQ(history.last().size(), 2U);
  EXPECT_EQ(history.events(), 4U);
  EXPECT_NE(history.hash(), first);

  const auto hashOf = [](std::string_view bytes) { return mixBytes(1, bytes); };
  EXPECT_NE(hashOf("a"), hashOf(std::string_view("a\0", 2)));
  EXPECT_NE(hashOf("abcdefgh"), hashOf("abcdefgi"));
  EXPECT_NE(hashOf(""), 1U);
}

}  // namespace
}  // namespace tidemill::sim
