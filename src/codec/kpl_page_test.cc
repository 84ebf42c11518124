#include "codec/kpl_page.h"

#include <gtest/gtest.h>

#include "codec/test_kpl.h"

namespace tidemill::codec {
namespace {

using Kind = KplFinding::Kind;

// md5("a") = 0cc175b9…, md5("b") = 92eb5ffe…: on either side of the middle.
const HashRange kLowHalf{0, (HashKey{1} << 127) - 1};

// "7/0 one", "8 two": number, sub-sequence number of parts, data.
std::vector<std::string> linesOf(const RecordsPage& page) {
  std::vector<std::string> lines;
  for (const Record& record : page.records) {
    std::string line(record.sequenceNumber);
    if (record.aggregation == Aggregation::kPart) line += "/" + std::to_string(record.subSequenceNumber);
    if (record.aggregation == Aggregation::kDamaged) line += "!";
    lines.push_back(line + " " + std::string(record.text()));
  }
  return lines;
}
using Lines = std::vector<std::string>;

TEST(SplitAggregates, PutsThePartsInThePlaceOfTheirRecord) {
  auto page =
      kplPageOf({{"7", "plain"}, {"8", aggregateOf({{"k1", "one"}, {"k2", "two", "5"}})}, {"9", "last"}});
  const KplReport report = splitAggregates(page, {});
  EXPECT_EQ(linesOf(page), (Lines{"7 plain", "8/0 one", "8/1 two", "9 last"}));
  EXPECT_EQ(report.counts.aggregates, 1);
  EXPECT_EQ(report.counts.parts, 2);
  EXPECT_TRUE(report.findings.empty());
  const Record& two = page.records[2];
  EXPECT_EQ(two.partitionKey, "k2");
  EXPECT_EQ(two.explicitHashKey, "5");
  EXPECT_EQ(two.approximateArrivalTimestamp.time_since_epoch().count(), 1001);
  EXPECT_EQ(page.records[3].partitionKey, "a");
  EXPECT_EQ(page.payloadBytes, payloadBytesOf(page.records));
  const std::string_view body = page.body->view();
  EXPECT_TRUE(two.text().data() > body.data() && two.text().data() < body.data() + body.size());
}

TEST(SplitAggregates, LeavesAPageWithoutAggregatesAsItWas) {
  auto page = kplPageOf({{"7", "plain"}, {"8", ""}});
  const Record* const records = page.records.data();
  page.payloadBytes = 1234;
  const KplReport report = splitAggregates(page, {.shard = kLowHalf});
  EXPECT_EQ(page.records.data(), records);
  EXPECT_EQ(page.payloadBytes, 1234);
  EXPECT_EQ(report.counts.aggregates + report.counts.damaged, 0);
}

TEST(SplitAggregates, GivesADamagedOneWholeAndMarked) {
  std::string wrong = aggregateOf({{"k1", "one"}});
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  auto page = kplPageOf({{"7", wrong}, {"8", aggregateOf({{"a", "x"}})}});
  const KplReport report = splitAggregates(page, {});
  EXPECT_EQ(linesOf(page), (Lines{"7! " + wrong, "8/0 x"}));
  EXPECT_EQ(page.records[0].subSequenceNumber, 0u);
  EXPECT_EQ(page.records[0].partitionKey, "a");
  EXPECT_EQ(report.counts.damaged, 1);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].kind, Kind::kDamaged);
  EXPECT_EQ(report.findings[0].fault, KplFault::kChecksum);
  EXPECT_EQ(report.findings[0].sequenceNumber, "7");
}

TEST(SplitAggregates, TakesAnAggregateInAnAggregateForData) {
  const std::string inner = aggregateOf({{"a", "one"}, {"a", "two"}});
  std::string broken = inner;
  broken.back() = static_cast<char>(broken.back() ^ 1);
  auto page = kplPageOf({{"7", aggregateOf({{"a", inner}, {"a", broken}, {"a", "\xf3\x89\x9a\xc2"}})}});
  const KplReport report = splitAggregates(page, {});
  EXPECT_EQ(linesOf(page), (Lines{"7/0 " + inner, "7/1 " + broken, "7/2 \xf3\x89\x9a\xc2"}));
  EXPECT_EQ(report.counts.aggregates, 1);
  EXPECT_EQ(report.counts.damaged, 0);
}

TEST(SplitAggregates, OnePartOutOfRangeTakesTheWholeAggregateButNotItsNeighbours) {
  auto page = kplPageOf({{"7", aggregateOf({{"a", "kept"}})},
                         {"8", aggregateOf({{"a", "one"}, {"b", "two"}, {"a", "three"}})},
                         {"9", "plain"}});
  const KplReport report = splitAggregates(page, {.shard = kLowHalf});
  EXPECT_EQ(linesOf(page), (Lines{"7/0 kept", "9 plain"}));
  EXPECT_EQ(report.counts.aggregates, 2);
  EXPECT_EQ(report.counts.parts, 1);
  EXPECT_EQ(report.counts.dropped, 1);
  EXPECT_EQ(report.counts.droppedParts, 3);
  EXPECT_EQ(report.counts.partsOutOfRange, 1);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].kind, Kind::kDropped);
  EXPECT_EQ(report.findings[0].parts, 3u);
  EXPECT_EQ(report.findings[0].outside, 1u);
}

TEST(SplitAggregates, KeepsPartsOutOfRangeIfToldToAndCountsThem) {
  for (const KplOutOfRange policy : {KplOutOfRange::kKeep, KplOutOfRange::kKeepAndCount}) {
    auto page = kplPageOf({{"8", aggregateOf({{"a", "one"}, {"b", "two"}})}});
    const KplReport report = splitAggregates(page, {.outOfRange = policy, .shard = kLowHalf});
    EXPECT_EQ(linesOf(page), (Lines{"8/0 one", "8/1 two"}));
    EXPECT_EQ(report.counts.partsOutOfRange, 1);
    EXPECT_EQ(report.counts.dropped, 0);
    ASSERT_EQ(report.findings.size(), policy == KplOutOfRange::kKeep ? 0u : 1u);
  }
}

TEST(SplitAggregates, DropsNothingWhileTheRangeIsUnknown) {
  auto page = kplPageOf({{"8", aggregateOf({{"a", "one"}, {"b", "two"}})}});
  const KplReport report = splitAggregates(page, {});
  EXPECT_EQ(page.records.size(), 2u);
  EXPECT_EQ(report.counts.partsOutOfRange, 0);
}

TEST(SplitAggregates, NeverLooksAtTheOuterPartitionKey) {
  // "a" is in the low half, and the record lies in a shard of the high one.
  auto page = kplPageOf({{"8", aggregateOf({{"b", "one"}})}});
  splitAggregates(page, {.shard = HashRange{HashKey{1} << 127, ~HashKey{0}}});
  EXPECT_EQ(linesOf(page), (Lines{"8/0 one"}));
}

TEST(SplitAggregates, AnEmptyAggregateGivesNothingAndIsCounted) {
  auto page = kplPageOf({{"8", kplFrame(bytesField(1, "a"))}});
  const KplReport report = splitAggregates(page, {});
  EXPECT_TRUE(page.records.empty());
  EXPECT_EQ(page.payloadBytes, 0);
  EXPECT_EQ(report.counts.empty, 1);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].kind, Kind::kEmpty);
}

TEST(SplitAggregates, LeavesAggregatesWholeIfToldTo) {
  const std::string whole = aggregateOf({{"a", "one"}, {"b", "two"}});
  auto page = kplPageOf({{"8", whole}, {"9", "\xf3\x89\x9a\xc2"}});
  const KplReport report = splitAggregates(page, {.deaggregate = false, .shard = kLowHalf});
  EXPECT_EQ(linesOf(page), (Lines{"8 " + whole, "9 \xf3\x89\x9a\xc2"}));
  EXPECT_EQ(report.counts.damaged + report.counts.aggregates, 0);
}

// Records of a page are hashed several at a time: each must get the digest of its own.
TEST(SplitAggregates, TakesAPageApartAsItDoesEachOfItsRecords) {
  std::vector<OuterRecord> outer;
  Lines expected;
  AggregateTotals totals;
  for (int i = 0; i < 200; ++i) {
    std::string data =
        aggregateOf({{"a", std::string(static_cast<std::size_t>(i * 37 % 300), 'x')}, {"b", "y"}});
    if (i % 5 == 1) data = "plain";
    if (i % 7 == 2) data.back() = static_cast<char>(data.back() ^ 1);
    if (i % 11 == 3) data = "\xf3\x89\x9a\xc2 short";
    if (i % 13 == 4) data = kplFrame(bytesField(1, "a"));
    outer.push_back({std::to_string(1000 + i), data});

    auto one = kplPageOf({outer.back()});
    const KplReport report = splitAggregates(one, {});
    for (std::string& line : linesOf(one)) expected.push_back(std::move(line));
    totals.parts += report.counts.parts;
    totals.damaged += report.counts.damaged;
    totals.empty += report.counts.empty;
  }

  auto page = kplPageOf(outer);
  const KplReport report = splitAggregates(page, {});

  EXPECT_EQ(linesOf(page), expected);
  EXPECT_EQ(report.counts.parts, totals.parts);
  EXPECT_EQ(report.counts.damaged, totals.damaged);
  EXPECT_EQ(report.counts.empty, totals.empty);
  EXPECT_GT(totals.parts, 200);
  EXPECT_GT(totals.damaged, 20);
  EXPECT_GT(totals.empty, 10);
}

TEST(SplitAggregates, FindsNoMoreThanFewAndCountsAll) {
  std::vector<OuterRecord> outer;
  for (int i = 0; i < 100; ++i) outer.push_back({std::to_string(100 + i), "\xf3\x89\x9a\xc2 no"});
  auto page = kplPageOf(outer);
  const KplReport report = splitAggregates(page, {});
  EXPECT_EQ(page.records.size(), 100u);
  EXPECT_EQ(report.counts.damaged, 100);
  EXPECT_EQ(report.findings.size(), KplReport::kFindingsMax);
}

TEST(SplitAggregates, HoldsNoMoreRoomThanAQuarterAboveItsRecords) {
  std::vector<PartPlan> parts(100, {"a", "x"});
  std::vector<OuterRecord> outer;
  for (int i = 0; i < 100; ++i) outer.push_back({std::to_string(100 + i), aggregateOf(parts)});
  auto page = kplPageOf(outer);
  splitAggregates(page, {});
  EXPECT_EQ(page.records.size(), 10'000u);
  EXPECT_LE(page.records.capacity(), 12'500u);
}

}  // namespace
}  // namespace tidemill::codec
