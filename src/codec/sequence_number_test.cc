#include "tidemill/sequence_number.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill {
namespace {

TEST(SequenceNumber, IsDecimalOfUpTo129Digits) {
  EXPECT_TRUE(isSequenceNumber("0"));
  EXPECT_TRUE(isSequenceNumber("7"));
  EXPECT_TRUE(isSequenceNumber("49590338271490256608559692538361571095921575989136588898"));
  EXPECT_TRUE(isSequenceNumber(std::string(129, '9')));
  EXPECT_FALSE(isSequenceNumber(std::string(130, '9')));
  EXPECT_FALSE(isSequenceNumber(""));
  EXPECT_FALSE(isSequenceNumber("00"));
  EXPECT_FALSE(isSequenceNumber("01"));
  EXPECT_FALSE(isSequenceNumber("TRIM_HORIZON"));
}

TEST(SequenceNumber, HasDigitsAtEveryPlace) {
  for (const std::size_t size : {1u, 7u, 8u, 9u, 16u, 56u}) {
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, '5');
      for (int byte = 0; byte < 256; ++byte) {
        text[place] = static_cast<char>(byte);
        const bool digit = byte >= '0' && byte <= '9';
        const bool zeroFirst = byte == '0' && place == 0 && size > 1;
        EXPECT_EQ(isSequenceNumber(text), digit && !zeroFirst) << size << " " << place << " " << byte;
      }
    }
  }
}

TEST(SequenceNumber, ComparesAsAnInteger) {
  EXPECT_TRUE(compareSequenceNumbers("9", "10") < 0);
  EXPECT_TRUE(compareSequenceNumbers("10", "9") > 0);
  EXPECT_TRUE(compareSequenceNumbers("10", "10") == 0);
  EXPECT_TRUE(compareSequenceNumbers("010", "10") == 0);
  EXPECT_TRUE(compareSequenceNumbers("0", "000") == 0);
  EXPECT_TRUE(compareSequenceNumbers("0", "1") < 0);
}

TEST(SequenceNumber, ComparesBeyondEveryMachineInteger) {
  const std::string nines(128, '9');
  const std::string power = "1" + std::string(128, '0');

  EXPECT_TRUE(compareSequenceNumbers(nines, power) < 0);
  EXPECT_TRUE(compareSequenceNumbers(power + "", power) == 0);
  EXPECT_TRUE(compareSequenceNumbers(nines.substr(1) + "8", nines) < 0);
}

}  // namespace
}  // namespace tidemill
