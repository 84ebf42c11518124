#include "consume/range_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SequenceNumberRange range(const std::string& from, const std::string& to,
                          const std::string& shard = "shard-1", const std::string& stream = "orders") {
  return {stream, shard, from, to};
}

Record at(std::string_view number, std::uint64_t part = 0) {
  Record record;
  record.sequenceNumber = number;
  record.subSequenceNumber = part;
  return record;
}

std::string refusal(const SequenceNumberRange& range) {
  const auto checked = checkRange(range, "orders");
  if (checked) return "taken";
  EXPECT_EQ(checked.error().code(), Code::kUsage);
  return checked.error().message();
}

TEST(RangePlan, GroupsByShardInTheOrderOfNeed) {
  const std::vector<SequenceNumberRange> ranges = {range("7", "8", "shard-2"), range("1", "2", "shard-1"),
                                                   range("3", "4", "shard-2")};
  const auto plan = planRanges(ranges, "orders");
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 2u);
  EXPECT_EQ(plan->at(0).shardId, "shard-2");
  EXPECT_THAT(plan->at(0).indexes, ElementsAre(2u, 0u));
  EXPECT_EQ(plan->at(1).shardId, "shard-1");
}

TEST(RangePlan, OrdersByNumberNotByText) {
  const std::vector<SequenceNumberRange> ranges = {range("100", "101"), range("9", "10"), range("20", "20")};
  EXPECT_THAT(planRanges(ranges, "")->at(0).indexes, ElementsAre(1u, 2u, 0u));
}

TEST(RangePlan, OrdersPartsOfOneRecord) {
  auto later = range("9", "9");
  later.fromSubSeqNumber = 10;
  auto sooner = range("9", "9");
  sooner.fromSubSeqNumber = 2;
  sooner.toSubSeqNumber = 9;
  EXPECT_THAT(planRanges(std::vector{later, sooner}, "")->at(0).indexes, ElementsAre(1u, 0u));
}

TEST(RangePlan, TellsStreamsOfTheSameShardNameApart) {
  const std::vector<SequenceNumberRange> ranges = {range("1", "2"), range("1", "2", "shard-1", "other")};
  EXPECT_EQ(planRanges(ranges, "")->size(), 2u);
}

TEST(RangePlan, RefusesAnEmptyList) {
  EXPECT_EQ(planRanges({}, "orders").error().code(), Code::kUsage);
}

TEST(RangePlan, RefusesWhatIsNoRangeOfTheStream) {
  EXPECT_EQ(refusal(range("9", "10")), "taken");
  EXPECT_EQ(refusal(range("9", "9")), "taken");
  EXPECT_EQ(refusal(range("10", "9")),
            "range 10 to 9 of shard shard-1 of stream orders: it ends before it begins");
  EXPECT_THAT(refusal(range("x9", "10")), HasSubstr("x9 is no sequence number"));
  EXPECT_THAT(refusal(range("9", "")), HasSubstr("is no sequence number"));
  EXPECT_THAT(refusal(range("9", "LATEST")), HasSubstr("LATEST is no sequence number"));
  EXPECT_THAT(refusal(range("9", "10", "shard-1", "other")), HasSubstr("of another stream than orders"));
  EXPECT_THAT(refusal(range("9", "10", "")), HasSubstr("names no stream or no shard"));
  auto negative = range("9", "10");
  negative.recordCount = -1;
  EXPECT_THAT(refusal(negative), HasSubstr("negative"));
}

TEST(RangePlan, RefusesSwappedPartsOfOneRecord) {
  auto parts = range("9", "9");
  parts.fromSubSeqNumber = 3;
  parts.toSubSeqNumber = 3;
  EXPECT_EQ(refusal(parts), "taken");
  parts.toSubSeqNumber = 2;
  EXPECT_THAT(refusal(parts), HasSubstr("range 9 part 3 to 9 part 2"));
}

TEST(RangePlan, BothEndsBelongToTheRange) {
  const auto ends = range("9", "100");
  EXPECT_EQ(placeOf(at("8"), ends), RangePlace::kBefore);
  EXPECT_EQ(placeOf(at("9"), ends), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("20"), ends), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("100"), ends), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("101"), ends), RangePlace::kBehind);
}

TEST(RangePlan, PartsCountOnlyAtTheEnds) {
  auto parts = range("9", "100");
  parts.fromSubSeqNumber = 2;
  parts.toSubSeqNumber = 5;
  EXPECT_EQ(placeOf(at("9", 1), parts), RangePlace::kBefore);
  EXPECT_EQ(placeOf(at("9", 2), parts), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("50", 900), parts), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("100", 5), parts), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("100", 6), parts), RangePlace::kBehind);
}

TEST(RangePlan, AnEndWithoutAPartHasAllParts) {
  const auto whole = range("9", "100");
  EXPECT_EQ(placeOf(at("9", 0), whole), RangePlace::kInside);
  EXPECT_EQ(placeOf(at("100", 12'345), whole), RangePlace::kInside);
}

}  // namespace
}  // namespace tidemill::consume
