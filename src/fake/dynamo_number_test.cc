#include "fake/dynamo_number.h"

#include <gtest/gtest.h>

#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

DynamoNumber number(std::string_view text) {
  return DynamoNumber::parse(text).value();
}

std::string nines(std::size_t count) {
  return std::string(count, '9');
}

constexpr std::string_view kOverflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";
constexpr std::string_view kUnderflow =
    "Number underflow. Attempting to store a number with magnitude smaller than supported range";
constexpr std::string_view kTooLong = "Attempting to store more than 38 significant digits in a Number";

TEST(DynamoNumber, PrintsWithoutExponentAndNeedlessZeros) {
  EXPECT_EQ(number("0").text(), "0");
  EXPECT_EQ(number("-0.00e7").text(), "0");
  EXPECT_EQ(number("0017.500").text(), "17.5");
  EXPECT_EQ(number("-1.50E3").text(), "-1500");
  EXPECT_EQ(number("+12e-4").text(), "0.0012");
  EXPECT_EQ(number(".5").text(), "0.5");
  EXPECT_EQ(number("5.").text(), "5");
  EXPECT_EQ(number("1e20").text(), "100000000000000000000");
}

TEST(DynamoNumber, RefusesWhatIsNoNumber) {
  for (const std::string_view text :
       {"a", "1a", "--1", "1e", "1e+", ".", "-", " 1", "1 ", "1.2.3", "0x10", "NaN"}) {
    EXPECT_EQ(refusalOf(DynamoNumber::parse(text)),
              "The parameter cannot be converted to a numeric value: " + std::string(text));
  }
  EXPECT_EQ(refusalOf(DynamoNumber::parse("")), "The parameter cannot be converted to a numeric value");
}

TEST(DynamoNumber, TakesTheLargestAndTheSmallestButNoMore) {
  EXPECT_EQ(number("9.99E125").text().size(), 126u);
  EXPECT_EQ(refusalOf(DynamoNumber::parse("1E126")), kOverflow);
  EXPECT_EQ(refusalOf(DynamoNumber::parse("-1E126")), kOverflow);
  EXPECT_EQ(number("1E-130").text().size(), 132u);
  EXPECT_EQ(refusalOf(DynamoNumber::parse("9E-131")), kUnderflow);
  EXPECT_EQ(number(nines(38)).text(), nines(38));
  EXPECT_EQ(number("000" + nines(38) + "000").text(), nines(38) + "000");
  EXPECT_EQ(refusalOf(DynamoNumber::parse(nines(39))), kTooLong);
}

TEST(DynamoNumber, ReadsHugeExponentsWithoutOverflow) {
  EXPECT_EQ(refusalOf(DynamoNumber::parse("1e99999999999999999999")), kOverflow);
  EXPECT_EQ(refusalOf(DynamoNumber::parse("1e-99999999999999999999")), kUnderflow);
  EXPECT_EQ(number("0e99999999999999999999").text(), "0");
}

TEST(DynamoNumber, AddsAndSubtractsExactly) {
  EXPECT_EQ(number("0.1").plus(number("0.2"))->text(), "0.3");
  EXPECT_EQ(number("999").plus(number("1"))->text(), "1000");
  EXPECT_EQ(number("5").minus(number("7.25"))->text(), "-2.25");
  EXPECT_EQ(number("-5").minus(number("-5"))->text(), "0");
  EXPECT_EQ(number("-3").plus(number("5"))->text(), "2");
  EXPECT_EQ(number("0").minus(number("4"))->text(), "-4");
  EXPECT_EQ(number("4").plus(number("0"))->text(), "4");
  // A double holds neither of these.
  EXPECT_EQ(number("9007199254740993").plus(number("1"))->text(), "9007199254740994");
}

TEST(DynamoNumber, RefusesSumsThatDoNotFit) {
  EXPECT_EQ(refusalOf(number("1e100").plus(number("1"))), kTooLong);
  EXPECT_EQ(refusalOf(number("9e125").plus(number("1e125"))), kOverflow);
  EXPECT_EQ(number("1e37").plus(number("1"))->text(), "1" + std::string(36, '0') + "1");
}

TEST(DynamoNumber, OrdersByValue) {
  const auto ordered = {"-1e100", "-2", "-1.5", "-0.001", "0",  "1e-130",
                        "0.5",    "1",  "1.01", "9",      "10", "1e125"};
  for (auto a = ordered.begin(); a != ordered.end(); ++a) {
    for (auto b = ordered.begin(); b != ordered.end(); ++b) {
      EXPECT_EQ(number(*a) <=> number(*b), a <=> b) << *a << " and " << *b;
    }
  }
  EXPECT_EQ(number("1.0"), number("100e-2"));
}

TEST(DynamoNumber, CountsAByteForTwoDigits) {
  EXPECT_EQ(number("0").sizeBytes(), 1u);
  EXPECT_EQ(number("1").sizeBytes(), 2u);
  EXPECT_EQ(number("-1").sizeBytes(), 3u);
  EXPECT_EQ(number("12").sizeBytes(), 2u);
  EXPECT_EQ(number("1.2").sizeBytes(), 3u);
  EXPECT_EQ(number(nines(38)).sizeBytes(), 20u);
}

}  // namespace
}  // namespace tidemill::fake
