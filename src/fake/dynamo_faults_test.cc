#include "fake/dynamo_faults.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "fake/dynamo_protocol.h"
#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

const std::string kPut = R"({"TableName":"leases","Item":{"id":{"S":"a"}}})";

TEST(DynamoProtocol, ChecksTheBodyThenTheOperationThenWhoAsks) {
  TestClient client;

  EXPECT_EQ(client.send(TestClient::dynamoRequest("GetCoffee", "{not json")).raw,
            R"({"__type":"com.amazon.coral.service#SerializationException"})");
  EXPECT_EQ(client.send(TestClient::dynamoRequest("GetCoffee", "{}")).raw,
            R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
  EXPECT_EQ(client.send(TestClient::dynamoRequest("ListTables", "{}")).error(),
            "com.amazon.coral.service#MissingAuthenticationTokenException");
  auto cbor = TestClient::dynamoRequest("ListTables", "\xa0");
  cbor.headers[1].value = "application/x-amz-cbor-1.1";
  EXPECT_EQ(client.send(cbor).status, 404);
}

TEST(DynamoProtocol, PutsAChecksumAndAnIdOnEveryAnswer) {
  TestClient client;
  for (const auto& answer :
       {client.dynamo("ListTables", "{}"), client.dynamo("ListTables", R"({"Limit":0})")}) {
    EXPECT_EQ(answer.response.header("x-amz-crc32"), std::to_string(crc32(answer.raw)));
    EXPECT_EQ(answer.response.header("x-amzn-RequestId").size(), 52u);
    EXPECT_EQ(answer.response.header("Content-Type"), "application/x-amz-json-1.0");
  }
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
}

TEST(DynamoFaults, AreThrottledWithTheErrorOfTheTablesMode) {
  TestClient client;
  client.makeTable("leases");
  client.dynamo(
      "CreateTable",
      R"({"TableName":"other","ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1},)"
      R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],)"
      R"("KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})");
  client.now += 1s;
  client.aws.setDynamoFaults({.throttled = 1000});

  EXPECT_EQ(client.dynamo("PutItem", kPut).errorName(), "ThrottlingException");
  EXPECT_EQ(client.dynamo("PutItem", R"({"TableName":"other","Item":{"id":{"S":"a"}}})").errorName(),
            "ProvisionedThroughputExceededException");
  // Kinesis does not suffer with it.
  EXPECT_EQ(client.call("ListStreams", "{}").status, 200);
  client.aws.setFaults(0);
  EXPECT_EQ(client.dynamo("Scan", R"({"TableName":"leases"})").json.at("Count"), 0);
}

TEST(DynamoFaults, LoseAnswersAfterTheWriteAndRequestsBeforeIt) {
  TestClient client;
  client.makeTable("leases");
  const auto deliveryOf = [&client](const std::string& id) {
    auto request =
        TestClient::dynamoRequest("PutItem", R"({"TableName":"leases","Item":{"id":{"S":")" + id + "\"}}}");
    client.sign(request, "test", "test", "us-east-1", "dynamodb");
    return client.aws.handle(request, client.now).delivery;
  };

  client.aws.setDynamoFaults({.lostAnswers = 1000});
  EXPECT_EQ(deliveryOf("applied"), FakeAnswer::Delivery::kLost);
  client.aws.setDynamoFaults({.lostRequests = 1000});
  EXPECT_EQ(deliveryOf("lost"), FakeAnswer::Delivery::kLost);
  client.aws.setDynamoFaults({});

  const auto items = client.aws.dynamo().items("leases");
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ(items->front().at("id").text, "applied");
}

TEST(DynamoFaults, ComeAtTheirRatesAndTheSameForASeed) {
  FakeAwsOptions options;
  options.dynamoFaults = {.throttled = 100, .lostAnswers = 50, .lostRequests = 25, .failures = 25};
  DynamoFaults once(base::Random(7), options);
  DynamoFaults again(base::Random(7), options);
  int throttled = 0;
  int none = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Fault fault = once.draw();
    EXPECT_EQ(fault, again.draw());
    throttled += fault == Fault::kThrottled ? 1 : 0;
    none += fault == Fault::kNone ? 1 : 0;
  }
  EXPECT_NEAR(throttled, 1000, 150);
  EXPECT_NEAR(none, 8000, 200);
}

TEST(DynamoFaults, LeaveAPartOfABatchUnprocessedAndAPageShort) {
  TestClient client({.networkFaults = false});
  client.makeTable("leases");
  std::string puts;
  for (int i = 0; i < 20; ++i) {
    puts += fmt::format(R"({}{{"PutRequest":{{"Item":{{"id":{{"S":"id-{}"}}}}}}}})", i == 0 ? "" : ",", i);
  }
  client.aws.setFaults(1000);

  std::size_t left = 0;
  for (int i = 0; i < 200 && left == 0; ++i) {
    const auto answer = client.dynamo("BatchWriteItem", R"({"RequestItems":{"leases":[)" + puts + "]}}");
    if (answer.status != 200) continue;
    const auto& rest = answer.json.at("UnprocessedItems").as_object();
    if (!rest.empty()) left = rest.at("leases").as_array().size();
  }
  EXPECT_GT(left, 0u);
  bool isShort = false;
  for (int i = 0; i < 200 && !isShort; ++i) {
    isShort = client.dynamo("Scan", R"({"TableName":"leases"})").json.contains("LastEvaluatedKey");
  }
  EXPECT_TRUE(isShort);
}

}  // namespace
}  // namespace tidemill::fake
