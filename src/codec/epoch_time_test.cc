#include "codec/epoch_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace tidemill::codec {
namespace {

TEST(EpochTime, ReadsSecondsExactly) {
  EXPECT_EQ(parseEpochSeconds("1459799926.480"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("1459799926.48"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("1459799926"), 1459799926000);
  EXPECT_EQ(parseEpochSeconds("1.45979992648E9"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("145979992648e-2"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("0"), 0);
  EXPECT_EQ(parseEpochSeconds("-1.5"), -1500);
  // 16 digits are more than a double of seconds keeps.
  EXPECT_EQ(parseEpochSeconds("9007199254740993.001"), 9007199254740993001);
}

TEST(EpochTime, RoundsToTheNearestMillisecond) {
  EXPECT_EQ(parseEpochSeconds("1459799926.4799999"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("1459799926.4804999"), 1459799926480);
  EXPECT_EQ(parseEpochSeconds("0.0005"), 1);
  EXPECT_EQ(parseEpochSeconds("4e-4"), 0);
  EXPECT_EQ(parseEpochSeconds("5e-4"), 1);
  EXPECT_EQ(parseEpochSeconds("9e-5"), 0);
  EXPECT_EQ(parseEpochSeconds("9e-99"), 0);
}

TEST(EpochTime, RefusesWhatIsNoNumberOrDoesNotFit) {
  for (const char* text :
       {"", "-", ".5", "1.", "1e", "1e+", "01", "+1", "1 ", " 1", "1x", "NaN", "0x1", "--1"}) {
    EXPECT_EQ(parseEpochSeconds(text), std::nullopt) << text;
  }
  EXPECT_EQ(parseEpochSeconds("99999999999999999999"), std::nullopt);
  EXPECT_EQ(parseEpochSeconds("1e99"), std::nullopt);
  EXPECT_EQ(parseEpochSeconds("1e100"), std::nullopt);
  EXPECT_EQ(parseEpochSeconds(std::string(65, '0')), std::nullopt);
}

TEST(EpochTime, WritesThreeDigitsBehindThePoint) {
  EXPECT_EQ(formatEpochSeconds(1459799926480), "1459799926.480");
  EXPECT_EQ(formatEpochSeconds(0), "0.000");
  EXPECT_EQ(formatEpochSeconds(7), "0.007");
  EXPECT_EQ(formatEpochSeconds(-1500), "-1.500");
  EXPECT_EQ(formatEpochSeconds(std::numeric_limits<std::int64_t>::min()), "-9223372036854775.808");
}

}  // namespace
}  // namespace tidemill::codec
