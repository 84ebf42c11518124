#include "codec/cbor_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tidemill::codec {
namespace {

using namespace std::literals;
using testing::HasSubstr;

CborValue parsed(std::string_view bytes) {
  auto value = parseCbor(bytes);
  if (!value) ADD_FAILURE() << value.error().what();
  return value.value_or(CborValue());
}

void expectRefused(std::string_view bytes, const std::string& problem, CborLimits limits = {}) {
  const auto value = parseCbor(bytes, limits);
  ASSERT_FALSE(value) << problem;
  EXPECT_EQ(value.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(value.error().message(), HasSubstr(problem));
}

// RFC 8949, appendix A.
TEST(CborValue, ReadsIntegersOfEveryWidth) {
  EXPECT_EQ(*parsed("\x17"sv).integer(), 23);
  EXPECT_EQ(*parsed("\x18\x64"sv).integer(), 100);
  EXPECT_EQ(*parsed("\x19\x03\xe8"sv).integer(), 1000);
  EXPECT_EQ(*parsed("\x1a\x00\x0f\x42\x40"sv).integer(), 1000000);
  EXPECT_EQ(*parsed("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00"sv).integer(), 1000000000000);
  EXPECT_EQ(*parsed("\x39\x03\xe7"sv).integer(), -1000);
  EXPECT_EQ(*parsed("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"sv).integer(),
            std::numeric_limits<std::int64_t>::min());
  // A number may be written wider than needed.
  EXPECT_EQ(*parsed("\x1b\x00\x00\x00\x00\x00\x00\x00\x07"sv).integer(), 7);
  expectRefused("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"sv, "64 bits");
}

TEST(CborValue, ReadsFloatingPointNumbersOfEveryWidth) {
  EXPECT_EQ(*parsed("\xf9\x3c\x00"sv).real(), 1.0);
  EXPECT_EQ(*parsed("\xf9\xc4\x00"sv).real(), -4.0);
  EXPECT_EQ(*parsed("\xf9\x00\x01"sv).real(), 5.960464477539063e-8);
  EXPECT_EQ(*parsed("\xf9\x7c\x00"sv).real(), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*parsed("\xf9\x7e\x00"sv).real()));
  EXPECT_EQ(*parsed("\xfa\x47\xc3\x50\x00"sv).real(), 100000.0);
  EXPECT_EQ(*parsed("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"sv).real(), 1.1);
}

TEST(CborValue, ReadsSimpleValues) {
  EXPECT_EQ(*parsed("\xf5"sv).boolean(), true);
  EXPECT_EQ(*parsed("\xf4"sv).boolean(), false);
  EXPECT_TRUE(parsed("\xf6"sv).isNull());
  EXPECT_TRUE(parsed("\xf7"sv).isNull());
}

TEST(CborValue, ReadsStringsWholeAndInChunks) {
  EXPECT_EQ(*parsed("\x63"
                    "abc"sv)
                 .text(),
            "abc");
  EXPECT_EQ(*parsed("\x7f\x61"
                    "a\x60\x62"
                    "bc\xff"sv)
                 .text(),
            "abc");
  EXPECT_EQ(*parsed("\x5f\x42\x00\x01\x41\x02\xff"sv).bytes(), "\x00\x01\x02"sv);
  EXPECT_EQ(parsed("\x43"
                   "abc"sv)
                .text(),
            nullptr);
  expectRefused(
      "\x7f\x41"
      "a\xff"sv,
      "another kind");
  expectRefused(
      "\x7f\x7f\x61"
      "a\xff\xff"sv,
      "another kind");
  expectRefused(
      "\x7f\x61"
      "a"sv,
      "ends in the middle");
}

TEST(CborValue, TakesTagOneAsMillisecondsAndDropsOtherTags) {
  EXPECT_EQ(parsed("\xc1\x1b\x00\x00\x01\xa0\x13\xac\xcc\x38"sv).timestamp()->milliseconds, 1787036486712);
  EXPECT_EQ(*parsed("\xd8\x20\x61"
                    "a"sv)
                 .text(),
            "a");
  expectRefused("\xc1\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"sv, "not an integer");
}

TEST(CborValue, FindsMembers) {
  const CborValue map = parsed(
      "\xbf\x61"
      "a\x01\x61"
      "b\xf6\xff"sv);

  EXPECT_EQ(*map.find("a")->integer(), 1);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(map.find("c"), nullptr);
  EXPECT_EQ(parsed("\x01"sv).find("a"), nullptr);
  EXPECT_EQ(map.kindName(), "a map");
  EXPECT_EQ(map, parsed("\xa2\x61"
                        "a\x01\x61"
                        "b\xf6"sv));
}

TEST(CborValue, RefusesWhatIsMalformed) {
  expectRefused(""sv, "ends in the middle");
  expectRefused("\x01\x01"sv, "follow");
  expectRefused("\xff"sv, "");
  expectRefused("\x1c"sv, "reserved");
  expectRefused("\x1f"sv, "indefinite");
  expectRefused("\xa1\x01\x01"sv, "text");
  expectRefused(
      "\xa2\x61"
      "a\x01\x61"
      "a\x02"sv,
      "twice");
  expectRefused(
      "\xbf\x61"
      "a\xff"sv,
      "");
  expectRefused("\xf8\x20"sv, "number");
}

TEST(CborValue, KeepsItsLimits) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '\x81') + "\x01"; };

  EXPECT_TRUE(parseCbor(nested(32)));
  expectRefused(nested(33), "nested too deeply");
  expectRefused(std::string(100'000, '\xc0') + "\x01", "nested too deeply");
  EXPECT_TRUE(parseCbor("\x82\x01\x02", {.valuesMax = 3}));
  expectRefused("\x82\x01\x02", "more values", {.valuesMax = 2});
}

}  // namespace
}  // namespace tidemill::codec
