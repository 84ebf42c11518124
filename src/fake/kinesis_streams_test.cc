#include <gtest/gtest.h>

#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

const boost::json::object& description(const TestAnswer& answer) {
  return answer.json.at("StreamDescription").as_object();
}

TEST(CreateStream, AnswersWithAnEmptyBodyAndCreatesForAWhile) {
  TestClient client({.createDelay = 500ms});

  const auto created = client.call("CreateStream", R"({"StreamName":"s","ShardCount":2})");
  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.raw, "");

  client.now += 499ms;
  auto stream = client.call("DescribeStream", R"({"StreamName":"s"})");
  EXPECT_EQ(description(stream).at("StreamStatus"), "CREATING");
  EXPECT_TRUE(description(stream).at("Shards").as_array().empty());

  client.now += 1ms;
  stream = client.call("DescribeStream", R"({"StreamName":"s"})");
  EXPECT_EQ(description(stream).at("StreamStatus"), "ACTIVE");
  EXPECT_EQ(description(stream).at("Shards").as_array().size(), 2u);
  EXPECT_EQ(description(stream).at("HasMoreShards"), false);
}

TEST(CreateStream, CoversAllHashKeysWithoutGaps) {
  for (const int shards : {1, 2, 3, 4, 7, 64}) {
    TestClient client;
    client.makeStream("s", shards);
    const auto list = client.call("ListShards", R"({"StreamName":"s"})").list("Shards");

    ASSERT_EQ(list.size(), static_cast<std::size_t>(shards));
    HashKey next = 0;
    for (const auto& shard : list) {
      const auto& range = shard.at("HashKeyRange");
      EXPECT_EQ(parseHashKey(std::string(range.at("StartingHashKey").as_string())), next);
      next = *parseHashKey(std::string(range.at("EndingHashKey").as_string())) + 1;
    }
    EXPECT_EQ(next, 0u);  // One past the last wraps around.
  }
}

TEST(CreateStream, BackdatesItsShards) {
  TestClient client;
  const auto called = client.now;
  client.makeStream("s", 1);

  client.aws.kinesis().settle(client.now);
  const auto& shard = *client.aws.kinesis().store().streams().at("s")->shards[0];

  EXPECT_EQ(shard.second, std::chrono::floor<std::chrono::seconds>(called - 2s).time_since_epoch().count());
}

TEST(CreateStream, RefusesAnExistingName) {
  TestClient client;
  client.makeStream("s", 1);

  const auto again = client.call("CreateStream", R"({"StreamName":"s","ShardCount":1})");

  EXPECT_EQ(again.error(), "ResourceInUseException");
  EXPECT_EQ(again.message(), "Stream s under account 000000000000 already exists.");
}

TEST(CreateStream, IsOnDemandWithoutShardCount) {
  TestClient client;
  client.call("CreateStream", R"({"StreamName":"s"})");
  client.now += 1s;

  const auto summary = client.call("DescribeStreamSummary", R"({"StreamName":"s"})")
                           .json.at("StreamDescriptionSummary")
                           .as_object();

  EXPECT_EQ(summary.at("StreamModeDetails").at("StreamMode"), "ON_DEMAND");
  EXPECT_EQ(summary.at("OpenShardCount"), 4);
}

TEST(CreateStream, RespectsTheAccountsShardLimit) {
  TestClient client({.shardLimit = 3});
  client.makeStream("a", 2);

  const auto refused = client.call("CreateStream", R"({"StreamName":"b","ShardCount":2})");

  EXPECT_EQ(refused.error(), "LimitExceededException");
  EXPECT_NE(refused.message().find("Current shard count for the account: 2. Limit: 3."), std::string::npos);
  EXPECT_EQ(client.call("CreateStream", R"({"StreamName":"b","ShardCount":1})").status, 200);
}

TEST(DescribeStream, NamesTheStreamNotTheArnWhenThereIsNone) {
  TestClient client;

  const auto answer = client.call("DescribeStream",
                                  R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/nosuch"})");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.error(), "ResourceNotFoundException");
  EXPECT_EQ(answer.message(), "Stream nosuch under account 000000000000 not found.");
}

TEST(DescribeStream, PagesThroughShards) {
  TestClient client;
  client.makeStream("s", 3);

  const auto first = client.call("DescribeStream", R"({"StreamName":"s","Limit":2})");
  EXPECT_EQ(description(first).at("Shards").as_array().size(), 2u);
  EXPECT_EQ(description(first).at("HasMoreShards"), true);

  const auto second = client.call(
      "DescribeStream", R"({"StreamName":"s","Limit":2,"ExclusiveStartShardId":"shardId-000000000001"})");
  ASSERT_EQ(description(second).at("Shards").as_array().size(), 1u);
  EXPECT_EQ(description(second).at("Shards").as_array()[0].at("ShardId"), "shardId-000000000002");
  EXPECT_EQ(description(second).at("HasMoreShards"), false);
}

TEST(DescribeStreamSummary, HasTheServicesShapeInCbor) {
  TestClient client;
  client.now = rt::WallTime(1'459'799'926'480ms);
  client.makeStream("s", 1);
  codec::CborWriter request;
  request.beginMap();
  request.text("StreamName");
  request.text("s");
  request.end();

  const auto answer = client.callCbor("DescribeStreamSummary", request.take());

  EXPECT_EQ(answer.status, 200);
  // Opens two indefinite maps, and the creation time is tag 1 with integer milliseconds.
  EXPECT_EQ(answer.raw.substr(0, 27), "\xbf\x78\x18StreamDescriptionSummary");
  EXPECT_EQ(answer.raw[27], '\xbf');
  const std::string created =
      std::string("StreamCreationTimestamp") + "\xc1\x1b" + std::string("\0\0\x01\x53\xe2\xdb\x26\xd0", 8);
  EXPECT_NE(answer.raw.find(created), std::string::npos);
}

TEST(DeleteStream, ForgetsTheStreamAfterAWhile) {
  TestClient client({.deleteDelay = 500ms});
  client.makeStream("s", 1);

  EXPECT_EQ(client.call("DeleteStream", R"({"StreamName":"s"})").raw, "");
  EXPECT_EQ(description(client.call("DescribeStream", R"({"StreamName":"s"})")).at("StreamStatus"),
            "DELETING");

  client.now += 500ms;
  EXPECT_EQ(client.call("DescribeStream", R"({"StreamName":"s"})").error(), "ResourceNotFoundException");
}

TEST(ListStreams, PagesByNameAndByToken) {
  TestClient client;
  for (const auto* name : {"c", "a", "b"}) client.makeStream(name, 1);

  const auto first = client.call("ListStreams", R"({"Limit":2})");
  EXPECT_EQ(boost::json::serialize(first.json.at("StreamNames")), R"(["a","b"])");
  EXPECT_EQ(first.json.at("HasMoreStreams"), true);
  const auto second = client.call("ListStreams", R"({"NextToken":")" + first.text("NextToken") + "\"}");
  EXPECT_EQ(boost::json::serialize(second.json.at("StreamNames")), R"(["c"])");
  EXPECT_EQ(second.json.at("HasMoreStreams"), false);
  EXPECT_EQ(boost::json::serialize(
                client.call("ListStreams", R"({"ExclusiveStartStreamName":"b"})").json.at("StreamNames")),
            R"(["c"])");
}

TEST(ListStreams, RefusesForeignAndExpiredTokens) {
  TestClient client;
  for (const auto* name : {"a", "b"}) client.makeStream(name, 1);
  const auto token = client.call("ListStreams", R"({"Limit":1})").text("NextToken");

  EXPECT_EQ(client.call("ListStreams", R"({"NextToken":"foreign"})").error(), "InvalidArgumentException");
  client.now += 300'001ms;
  EXPECT_EQ(client.call("ListStreams", R"({"NextToken":")" + token + "\"}").error(),
            "ExpiredNextTokenException");
}

TEST(Retention, RefusesTheWrongDirectionAndLessThanADay) {
  TestClient client;
  client.makeStream("s", 1);
  const auto change = [&](const std::string& operation, int hours) {
    return client
        .call(operation + "StreamRetentionPeriod",
              R"({"StreamName":"s","RetentionPeriodHours":)" + std::to_string(hours) + "}")
        .message();
  };

  EXPECT_EQ(
      change("Increase", 23),
      "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.");
  EXPECT_EQ(change("Increase", 48), "");
  EXPECT_EQ(change("Increase", 24),
            "Requested retention period (24 hours) for stream s can not be shorter than existing retention "
            "period (48 "
            "hours). Use DecreaseRetentionPeriod API.");
  EXPECT_EQ(change("Decrease", 72),
            "Requested retention period (72 hours) for stream s can not be longer than existing retention "
            "period (48 "
            "hours). Use IncreaseRetentionPeriod API.");
}

TEST(Retention, TrimsRecordsThatAreOlder) {
  TestClient client;
  client.makeStream("s", 1);
  client.put("s", "b2xk");
  client.now += 12h;
  client.put("s", "bmV3");

  client.now += 12h + 1ms;
  const auto page = client.records(client.iterator("s", "shardId-000000000000", "TRIM_HORIZON"));

  ASSERT_EQ(page.list("Records").size(), 1u);
  EXPECT_EQ(page.list("Records")[0].at("Data"), "bmV3");
}

TEST(Limits, RefuseControlCallsBeyondTheAccountsRate) {
  TestClient client;
  EXPECT_EQ(client.call("DescribeLimits", "{}").status, 200);

  EXPECT_EQ(client.call("DescribeLimits", "{}").error(), "LimitExceededException");

  TestClient unlimited({.limits = false});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(unlimited.call("DescribeLimits", "{}").status, 200);
}

TEST(StreamArn, StandsInForTheName) {
  TestClient client;
  client.makeStream("s", 1);
  const std::string arn = R"("StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s")";

  EXPECT_EQ(client.call("DescribeStreamSummary", "{" + arn + "}").status, 200);
  EXPECT_EQ(client.call("DescribeStreamSummary", R"({"StreamName":"s",)" + arn + "}").status, 200);
  EXPECT_EQ(client.call("DescribeStreamSummary", R"({"StreamName":"t",)" + arn + "}").error(),
            "InvalidArgumentException");
  EXPECT_EQ(
      client
          .call("DescribeStreamSummary", R"({"StreamARN":"arn:aws:kinesis:us-east-1:111111111111:stream/s"})")
          .error(),
      "ResourceNotFoundException");
  EXPECT_EQ(client.call("DescribeStreamSummary", "{}").error(), "InvalidArgumentException");
}

}  // namespace
}  // namespace tidemill::fake
