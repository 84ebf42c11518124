#include "tidemill/shuffle.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"

namespace tidemill::detail {
namespace {

// State on disk is found by them: a hash must not change from one version to the next.
TEST(Hash, IsTheSameInEveryVersion) {
  EXPECT_EQ(Hash<int>{}(1), 14715694148393790954u);
  EXPECT_EQ(Hash<std::string>{}(""), 10624587416343602170u);
  EXPECT_EQ(Hash<std::string>{}("shardId-000000000000"), 9261475467940041908u);
  EXPECT_EQ((Hash<std::pair<std::string, int>>{}({"a", 1})), 9362725980612773310u);
  EXPECT_EQ((Hash<std::vector<int>>{}({1, 2, 3})), 2932247016037897655u);
}

TEST(Hash, IsEqualForEqualKeys) {
  EXPECT_EQ(Hash<double>{}(0.0), Hash<double>{}(-0.0));
  EXPECT_EQ(Hash<std::string>{}("abc"), Hash<std::string_view>{}("abc"));
  EXPECT_EQ(Hash<int>{}(-5), Hash<std::int64_t>{}(-5));
}

TEST(Hash, TellsCompositesApart) {
  EXPECT_NE((Hash<std::vector<int>>{}({1, 2})), (Hash<std::vector<int>>{}({2, 1})));
  EXPECT_NE((Hash<std::vector<int>>{}({0})), (Hash<std::vector<int>>{}({0, 0})));
  EXPECT_NE((Hash<std::tuple<int, int>>{}({1, 2})), (Hash<std::tuple<int, int>>{}({2, 1})));
  EXPECT_NE((Hash<std::array<int, 2>>{}({1, 2})), (Hash<std::array<int, 2>>{}({2, 1})));
  EXPECT_NE(Hash<std::optional<int>>{}(0), Hash<std::optional<int>>{}(std::nullopt));
  EXPECT_NE(Hash<std::string>{}(std::string("a\0", 2)), Hash<std::string>{}("a"));
}

TEST(Hash, SpreadsNeighboursOverPartitions) {
  for (const std::size_t partitions : {2u, 7u, 32u}) {
    std::vector<int> numbers(partitions);
    std::vector<int> texts(partitions);
    for (int i = 0; i < 10'000; ++i) {
      ++numbers[partitionOfHash(Hash<int>{}(i * 64), partitions)];
      ++texts[partitionOfHash(Hash<std::string>{}("key-" + std::to_string(i)), partitions)];
    }
    const int fair = 10'000 / static_cast<int>(partitions);
    for (std::size_t i = 0; i < partitions; ++i) {
      EXPECT_NEAR(numbers[i], fair, fair / 2) << i << " of " << partitions;
      EXPECT_NEAR(texts[i], fair, fair / 2) << i << " of " << partitions;
    }
  }
}

enum class Color { kRed, kBlue };
struct Place {
  std::string name;
  bool operator==(const Place&) const = default;
};

}  // namespace
}  // namespace tidemill::detail

template <>
struct tidemill::Hash<tidemill::detail::Place> {
  std::uint64_t operator()(const detail::Place& place) const { return Hash<std::string>{}(place.name); }
};

namespace tidemill::detail {
namespace {

TEST(Hash, TakesEnumsAndTypesOfTheUser) {
  EXPECT_NE(Hash<Color>{}(Color::kRed), Hash<Color>{}(Color::kBlue));
  EXPECT_EQ((Hash<std::pair<Place, int>>{}({Place{"x"}, 1})),
            (Hash<std::pair<std::string, int>>{}({"x", 1})));
}

TEST(FlatMap, IsAMapThatKeepsTheOrderOfAdding) {
  base::Random random(7);
  FlatMap<std::uint64_t, int> table;
  std::map<std::uint64_t, int> model;
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t key = random.below(3'000);
    // Few hashes, so that many keys share one.
    const std::uint64_t hash = Hash<std::uint64_t>{}(key % 1'000);
    if (int* found = table.find(hash, key)) {
      *found += i;
      ASSERT_TRUE(model.contains(key));
    } else {
      table.add(hash, std::uint64_t(key), int(i));
      order.push_back(key);
    }
    model[key] += i;
  }
  ASSERT_EQ(table.size(), model.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(table.entries()[i].key, order[i]);
    EXPECT_EQ(table.entries()[i].value, model[order[i]]);
  }
  EXPECT_EQ(table.find(Hash<std::uint64_t>{}(9'999), 9'999), nullptr);
}

TEST(FlatMap, FindsNothingInNothing) {
  FlatMap<std::string, int> table;
  EXPECT_EQ(table.find(1, "a"), nullptr);
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace tidemill::detail
