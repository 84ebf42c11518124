#include "base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemill::base {
namespace {

using Parts = std::vector<std::string_view>;

TEST(QuoteIfNeeded, LeavesPlainTextAlone) {
  EXPECT_EQ(quoteIfNeeded("shardId-000000000000"), "shardId-000000000000");
  EXPECT_EQ(quoteIfNeeded("http://127.0.0.1:4567/a?b"), "http://127.0.0.1:4567/a?b");
}

TEST(QuoteIfNeeded, QuotesWhatWouldBeMisread) {
  EXPECT_EQ(quoteIfNeeded(""), "\"\"");
  EXPECT_EQ(quoteIfNeeded("two words"), "\"two words\"");
  EXPECT_EQ(quoteIfNeeded("a=b"), "\"a=b\"");
  EXPECT_EQ(quoteIfNeeded("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(quoteIfNeeded("back\\slash"), "\"back\\\\slash\"");
}

TEST(QuoteIfNeeded, EscapesEveryControlCharacter) {
  EXPECT_EQ(quoteIfNeeded("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(quoteIfNeeded(std::string_view("\0\x01\x1b\x7f", 4)), "\"\\x00\\x01\\x1b\\x7f\"");
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (const char out : quoteIfNeeded({&c, 1})) {
      EXPECT_FALSE(static_cast<unsigned char>(out) < 0x20 || out == 0x7f) << "byte " << byte;
    }
  }
}

TEST(QuoteIfNeeded, KeepsLettersOfOtherAlphabets) {
  EXPECT_EQ(quoteIfNeeded("Gezeitenmühle"), "\"Gezeitenmühle\"");
}

TEST(QuoteIfNeeded, CutsWhatIsTooLong) {
  EXPECT_EQ(quoteIfNeeded(std::string(512, 'a')), std::string(512, 'a'));
  EXPECT_EQ(quoteIfNeeded(std::string(513, 'a')), "\"" + std::string(512, 'a') + "…\"");
  EXPECT_LT(quoteIfNeeded(std::string(1 << 20, '\n')).size(), 1100u);
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,b,c", ','), (Parts{"a", "b", "c"}));
  EXPECT_EQ(split("a,,b", ','), (Parts{"a", "", "b"}));
  EXPECT_EQ(split(",", ','), (Parts{"", ""}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(split("alone", ','), (Parts{"alone"}));
}

TEST(Trim, RemovesBlanksAtBothEndsOnly) {
  EXPECT_EQ(trim("  a b \t\r\n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(ToLower, ChangesAsciiLettersOnly) {
  EXPECT_EQ(toLower("Content-Type"), "content-type");
  EXPECT_EQ(toLower("AZ[@`az09"), "az[@`az09");
  EXPECT_EQ(toLower("\xc3\x9c"), "\xc3\x9c");
}

TEST(EqualsIgnoringCase, ForgivesTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(equalsIgnoringCase("X-Amz-Date", "x-aMZ-date"));
  EXPECT_TRUE(equalsIgnoringCase("", ""));
  EXPECT_FALSE(equalsIgnoringCase("date", "dates"));
  EXPECT_FALSE(equalsIgnoringCase("@[", "`{"));
}

TEST(ParseInteger, TakesWholeNumbers) {
  EXPECT_EQ(parseInteger("0"), 0);
  EXPECT_EQ(parseInteger("-17"), -17);
  EXPECT_EQ(parseInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parseInteger("-9223372036854775808"), INT64_MIN);
}

TEST(ParseInteger, RefusesEverythingElse) {
  for (const std::string_view text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "abc",
                                      "9223372036854775808", "-9223372036854775809", "1\n"}) {
    EXPECT_EQ(parseInteger(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(parseInteger(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ToHex, WritesTwoLowerCaseDigitsForEachByte) {
  EXPECT_EQ(toHex(""), "");
  EXPECT_EQ(toHex(std::string_view("\x00\x0f\xa5\xff", 4)), "000fa5ff");
}

TEST(EditDistance, CountsSingleEdits) {
  EXPECT_EQ(editDistance("", ""), 0u);
  EXPECT_EQ(editDistance("tide", "tide"), 0u);
  EXPECT_EQ(editDistance("", "mill"), 4u);
  EXPECT_EQ(editDistance("mill", ""), 4u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(editDistance("flaw", "lawn"), 2u);
  EXPECT_EQ(editDistance("spark.streaming.blockIntervall", "spark.streaming.blockInterval"), 1u);
}

TEST(EditDistance, IsTheSameBothWays) {
  EXPECT_EQ(editDistance("checkpoint", "chekpionts"), editDistance("chekpionts", "checkpoint"));
}

}  // namespace
}  // namespace tidemill::base
