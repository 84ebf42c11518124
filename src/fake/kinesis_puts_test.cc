#include <gtest/gtest.h>

#include <set>
#include <string>

#include "codec/base64.h"
#include "fake/test_client.h"
#include "tidemill/sequence_number.h"

namespace tidemill::fake {
namespace {

TestAnswer putJson(TestClient& client, const std::string& members) {
  return client.call("PutRecord", R"({"StreamName":"s",)" + members + "}");
}

TEST(PutRecord, RoutesByTheMd5OfItsPartitionKey) {
  TestClient client;
  client.makeStream("s", 2);

  // md5("a") begins with 0c, md5("b") with 92.
  EXPECT_EQ(putJson(client, R"("PartitionKey":"a","Data":"eA==")").text("ShardId"), "shardId-000000000000");
  EXPECT_EQ(putJson(client, R"("PartitionKey":"b","Data":"eA==")").text("ShardId"), "shardId-000000000001");
}

TEST(PutRecord, SpreadsRecordsWithoutPartitionKeyOverTheShards) {
  TestClient client({.limits = false});
  client.makeStream("s", 2);
  std::set<std::string> shards;

  for (int i = 0; i < 40; ++i) shards.insert(putJson(client, R"("Data":"eA==")").text("ShardId"));

  EXPECT_EQ(shards.size(), 2u);
  EXPECT_EQ(client.call("PutRecords", R"({"StreamName":"s","Records":[{"Data":"eA=="}]})").error(),
            "ValidationException");
}

TEST(PutRecord, AnswersWithShardAndNumberAlone) {
  TestClient client;
  client.makeStream("s", 1);

  const auto answer = putJson(client, R"("PartitionKey":"a","Data":"")");

  EXPECT_EQ(answer.json.size(), 2u);
  EXPECT_TRUE(isSequenceNumber(answer.text("SequenceNumber")));
}

TEST(PutRecord, ObeysAnExplicitHashKey) {
  TestClient client;
  client.makeStream("s", 2);

  EXPECT_EQ(
      putJson(client,
              R"("PartitionKey":"a","Data":"","ExplicitHashKey":"340282366920938463463374607431768211455")")
          .text("ShardId"),
      "shardId-000000000001");
  EXPECT_EQ(
      putJson(client,
              R"("PartitionKey":"a","Data":"","ExplicitHashKey":"340282366920938463463374607431768211456")")
          .message(),
      "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
      "340282366920938463463374607431768211456");
}

TEST(PutRecord, NumbersGrowButNotOneByOne) {
  TestClient client({.limits = false});
  client.makeStream("s", 1);
  std::string last = "0";
  bool gap = false;
  std::uint64_t counter = 0;

  for (int i = 0; i < 50; ++i) {
    const std::string number = client.put("s", "eA==");
    EXPECT_EQ(compareSequenceNumbers(last, number), std::strong_ordering::less);
    const auto parsed = parseSequence(number);
    ASSERT_TRUE(parsed);
    gap = gap || (i > 0 && parsed->counter > counter + 1);
    counter = parsed->counter;
    last = number;
  }
  EXPECT_TRUE(gap);
}

TEST(PutRecord, DoesNotFindAStreamThatIsBeingCreated) {
  TestClient client;
  client.call("CreateStream", R"({"StreamName":"s","ShardCount":1})");

  EXPECT_EQ(putJson(client, R"("PartitionKey":"a","Data":"")").message(),
            "Stream s under account 000000000000 not found.");
}

TEST(PutRecord, ChecksTheNumberForOrdering) {
  TestClient client;
  client.makeStream("s", 1);
  const std::string number = client.put("s", "eA==");

  EXPECT_EQ(
      putJson(client, R"("PartitionKey":"a","Data":"","SequenceNumberForOrdering":")" + number + "\"").status,
      200);
  EXPECT_EQ(putJson(client, R"("PartitionKey":"a","Data":"","SequenceNumberForOrdering":"17")").message(),
            "ExclusiveMinimumSequenceNumber 17 used in PutRecord on stream s under account 000000000000 is "
            "invalid.");
}

TEST(PutRecord, RefusesMoreThanTheStreamsRecordSize) {
  TestClient client({.limits = false});
  client.makeStream("s", 1);
  const auto put = [&](std::size_t bytes) {
    return putJson(client,
                   R"("PartitionKey":"k","Data":")" + codec::encodeBase64(std::string(bytes, 'x')) + "\"")
        .error();
  };

  EXPECT_EQ(put((1u << 20) - 1), "");
  EXPECT_EQ(put(1u << 20), "InvalidArgumentException");
}

TEST(PutRecord, ChangesNothingInADryRun) {
  TestClient client;
  client.makeStream("s", 1);

  EXPECT_EQ(putJson(client, R"("PartitionKey":"a","Data":"","DryRun":true)").error(),
            "DryRunOperationException");
  EXPECT_EQ(client.aws.kinesis().store().streams().at("s")->shards[0]->log.end(), 0u);
}

std::string entries(int count, std::size_t bytes) {
  const std::string data = codec::encodeBase64(std::string(bytes, 'x'));
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += std::string(i == 0 ? "" : ",") + R"({"PartitionKey":"k","Data":")" + data + "\"}";
  }
  return R"({"StreamName":"s","Records":[)" + list + "]}";
}

TEST(PutRecords, FailsOnlyTheEntriesBeyondTheShardsLimit) {
  TestClient client;
  client.makeStream("s", 1);
  client.call("PutRecords", entries(500, 1));
  client.call("PutRecords", entries(499, 1));

  const auto answer = client.call("PutRecords", entries(3, 1));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json.at("FailedRecordCount"), 2);
  const auto& records = answer.list("Records");
  EXPECT_TRUE(records[0].as_object().contains("SequenceNumber"));
  EXPECT_FALSE(records[0].as_object().contains("ErrorCode"));
  EXPECT_EQ(records[1].at("ErrorCode"), "ProvisionedThroughputExceededException");
  EXPECT_EQ(records[1].at("ErrorMessage"),
            "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.");
  EXPECT_FALSE(records[1].as_object().contains("ShardId"));
}

TEST(PutRecords, CountsBytesPerSecondToo) {
  TestClient client;
  client.makeStream("s", 1);

  const auto answer = client.call("PutRecords", entries(5, 300'000));

  EXPECT_EQ(answer.json.at("FailedRecordCount"), 2);
  client.now += 1s;
  EXPECT_EQ(client.call("PutRecords", entries(2, 300'000)).json.at("FailedRecordCount"), 0);
}

TEST(PutRecords, StoresNothingWhenOneEntryIsWrong) {
  TestClient client;
  client.makeStream("s", 1);

  const auto answer = client.call(
      "PutRecords",
      R"({"StreamName":"s","Records":[{"PartitionKey":"a","Data":""},{"PartitionKey":"a","Data":"","ExplicitHashKey":"999999999999999999999999999999999999999"}]})");

  EXPECT_EQ(answer.error(), "InvalidArgumentException");
  EXPECT_EQ(client.aws.kinesis().store().streams().at("s")->shards[0]->log.end(), 0u);
}

TEST(PutRecords, TakesAtMostFiveHundredEntriesAndTenMebibytes) {
  TestClient client({.limits = false});
  client.makeStream("s", 1);

  EXPECT_EQ(client.call("PutRecords", entries(501, 1)).error(), "ValidationException");
  EXPECT_EQ(client.call("PutRecords", R"({"StreamName":"s","Records":[]})").error(), "ValidationException");
  EXPECT_EQ(client.call("PutRecords", entries(10, (1u << 20) - 1)).status, 200);
  EXPECT_EQ(client.call("PutRecords", entries(11, 1'000'000)).message(), "Records size exceeds 10 MB limit");
}

}  // namespace
}  // namespace tidemill::fake
