// The readers against bytes that our own writers did not make; tests/golden/README.md names the sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/cbor_value.h"
#include "codec/records_page.h"
#include "codec/test_pages.h"

namespace tidemill::codec {
namespace {

using testing::ElementsAre;

void expectBothRecords(const Result<RecordsPage>& page) {
  ASSERT_TRUE(page) << page.error().what();
  ASSERT_EQ(page->records.size(), 2u);
  const Record& first = page->records[0];
  EXPECT_EQ(first.sequenceNumber, "49590338271490256608559692538361571095921575989136588898");
  EXPECT_EQ(first.approximateArrivalTimestamp.time_since_epoch().count(), 1787036486712);
  EXPECT_EQ(first.text(), "hello");
  EXPECT_EQ(first.partitionKey, "user-1");
  EXPECT_EQ(first.shardId, "");
  const Record& second = page->records[1];
  EXPECT_EQ(second.sequenceNumber, "49590338271490256608559692540925702759324208523137515618");
  EXPECT_EQ(second.approximateArrivalTimestamp.time_since_epoch().count(), 1459799926480);
  EXPECT_EQ(second.text(), std::string_view("\x00\xff\x10\x80", 4));
  EXPECT_EQ(second.partitionKey, "ключ");
  EXPECT_EQ(page->nextShardIterator, "AAAAAAAAAAE=");
  EXPECT_EQ(page->millisBehindLatest, 2500);
  EXPECT_TRUE(page->childShards.empty());
}

void expectShardEnd(const Result<RecordsPage>& page) {
  ASSERT_TRUE(page) << page.error().what();
  EXPECT_TRUE(page->records.empty());
  EXPECT_EQ(page->nextShardIterator, std::nullopt);
  EXPECT_EQ(page->millisBehindLatest, 0);
  ASSERT_EQ(page->childShards.size(), 1u);
  const ChildShard& child = page->childShards[0];
  EXPECT_EQ(child.shardId, "shardId-000000000004");
  EXPECT_THAT(child.parentShards, ElementsAre("shardId-000000000001", "shardId-000000000002"));
  EXPECT_EQ(child.startingHashKey, "0");
  EXPECT_EQ(child.endingHashKey, "340282366920938463463374607431768211455");
}

Result<RecordsPage> readHex(const std::string& name, RecordsReadOptions options = {}) {
  return readRecordsCbor(Body::copyOf(readGoldenHex(name)), options);
}

Result<RecordsPage> readGoldenJson(const std::string& name, RecordsReadOptions options = {}) {
  return readRecordsJson(Body::copyOf(readGolden(name)), options);
}

TEST(GoldenRecords, AreReadFromCborAsAwsWritesIt) {
  expectBothRecords(readHex("get_records_aws.hex"));
}

TEST(GoldenRecords, AreReadFromDefiniteContainers) {
  expectBothRecords(readHex("get_records_definite.hex"));
}

TEST(GoldenRecords, AreReadFromStringsInChunks) {
  expectBothRecords(readHex("get_records_chunked.hex"));
}

TEST(GoldenRecords, OfEmulatorsAreReadLeniently) {
  const RecordsReadOptions lenient{.lenient = true};

  expectBothRecords(readHex("get_records_kinesis_local.hex", lenient));
  expectBothRecords(readHex("get_records_kinesalite.hex", lenient));
  expectBothRecords(readHex("get_records_aws.hex", lenient));
}

TEST(GoldenRecords, OfEmulatorsAreRefusedByDefault) {
  for (const char* name : {"get_records_kinesis_local.hex", "get_records_kinesalite.hex"}) {
    const auto page = readHex(name);

    ASSERT_FALSE(page) << name;
    EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
  }
}

TEST(GoldenRecords, AreReadFromJson) {
  expectBothRecords(readGoldenJson("get_records_aws.json"));
  expectBothRecords(readGoldenJson("get_records_python.json"));
  expectBothRecords(readGoldenJson("get_records_python.json", {.lenient = true}));
}

TEST(GoldenRecords, TellTheShardsEndAndItsChild) {
  expectShardEnd(readHex("get_records_shard_end.hex"));
  expectShardEnd(readGoldenJson("get_records_shard_end.json"));
}

TEST(RecordsCbor, SaysWhetherTheNumbersAscend) {
  const auto ascending = [](const std::vector<std::string>& numbers) {
    PagePlan plan;
    for (const std::string& number : numbers) {
      plan.records.push_back({.sequenceNumber = number, .milliseconds = 1, .data = "d", .partitionKey = "k"});
    }
    return readRecordsCbor(Body::copyOf(writeCbor(plan)), {}).value().ascending;
  };
  EXPECT_TRUE(ascending({}));
  EXPECT_TRUE(ascending({"9", "10", "11"}));
  EXPECT_FALSE(ascending({"9", "10", "10"}));
  EXPECT_FALSE(ascending({"9", "11", "10", "12"}));
}

TEST(GoldenRequests, OfBotocoreAreReadFromCbor) {
  const auto request = parseCbor(readGoldenHex("put_records_botocore.hex"));

  ASSERT_TRUE(request) << request.error().what();
  EXPECT_EQ(*request->find("StreamName")->text(), "orders");
  const auto& records = *request->find("Records")->array();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(*records[0].find("Data")->bytes(), "hello");
  EXPECT_EQ(*records[1].find("PartitionKey")->text(), "ключ");
  EXPECT_EQ(*records[2].find("Data")->bytes(), "");
  EXPECT_EQ(*records[2].find("ExplicitHashKey")->text(), "0");
}

TEST(GoldenRequests, OfTheJavaSdkKeepTheirMilliseconds) {
  const auto request = parseCbor(readGoldenHex("get_shard_iterator_java.hex"));

  ASSERT_TRUE(request) << request.error().what();
  EXPECT_EQ(request->find("Timestamp")->timestamp()->milliseconds, 1787036486712);
}

TEST(GoldenErrors, AreReadFromCbor) {
  const auto error = parseCbor(readGoldenHex("error_expired_iterator.hex"));

  ASSERT_TRUE(error) << error.error().what();
  EXPECT_EQ(*error->find("__type")->text(), "ExpiredIteratorException");
  EXPECT_EQ(*error->find("message")->text(), "Iterator expired.");
}

TEST(GoldenRecords, AreWhatTheCborWriterWrites) {
  CborWriter w;
  w.beginMap();
  w.text("StreamName");
  w.text("orders");
  w.text("ShardId");
  w.text("shardId-000000000000");
  w.text("ShardIteratorType");
  w.text("AT_TIMESTAMP");
  w.text("Timestamp");
  w.timestamp(1787036486712);
  w.end();

  EXPECT_EQ(w.buffer(), readGoldenHex("get_shard_iterator_java.hex"));
}

}  // namespace
}  // namespace tidemill::codec
