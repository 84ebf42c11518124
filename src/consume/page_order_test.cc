#include "consume/page_order.h"

#include <gtest/gtest.h>

#include "consume/scripted_kinesis.h"

namespace tidemill::consume {
namespace {

std::string numbersOf(const codec::RecordsPage& page) {
  std::string text;
  for (const Record& record : page.records) text += std::string(record.sequenceNumber) + " ";
  return text;
}

TEST(PageOrder, LeavesAPageAloneThatGoesOn) {
  auto page = pageOf({"9", "10", "11"}, "next");
  EXPECT_EQ(continueAfter("8", page), 0u);
  EXPECT_EQ(numbersOf(page), "9 10 11 ");
  EXPECT_EQ(continueAfter("", page), 0u);
}

TEST(PageOrder, DropsWhatCameBefore) {
  auto page = pageOf({"9", "10", "11"}, "next");
  EXPECT_EQ(continueAfter("10", page), 2u);
  EXPECT_EQ(numbersOf(page), "11 ");
  EXPECT_EQ(continueAfter("11", page), 1u);
  EXPECT_EQ(numbersOf(page), "");
}

TEST(PageOrder, BelievesAReaderThatHasComparedButNotTheStartOfThePage) {
  auto page = pageOf({"8", "9", "10"}, "next");
  page.ascending = true;
  EXPECT_EQ(continueAfter("7", page).value(), 0u);
  EXPECT_EQ(continueAfter("9", page).value(), 2u);
  EXPECT_EQ(page.records.size(), 1u);
}

TEST(PageOrder, DropsARecordThatAPageHoldsTwice) {
  auto page = pageOf({"9", "10", "10", "11", "11"}, "next");
  EXPECT_EQ(continueAfter("8", page), 2u);
  EXPECT_EQ(numbersOf(page), "9 10 11 ");
}

TEST(PageOrder, RefusesNumbersThatGoBack) {
  auto page = pageOf({"101", "3"}, "next");
  const auto refused = continueAfter("100", page);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kMalformedResponse);
  EXPECT_EQ(refused.error().message(), "GetRecords gave record 3 after record 101");
  EXPECT_EQ(numbersOf(page), "101 3 ");
}

TEST(PageOrder, ComparesNumbersNotText) {
  auto page = pageOf({"99", "100"}, "next");
  EXPECT_EQ(continueAfter("98", page), 0u);
  auto back = pageOf({"100", "99"}, "next");
  EXPECT_FALSE(continueAfter("98", back));
}

TEST(PageOrder, KnowsChildrenByTheirParents) {
  EXPECT_TRUE(areChildrenOf("s1", {}));
  EXPECT_TRUE(areChildrenOf("s1", {{"s2", {"s1"}, "0", "4"}, {"s3", {"s0", "s1"}, "5", "9"}}));
  EXPECT_FALSE(areChildrenOf("s1", {{"s2", {"s1"}, "0", "4"}, {"s3", {"s0"}, "5", "9"}}));
  EXPECT_FALSE(areChildrenOf("s1", {{"s2", {}, "0", "4"}}));
}

}  // namespace
}  // namespace tidemill::consume
