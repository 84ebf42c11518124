#include "consume/aggregate_split.h"

#include <gtest/gtest.h>

#include "codec/test_kpl.h"
#include "sim/sim_log.h"

namespace tidemill::consume {
namespace {

using codec::aggregateOf;
using codec::kplPageOf;
using Lines = std::vector<std::string>;

const std::string kThree = aggregateOf({{"a", "one"}, {"a", "two"}, {"a", "three"}});
const std::string kDamaged = "\xf3\x89\x9a\xc2 no";

Lines linesOf(const codec::RecordsPage& page) {
  Lines lines;
  for (const Record& record : page.records) {
    lines.push_back(std::string(record.sequenceNumber) + "/" + std::to_string(record.subSequenceNumber));
  }
  return lines;
}

class AggregateSplitTest : public testing::Test {
 protected:
  AggregateSplit split(codec::KplRules rules = {}) { return {"orders", "shard-1", rules, log_, counters_}; }

  sim::SimLog log_;
  std::shared_ptr<AggregateCounters> counters_ = std::make_shared<AggregateCounters>();
};

TEST_F(AggregateSplitTest, GoesOnBehindAPartOfARecord) {
  auto split = this->split();
  split.resumeBehind({"8", 1});
  auto page = kplPageOf({{"8", kThree}, {"9", "plain"}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"8/2", "9/0"}));
  EXPECT_EQ(page.payloadBytes, codec::payloadBytesOf(page.records));
}

TEST_F(AggregateSplitTest, TheFirstPartAloneIsNotTheWholeRecord) {
  auto split = this->split();
  split.resumeBehind({"8", 0});
  auto page = kplPageOf({{"8", kThree}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"8/1", "8/2"}));
}

TEST_F(AggregateSplitTest, APlainOrDamagedRecordAtThePointWasProcessed) {
  for (const std::string& payload : {std::string("plain"), kDamaged}) {
    auto split = this->split();
    split.resumeBehind({"8", 0});
    auto page = kplPageOf({{"8", payload}, {"9", "next"}});
    split.apply(page);
    EXPECT_EQ(linesOf(page), (Lines{"9/0"}));
  }
}

TEST_F(AggregateSplitTest, ARecordThatIsNoLongerTakenApartIsGivenWholeRatherThanLost) {
  auto split = this->split({.deaggregate = false});
  split.resumeBehind({"8", 1});
  auto page = kplPageOf({{"8", kThree}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"8/0"}));
}

TEST_F(AggregateSplitTest, MayHaveNothingLeft) {
  auto split = this->split();
  split.resumeBehind({"8", 2});
  auto page = kplPageOf({{"8", kThree}});
  split.apply(page);
  EXPECT_TRUE(page.records.empty());
  EXPECT_EQ(page.payloadBytes, 0);
}

TEST_F(AggregateSplitTest, ForgetsThePointOnceAPageWentPastIt) {
  auto split = this->split();
  split.resumeBehind({"8", 1});
  auto empty = kplPageOf({});
  split.apply(empty);
  auto page = kplPageOf({{"8", kThree}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"8/2"}));
  // Numbers are not compared any more: order is the business of whoever calls.
  auto again = kplPageOf({{"8", kThree}});
  split.apply(again);
  EXPECT_EQ(again.records.size(), 3u);
}

TEST_F(AggregateSplitTest, ComparesNumbersOfUnequalLength) {
  auto split = this->split();
  split.resumeBehind({"99", 1});
  auto page = kplPageOf({{"99", kThree}, {"100", kThree}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"99/2", "100/0", "100/1", "100/2"}));
}

TEST_F(AggregateSplitTest, TellsAndCountsWhatIsWrong) {
  auto split = this->split({.shard = codec::HashRange{0, 5}});
  auto page = kplPageOf({{"7", kDamaged},
                         {"8", kThree},
                         {"9", codec::kplFrame(codec::bytesField(1, "a"))},
                         {"10", aggregateOf({{"a", "in", "5"}})}});
  split.apply(page);
  EXPECT_EQ(linesOf(page), (Lines{"7/0", "10/0"}));
  EXPECT_EQ(log_.count("aggregate_damaged"), 1u);
  EXPECT_EQ(log_.count("aggregate_dropped"), 1u);
  EXPECT_EQ(log_.count("aggregate_empty"), 1u);
  const AggregateTotals wanted{.aggregates = 3,
                               .parts = 1,
                               .damaged = 1,
                               .dropped = 1,
                               .droppedParts = 3,
                               .partsOutOfRange = 3,
                               .empty = 1};
  EXPECT_EQ(counters_->totals(), wanted);
}

TEST_F(AggregateSplitTest, EventsNameTheRecordAndTheReasonAndNeverItsKeysOrContent) {
  auto split = this->split();
  std::string wrong = aggregateOf({{"secret-key", "secret-data", "12345"}});
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  auto page = kplPageOf({{"7", wrong}});
  split.apply(page);
  ASSERT_EQ(log_.lines().size(), 1u);
  const std::string& line = log_.lines().front();
  for (const char* part : {"stream=orders", "shard=shard-1", "sequenceNumber=7", "reason=checksum"})
    EXPECT_NE(line.find(part), std::string::npos) << line;
  for (const char* part : {"secret", "12345"}) EXPECT_EQ(line.find(part), std::string::npos) << line;
}

TEST_F(AggregateSplitTest, AThousandBadRecordsMakeFewEvents) {
  auto split = this->split();
  std::vector<codec::OuterRecord> outer;
  for (int i = 0; i < 1000; ++i) outer.push_back({std::to_string(1000 + i), kDamaged});
  auto page = kplPageOf(outer);
  split.apply(page);
  EXPECT_EQ(page.records.size(), 1000u);
  EXPECT_EQ(log_.count("aggregate_damaged"), codec::KplReport::kFindingsMax);
  EXPECT_EQ(log_.count("aggregates_with_problems"), 1u);
  EXPECT_EQ(counters_->totals().damaged, 1000);
}

}  // namespace
}  // namespace tidemill::consume
