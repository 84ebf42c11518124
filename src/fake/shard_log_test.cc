#include "fake/shard_log.h"

#include <gtest/gtest.h>

#include "codec/records_page.h"

namespace tidemill::fake {
namespace {

using namespace std::chrono_literals;

constexpr rt::WallTime kStart{1'790'000'000'000ms};

SequenceLayout number(std::uint64_t counter) {
  return {1'790'000'000, 1'790'000'000, counter, 2};
}

// Records with counters 10, 20, 30, …, one second apart.
ShardLog logOf(int records) {
  ShardLog log;
  for (int i = 0; i < records; ++i) {
    log.append(number(static_cast<std::uint64_t>(10 * (i + 1))), "key" + std::to_string(i),
               "data" + std::to_string(i), kStart + i * 1s);
  }
  return log;
}

TEST(ShardLog, GivesBackWhatWasPut) {
  const ShardLog log = logOf(3);

  const StoredRecord record = log.at(1);

  EXPECT_EQ(record.partitionKey, "key1");
  EXPECT_EQ(record.data, "data1");
  EXPECT_EQ(record.arrival, kStart + 1s);
  EXPECT_EQ(record.sequence.counter, 20u);
  EXPECT_EQ(log.sizeAt(1), 9u);
}

TEST(ShardLog, FindsPositionsByCounterAndByTime) {
  const ShardLog log = logOf(3);

  EXPECT_EQ(log.positionOfCounter(0), 0u);
  EXPECT_EQ(log.positionOfCounter(10), 0u);
  EXPECT_EQ(log.positionOfCounter(11), 1u);
  EXPECT_EQ(log.positionOfCounter(31), 3u);
  EXPECT_EQ(log.positionOfTime(kStart + 1s), 1u);
  EXPECT_EQ(log.positionOfTime(kStart + 1001ms), 2u);
  EXPECT_EQ(log.positionOfTime(kStart + 9s), 3u);
}

TEST(ShardLog, KeepsPositionsWhenItTrims) {
  ShardLog log = logOf(5);

  log.trimBefore(kStart + 2s, /*keep=*/false);

  EXPECT_EQ(log.first(), 2u);
  EXPECT_EQ(log.remembered(), 2u);
  EXPECT_EQ(log.end(), 5u);
  EXPECT_EQ(log.positionOfCounter(0), 2u);
  EXPECT_EQ(log.at(2).data, "data2");
}

TEST(ShardLog, RemembersTrimmedRecordsForAnOracle) {
  ShardLog log = logOf(5);

  log.trimBefore(kStart + 2s, /*keep=*/true);

  EXPECT_EQ(log.first(), 2u);
  EXPECT_EQ(log.remembered(), 0u);
  EXPECT_EQ(log.at(0).data, "data0");
  EXPECT_EQ(log.positionOfCounter(0), 2u);
}

TEST(ShardLog, EncodesRunsOfRecordsAcrossChunks) {
  ShardLog log;
  const std::string large(700'000, 'x');  // Two of them do not share a chunk.
  for (std::uint64_t i = 1; i <= 5; ++i) log.append(number(i), "k", large, kStart);
  codec::Body encoded;
  log.appendEncoded(encoded, 1, 4);
  EXPECT_EQ(encoded.size(), log.encodedBytes(1, 4));

  const std::string page =
      "\xbf\x67"
      "Records\x9f" +
      std::string(encoded.view()) + "\xff\xff";
  const auto read = codec::readRecordsCbor(codec::Body::copyOf(page), {});

  ASSERT_TRUE(read) << read.error().what();
  ASSERT_EQ(read->records.size(), 3u);
  EXPECT_EQ(read->records[0].sequenceNumber, formatSequence(number(2)));
  EXPECT_EQ(read->records[2].text(), large);
  EXPECT_EQ(read->records[2].partitionKey, "k");
  EXPECT_EQ(read->records[2].approximateArrivalTimestamp, kStart);
}

}  // namespace
}  // namespace tidemill::fake
