#include "lease/shuffle_leader.h"

#include <gtest/gtest.h>

#include <numeric>

namespace tidemill::lease {
namespace {

using namespace std::chrono_literals;

// The numbers expected here were printed by OpenJDK 17: new Random(seed).nextInt(bound) in a row, and
// Collections.shuffle(list, new Random(1947)) of sorted lists.

std::vector<std::int32_t> draws(std::int64_t seed, std::int32_t bound, int count) {
  JavaRandom random(seed);
  std::vector<std::int32_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(random.nextInt(bound));
  return drawn;
}

TEST(JavaRandom, DrawsWhatJavaDraws) {
  EXPECT_EQ(draws(1947, 100, 10), (std::vector<std::int32_t>{63, 25, 95, 69, 2, 18, 61, 0, 65, 95}));
  EXPECT_EQ(draws(1947, 64, 10), (std::vector<std::int32_t>{40, 21, 1, 16, 31, 30, 44, 29, 47, 55}));
  EXPECT_EQ(draws(-5, 1'000'000'007, 6),
            (std::vector<std::int32_t>{578319411, 780466721, 717457953, 737996328, 817965352, 486179378}));
}

TEST(JavaRandom, RejectsTheDrawsThatJavaRejects) {
  // Nearly half of all draws are rejected for this bound.
  EXPECT_EQ(draws(1947, (1 << 30) + 1, 12),
            (std::vector<std::int32_t>{719977525, 63954995, 552873169, 1046619502, 1033571118, 995805700,
                                       980392342, 667615324, 382950964, 615651435, 27003479, 988595900}));
}

std::vector<std::string> numbers(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

TEST(ShuffledAsInJava, GivesJavasOrder) {
  EXPECT_EQ(joined(shuffledAsInJava(numbers(10), JavaRandom(1947))), "8 5 1 6 9 4 2 0 7 3");
  EXPECT_EQ(joined(shuffledAsInJava(numbers(17), JavaRandom(1947))),
            "13 3 10 14 8 4 7 11 1 0 2 12 6 9 15 16 5");
  auto many = shuffledAsInJava(numbers(1000), JavaRandom(1947));
  many.resize(8);
  EXPECT_EQ(joined(many), "748 242 636 433 309 948 874 100");
}

TEST(ShuffledAsInJava, PutsJavasFirstFirstForEverySizeOfFleet) {
  const std::vector<int> firsts = {0,  0, 2, 3, 4, 2, 2, 2,  3,  8, 6,  9,  12, 4,  10, 11, 13, 11, 0,  14,
                                   13, 7, 1, 1, 0, 3, 9, 20, 12, 3, 22, 19, 21, 31, 23, 19, 22, 31, 35, 18};
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const auto shuffled = shuffledAsInJava(numbers(static_cast<int>(i) + 1), JavaRandom(1947));
    EXPECT_EQ(shuffled.front(), std::to_string(firsts[i])) << "of " << i + 1;
  }
}

TEST(IsBeforeInJava, ComparesCodeUnits) {
  const std::string e = "\xC3\xA9", face = "\xF0\x9F\x98\x80", fullwidthTilde = "\xEF\xBD\x9E";
  EXPECT_TRUE(isBeforeInJava("z", e));
  EXPECT_TRUE(isBeforeInJava(e, face));
  EXPECT_TRUE(isBeforeInJava(face, fullwidthTilde));  // Bytes have it the other way round.
  EXPECT_FALSE(isBeforeInJava(fullwidthTilde, face));
  EXPECT_TRUE(isBeforeInJava("a", "aa"));
  EXPECT_FALSE(isBeforeInJava("a", "a"));
}

std::vector<Lease> ownedBy(const std::vector<std::string>& owners) {
  std::vector<Lease> leases;
  for (const std::string& owner : owners) {
    Lease lease;
    lease.leaseKey = "s" + std::to_string(leases.size());
    lease.leaseOwner = owner;
    leases.push_back(lease);
  }
  return leases;
}

TEST(ShuffleLeader, IsJavasWhateverTheOrderOfRows) {
  EXPECT_EQ(shuffleLeader(ownedBy({"worker-d", "worker-c", "worker-e", "worker-a", "worker-b"})), "worker-e");
  EXPECT_EQ(shuffleLeader(ownedBy({"B", "a", "C", "b", "A", "10", "9"})), "A");
}

TEST(ShuffleLeader, CountsAnOwnerOnceAndNobodyNever) {
  EXPECT_EQ(shuffleLeader(ownedBy({"b", "", "a", "c", "b", "b", ""})), "c");
}

TEST(IsLeader, IsEverybodyWhileNobodyOwnsARow) {
  EXPECT_TRUE(isLeader({}, "a"));
  EXPECT_TRUE(isLeader(ownedBy({"", ""}), "a"));
  EXPECT_FALSE(isLeader(ownedBy({"b"}), "a"));
  EXPECT_TRUE(isLeader(ownedBy({"a"}), "a"));
}

TEST(IsLeader, IsNobodyWhoseRowsStandStillForLong) {
  auto leases = ownedBy({"a", "b", "c"});
  LeaseWatch watch;
  watch.observe(leases, rt::TimePoint{});
  leases[0].leaseCounter = leases[1].leaseCounter = 1;
  watch.observe(leases, rt::TimePoint{60s});
  EXPECT_FALSE(isLeader(leases, "a", watch, rt::TimePoint{60s}, 10s));
  EXPECT_TRUE(isLeader(leases, "c", watch, rt::TimePoint{60s}, 10s));
  EXPECT_TRUE(isLeader(leases, "a", watch, rt::TimePoint{61s}, 10s));
}

}  // namespace
}  // namespace tidemill::lease
