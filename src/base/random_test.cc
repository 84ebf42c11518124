#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <set>
#include <vector>

namespace tidemill::base {
namespace {

std::vector<std::uint64_t> draw(Random random, int count) {
  std::vector<std::uint64_t> values;
  for (int i = 0; i < count; ++i) values.push_back(random.next());
  return values;
}

// The seeds of simulated runs are written down in reports: they must mean the same for ever, with every
// compiler.
TEST(RandomNext, GivesTheseValuesForSeed1OnEveryMachine) {
  EXPECT_EQ(draw(Random(1), 4),
            (std::vector<std::uint64_t>{12966619160104079557ULL, 9600361134598540522ULL,
                                        10590380919521690900ULL, 7218738570589545383ULL}));
}

TEST(RandomNext, StartsDifferentlyForNeighbouringSeeds) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) firsts.insert(Random(seed).next());
  EXPECT_EQ(firsts.size(), 1000u);
}

TEST(RandomNext, WorksForSeedZero) {
  const auto values = draw(Random(0), 100);
  EXPECT_EQ(std::set<std::uint64_t>(values.begin(), values.end()).size(), 100u);
}

TEST(RandomBelow, IsTheRemainderOfTheDraw) {
  for (const std::uint64_t bound : {1ULL, 2ULL, 16ULL, 1000ULL, 1ULL << 40}) {
    Random random(3);
    for (const std::uint64_t drawn : draw(Random(3), 20)) EXPECT_EQ(random.below(bound), drawn % bound);
  }
}

TEST(RandomBelow, StaysBelowItsBoundAndReachesEveryValue) {
  Random random(7);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.below(10);
    ASSERT_LT(value, 10u);
    ++seen[value];
  }
  // The seed is fixed, so this is no statistical test: it fails only if drawing changes.
  for (const int count : seen) {
    EXPECT_GT(count, 900);
    EXPECT_LT(count, 1100);
  }
}

TEST(RandomBelow, OfOneIsZero) {
  Random random(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomBelow, TakesTheLargestBound) {
  Random random(7);
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(RandomBelowDeathTest, RefusesAnEmptyRange) {
  Random random(7);
  EXPECT_DEATH(random.below(0), "bound > 0");
}

TEST(RandomBetween, IncludesBothEnds) {
  Random random(3);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 2));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
}

TEST(RandomBetween, CoversTheWholeRangeWithoutOverflow) {
  Random random(3);
  bool negative = false;
  bool positive = false;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t value = random.between(INT64_MIN, INT64_MAX);
    negative = negative || value < 0;
    positive = positive || value > 0;
  }
  EXPECT_TRUE(negative && positive);
  EXPECT_EQ(random.between(INT64_MAX, INT64_MAX), INT64_MAX);
}

TEST(RandomChance, IsCertainAtItsEnds) {
  Random random(5);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(random.chance(1, 1));
    EXPECT_FALSE(random.chance(0, 10));
  }
}

TEST(RandomChance, HitsAboutAsOftenAsSaid) {
  Random random(5);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) hits += random.chance(1, 4) ? 1 : 0;
  EXPECT_GT(hits, 2400);
  EXPECT_LT(hits, 2600);
}

TEST(RandomFork, IsNotDisturbedByDrawsOfItsParent) {
  Random quiet(9);
  Random busy(9);
  Random ofQuiet = quiet.fork();
  Random ofBusy = busy.fork();

  for (int i = 0; i < 10; ++i) busy.next();

  EXPECT_EQ(draw(ofQuiet, 5), draw(ofBusy, 5));
}

TEST(RandomFork, DrawsOtherValuesThanItsParent) {
  Random parent(9);
  Random child = parent.fork();
  EXPECT_NE(draw(child, 5), draw(parent, 5));
}

TEST(RandomUuid, HasTheLayoutOfVersion4) {
  Random random(11);
  const std::regex layout("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = random.uuid();
    EXPECT_TRUE(std::regex_match(uuid, layout)) << uuid;
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(RandomSeed, DiffersFromCallToCall) {
  const std::uint64_t first = randomSeed();
  EXPECT_NE(first, randomSeed());
}

}  // namespace
}  // namespace tidemill::base
