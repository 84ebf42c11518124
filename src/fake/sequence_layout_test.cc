#include "fake/sequence_layout.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "fake/hash_key.h"
#include "tidemill/sequence_number.h"

namespace tidemill::fake {
namespace {

TEST(SequenceLayout, HasFiftySixDigitsToday) {
  EXPECT_EQ(formatSequence({1'790'000'000, 1'790'000'000, 0, 0}).size(), 56u);
}

// The difference that recorded streams of AWS show between the first numbers of neighbouring shards:
// 22300745198530623141535718272648361505980432 = 2^144 + 2^4.
TEST(SequenceLayout, PutsTheShardIndexWhereTheServiceDoes) {
  const std::string first = formatSequence({1'790'000'000, 1'790'000'000, 0, 0});
  const std::string second = formatSequence({1'790'000'000, 1'790'000'000, 0, 1});
  // Added by hand, digit by digit: no type is wide enough.
  std::string sum = first;
  const std::string difference = "22300745198530623141535718272648361505980432";
  int carry = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const int add = i < difference.size() ? difference[difference.size() - 1 - i] - '0' : 0;
    const int digit = sum[sum.size() - 1 - i] - '0' + add + carry;
    sum[sum.size() - 1 - i] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  EXPECT_EQ(second, sum);
}

TEST(SequenceLayout, ReadsBackWhatItWrote) {
  base::Random random(1);
  for (int i = 0; i < 1000; ++i) {
    SequenceLayout layout;
    layout.shardSecond = random.between(1'400'000'000, 4'000'000'000);
    layout.recordSecond = random.between(1'400'000'000, 4'000'000'000);
    layout.counter = random.next() & kCounterEnd;
    layout.shardIndex = static_cast<std::uint32_t>(random.below(20'000));
    // No integer of the reader holds one more than the last counter.
    layout.brief = layout.counter < kCounterEnd && random.chance(1, 2);
    const auto parsed = parseSequence(formatSequence(layout));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, layout);
  }
}

TEST(SequenceLayout, GrowsWithTheCounterWhateverTheRecordsClockSays) {
  const std::string earlier = formatSequence({1'790'000'000, 1'790'000'900, 7, 3});
  const std::string later = formatSequence({1'790'000'000, 1'790'000'000, 8, 3});

  EXPECT_EQ(compareSequenceNumbers(earlier, later), std::strong_ordering::less);
}

TEST(SequenceLayout, BriefNumbersDifferInLengthAndGrowAllTheSame) {
  const std::string nine = formatSequence({1'790'000'000, 1'790'000'900, 8, 3, true});
  const std::string ten = formatSequence({1'790'000'000, 1'790'000'000, 9, 3, true});

  EXPECT_EQ(ten.size(), nine.size() + 1);
  EXPECT_LT(ten, nine);  // As text.
  EXPECT_EQ(compareSequenceNumbers(nine, ten), std::strong_ordering::less);
  EXPECT_EQ(formatSequence({1'790'000'000, 1'790'000'000, kCounterEnd, 3, true}).size(), 51u);
}

TEST(SequenceLayout, RefusesOtherNumbers) {
  EXPECT_FALSE(parseSequence(""));
  EXPECT_FALSE(parseSequence("0"));
  EXPECT_FALSE(parseSequence(std::string(56, '9')));
  EXPECT_FALSE(parseSequence(std::string(56, '0')));
  EXPECT_FALSE(parseSequence(std::string(129, '1')));
  std::string number = formatSequence({1'790'000'000, 1'790'000'000, 5, 0});
  number.back() = number.back() == '0' ? '1' : '0';
  EXPECT_FALSE(parseSequence(number));
}

TEST(HashKey, IsTheMd5OfThePartitionKey) {
  // md5("a") = 0cc175b9c0f1b6a831c399e269772661
  EXPECT_EQ(formatHashKey(hashPartitionKey("a")), "16955237001963240173058271559858726497");
}

TEST(HashKey, TakesNumbersBelowTwoToThe128) {
  EXPECT_EQ(parseHashKey("340282366920938463463374607431768211455"), kHashKeyMax);
  EXPECT_FALSE(parseHashKey("340282366920938463463374607431768211456"));
  EXPECT_FALSE(parseHashKey(""));
  EXPECT_FALSE(parseHashKey("1x"));
  EXPECT_EQ(formatHashKey(kHashKeyMax), "340282366920938463463374607431768211455");
  EXPECT_EQ(formatHashKey(0), "0");
}

}  // namespace
}  // namespace tidemill::fake
