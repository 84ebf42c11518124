#include "consume/range_pass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <list>

namespace tidemill::consume {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Step = RangePass::Step;

class RangePassTest : public testing::Test {
 protected:
  RangePass pass(const std::vector<std::pair<std::string, std::string>>& ends, std::int64_t count = 0,
                 PassSizes sizes = {}) {
    std::vector<const SequenceNumberRange*> ranges;
    for (const auto& [from, to] : ends) {
      ranges_.push_back({"orders", "shard-1", from, to, count});
      ranges.push_back(&ranges_.back());
    }
    return RangePass(std::move(ranges), sizes);
  }
  // Gives the places of the ranges that are complete then; what each record was given to is in given_.
  std::vector<std::size_t> take(RangePass& pass, const std::vector<std::string>& numbers) {
    std::vector<Record> records;
    for (const std::string& number : numbers) {
      Record record;
      record.sequenceNumber = number;
      records.push_back(record);
    }
    given_.clear();
    const PageRecords page{records, records.size(),
                           records.empty() ? std::string_view() : records.back().sequenceNumber,
                           bytesEach_ * static_cast<std::int64_t>(records.size())};
    return pass.take(page, [&](std::size_t place, const Record& record) {
      given_.push_back(std::to_string(place) + ":" + std::string(record.sequenceNumber));
    });
  }

  std::list<SequenceNumberRange> ranges_;
  std::vector<std::string> given_;
  std::int64_t bytesEach_ = 0;
};

TEST_F(RangePassTest, SeeksTheFirstAndReadsOnToItsEnd) {
  auto pass = this->pass({{"9", "11"}});
  EXPECT_EQ(pass.step(), Step::kSeek);
  pass.sought();
  EXPECT_EQ(pass.step(), Step::kReadOn);
  EXPECT_THAT(take(pass, {"9", "10"}), IsEmpty());
  EXPECT_EQ(pass.step(), Step::kReadOn);
  EXPECT_THAT(take(pass, {"11", "12"}), ElementsAre(0u));
  EXPECT_EQ(pass.step(), Step::kDone);
  EXPECT_THAT(given_, ElementsAre("0:11"));
}

TEST_F(RangePassTest, AsksForAWholePageWhateverTheCountOfARangeClaims) {
  auto pass = this->pass({{"9", "11"}, {"12", "14"}}, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(pass.recordsWanted(), 10'000);
  ranges_.back().fromSubSeqNumber = ranges_.front().fromSubSeqNumber = 1;  // Aggregated.
  EXPECT_GE(pass.recordsWanted(), 200);
}

TEST_F(RangePassTest, AnEmptyPageChangesNothing) {
  auto pass = this->pass({{"9", "11"}});
  pass.sought();
  EXPECT_THAT(take(pass, {}), IsEmpty());
  EXPECT_EQ(pass.step(), Step::kReadOn);
  take(pass, {"9"});
  EXPECT_THAT(take(pass, {}), IsEmpty());
  EXPECT_EQ(pass.step(), Step::kReadOn);
}

TEST_F(RangePassTest, ReadsOnThroughRecordsBeforeTheRange) {
  auto pass = this->pass({{"9", "11"}, {"20", "21"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"1", "2"}), IsEmpty());
  EXPECT_EQ(pass.step(), Step::kReadOn);
  EXPECT_THAT(take(pass, {"9", "11", "12"}), ElementsAre(0u));
  EXPECT_EQ(pass.step(), Step::kSeek);
}

TEST_F(RangePassTest, ARangeIsCompleteWhenARecordBehindItCame) {
  auto pass = this->pass({{"9", "11"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"20"}), ElementsAre(0u));
  EXPECT_TRUE(pass.done());
  EXPECT_THAT(given_, IsEmpty());
}

TEST_F(RangePassTest, SeeksTheNextRangeWhereOtherRecordsLieBetween) {
  auto pass = this->pass({{"9", "10"}, {"40", "41"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"9", "10", "11"}), ElementsAre(0u));
  EXPECT_EQ(pass.step(), Step::kSeek);
  EXPECT_EQ(pass.current().fromSeqNumber, "40");
}

TEST_F(RangePassTest, ReadsOnWhenTheNextRangeHasBegunInThePage) {
  auto pass = this->pass({{"9", "10"}, {"40", "41"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"9", "10", "40"}), ElementsAre(0u));
  EXPECT_EQ(pass.step(), Step::kReadOn);
  EXPECT_THAT(given_, ElementsAre("0:9", "0:10", "1:40"));
}

TEST_F(RangePassTest, ReadsOnAcrossPagesOnceRangesHaveFollowedEachOther) {
  auto pass = this->pass({{"9", "10"}, {"12", "13"}, {"15", "16"}});
  pass.sought();
  take(pass, {"9", "10"});
  EXPECT_EQ(pass.step(), Step::kSeek);  // Nobody knows yet.
  pass.sought();
  take(pass, {"12", "13", "15"});  // The third follows the second.
  EXPECT_EQ(pass.step(), Step::kReadOn);
  take(pass, {"16"});
  EXPECT_TRUE(pass.done());
}

TEST_F(RangePassTest, AsksForTheRangeAndOneRecordMore) {
  auto pass = this->pass({{"1", "9"}, {"20", "29"}, {"30", "39"}}, 5);
  EXPECT_EQ(pass.recordsWanted(), 6);
  pass.sought();
  take(pass, {"1", "2"});
  EXPECT_EQ(pass.recordsWanted(), 4);
}

TEST_F(RangePassTest, AsksForMoreRangesAtOnceWhileTheyFollowEachOther) {
  auto pass = this->pass({{"1", "5"}, {"11", "15"}, {"21", "25"}, {"31", "35"}, {"41", "45"}}, 5);
  pass.sought();
  take(pass, {"1", "2", "3", "4", "5", "11"});
  EXPECT_EQ(pass.recordsWanted(), 4 + 5 + 1);
  take(pass, {"12", "13", "14", "15", "21", "22", "23", "24", "25", "31"});
  EXPECT_EQ(pass.recordsWanted(), 4 + 5);  // There are no more.
  take(pass, {"32", "33", "34", "35", "36"});
  EXPECT_EQ(pass.step(), Step::kSeek);
  EXPECT_EQ(pass.recordsWanted(), 5);
}

TEST_F(RangePassTest, AsksForWhatCostsNoTimeWhereAnotherRangeFollows) {
  auto pass = this->pass({{"1", "2"}, {"30", "31"}, {"60", "61"}}, 2, {.callBytes = 400, .recordBytes = 10});
  EXPECT_EQ(pass.recordsWanted(), 40 + 1);
  pass.sought();
  take(pass, {"1", "2", "7", "30"});
  EXPECT_EQ(pass.recordsWanted(), 40 + 1);
  take(pass, {"31", "60"});
  EXPECT_EQ(pass.recordsWanted(), 1);  // The last one.
}

TEST_F(RangePassTest, AsksForWholeRangesThoughTheyCostTime) {
  auto pass = this->pass({{"1", "900"}, {"1000", "1001"}}, 90, {.callBytes = 400, .recordBytes = 10});
  EXPECT_EQ(pass.recordsWanted(), 90 + 1);
}

TEST_F(RangePassTest, LearnsFromPagesHowLargeRecordsAre) {
  auto pass = this->pass({{"1", "2"}, {"30", "31"}, {"60", "61"}}, 2, {.callBytes = 400});
  EXPECT_EQ(pass.recordsWanted(), 2 + 1);
  pass.sought();
  bytesEach_ = 20;
  take(pass, {"1", "2", "7", "30"});
  EXPECT_EQ(pass.recordsWanted(), 20 + 1);
}

TEST_F(RangePassTest, ReadsLessAheadAfterEachPageThatReachesNoRange) {
  auto pass = this->pass({{"1", "2"}, {"30", "31"}, {"60", "61"}, {"90", "91"}, {"93", "94"}, {"96", "97"}},
                         2, {.callBytes = 400, .recordBytes = 10});
  pass.sought();
  take(pass, {"1", "2", "3"});
  EXPECT_EQ(pass.recordsWanted(), 20 + 1);
  pass.sought();
  take(pass, {"30", "31", "32"});
  EXPECT_EQ(pass.recordsWanted(), 10 + 1);
  pass.sought();
  take(pass, {"60", "61", "62", "90"});  // That was worth it.
  EXPECT_EQ(pass.recordsWanted(), 40 + 1);
  take(pass, {"91", "92", "93", "94", "95"});  // This too, although the next one is to be sought.
  EXPECT_EQ(pass.step(), Step::kSeek);
  EXPECT_EQ(pass.recordsWanted(), 2);
}

TEST_F(RangePassTest, AsksForFullPagesOfARangeOfUnknownSize) {
  auto pass = this->pass({{"1", "9"}});
  EXPECT_EQ(pass.recordsWanted(), 10'000);
}

TEST_F(RangePassTest, AsksForNoMoreThanTheServiceGives) {
  auto pass = this->pass({{"1", "9"}}, 50'000);
  EXPECT_EQ(pass.recordsWanted(), 10'000);
}

TEST_F(RangePassTest, StillSeeksTheEndOfARangeThatHasMoreRecordsThanItShould) {
  auto pass = this->pass({{"1", "9"}}, 2);
  pass.sought();
  take(pass, {"1", "2", "3"});
  EXPECT_EQ(pass.recordsWanted(), 1'000);
  EXPECT_FALSE(pass.done());
}

TEST_F(RangePassTest, GivesARecordToEveryRangeThatHasIt) {
  auto pass = this->pass({{"1", "9"}, {"3", "4"}, {"4", "12"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"1", "3", "4", "9"}), ElementsAre(0u, 1u));
  EXPECT_THAT(given_, ElementsAre("0:1", "0:3", "1:3", "0:4", "1:4", "2:4", "0:9", "2:9"));
  EXPECT_EQ(pass.step(), Step::kReadOn);
  EXPECT_THAT(take(pass, {"12"}), ElementsAre(2u));
  EXPECT_TRUE(pass.done());
}

TEST_F(RangePassTest, KeepsAnEarlierRangeOpenWhenAnInnerOneIsComplete) {
  auto pass = this->pass({{"1", "9"}, {"3", "4"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"1", "4", "5"}), ElementsAre(1u));
  EXPECT_EQ(pass.current().toSeqNumber, "9");
  EXPECT_EQ(pass.step(), Step::kReadOn);
}

TEST_F(RangePassTest, ContinuesAfterASeekInTheMiddle) {
  auto pass = this->pass({{"1", "9"}});
  pass.sought();
  take(pass, {"1", "2"});
  pass.sought();  // The iterator had expired.
  EXPECT_THAT(take(pass, {"3", "9"}), ElementsAre(0u));
}

TEST_F(RangePassTest, EndsEveryOpenRange) {
  auto pass = this->pass({{"1", "2"}, {"3", "9"}, {"11", "12"}});
  pass.sought();
  EXPECT_THAT(take(pass, {"1", "2", "3"}), ElementsAre(0u));
  EXPECT_THAT(pass.end(), ElementsAre(1u, 2u));
  EXPECT_TRUE(pass.done());
}

}  // namespace
}  // namespace tidemill::consume
