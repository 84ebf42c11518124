#include "dynamo/dynamo_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/scripted_transport.h"
#include "codec/crc32.h"
#include "sim/sim_loop.h"

namespace tidemill::dynamo {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Item kKey{{"leaseKey", AttributeValue::string("shardId-000000000000")}};
constexpr std::string_view kContext = "table app, leaseKey shardId-000000000000: ";

// As AWS describes a table (made up by hand after its API reference).
constexpr std::string_view kTable = R"({"Table":{"AttributeDefinitions":[
  {"AttributeName":"leaseKey","AttributeType":"S"},{"AttributeName":"leaseOwner","AttributeType":"S"}],
  "TableName":"app","KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}],"TableStatus":"ACTIVE",
  "CreationDateTime":1.767225600123E9,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,
  "WriteCapacityUnits":0},"TableSizeBytes":1200,"ItemCount":4,"TableArn":"arn:aws:dynamodb:us-east-1:1:table/app",
  "BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"},"DeletionProtectionEnabled":true,
  "GlobalSecondaryIndexes":[{"IndexName":"LeaseOwnerToLeaseKeyIndex","IndexStatus":"CREATING"}]}})";

class DynamoClientTest : public testing::Test {
 protected:
  DynamoClientTest() {
    options_.aws.endpoint = {"http://127.0.0.1:4567", "us-east-1"};
    options_.aws.credentials = AwsCredentials("test", "test");
    options_.aws.retry.attemptsMax = 2;
  }
  DynamoClient& client() {
    if (!client_) client_.emplace(loop_, transport_, random_, log_, options_);
    return *client_;
  }
  void answer(int status, std::string_view body) { answerWithChecksum(status, body, codec::crc32(body)); }
  void answerWithChecksum(int status, std::string_view body, std::uint32_t checksum) {
    transport_.answer(status, body,
                      {{"x-amzn-RequestId", "request-1"}, {"X-Amz-Crc32", std::to_string(checksum)}});
  }
  void refuse(std::string_view name) {
    answer(400, fmt::format(R"({{"__type":"com.amazonaws.dynamodb.v20120810#{}","message":"No."}})", name));
  }
  Result<std::optional<Item>> get() {
    const GetItemRequest request{.table = "app", .key = kKey, .consistent = true};
    return loop_.run(client().getItem(request));
  }
  Result<WriteOutcome> update() { return loop_.run(client().updateItem(update_)); }
  const http::Request& sent(std::size_t index) { return transport_.requests.at(index); }

  sim::SimLoop loop_{1};
  aws::ScriptedTransport transport_{loop_};
  base::Random random_{1};
  aws::CapturedLog log_;
  DynamoClientOptions options_;
  std::optional<DynamoClient> client_;
  const UpdateItemRequest update_{
      .table = "app",
      .key = kKey,
      .update = "SET #c = :n",
      .condition = "#c = :o",
      .bindings = {{{"#c", "leaseCounter"}},
                   {{":n", AttributeValue::number(8)}, {":o", AttributeValue::number(7)}}},
      .returnNew = true};
};

TEST_F(DynamoClientTest, SendsJsonOfItsOwnVersionToItsTarget) {
  answer(200, R"({})");
  ASSERT_TRUE(get());
  EXPECT_EQ(aws::sentHeader(sent(0), "Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(aws::sentHeader(sent(0), "X-Amz-Target"), "DynamoDB_20120810.GetItem");
  EXPECT_THAT(aws::sentHeader(sent(0), "Authorization"), HasSubstr("/us-east-1/dynamodb/aws4_request"));
  EXPECT_EQ(sent(0).body,
            R"({"TableName":"app","Key":{"leaseKey":{"S":"shardId-000000000000"}},"ConsistentRead":true})");
}

TEST_F(DynamoClientTest, GivesAnItemOrNothing) {
  answer(200, R"({"Item":{"leaseCounter":{"N":"7"}}})");
  answer(200, R"({})");
  const auto item = get();
  ASSERT_TRUE(item && *item);
  EXPECT_EQ(integerOf(**item, "leaseCounter"), 7);
  EXPECT_EQ(get().value(), std::nullopt);
}

TEST_F(DynamoClientTest, MakesATableOnDemandUnlessTold) {
  const std::string made = fmt::format(R"({{"TableDescription":{}}})", kTable.substr(9, kTable.size() - 10));
  answer(200, made);
  answer(200, made);
  CreateTableRequest request{.table = "app", .partitionKey = {"leaseKey"}};
  ASSERT_TRUE(loop_.run(client().createTable(request)));
  EXPECT_EQ(
      sent(0).body,
      R"({"TableName":"app","AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"}],)"
      R"("KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"})");

  request.sortKey = KeyAttribute{"at", AttributeValue::Type::kNumber};
  request.provisioned = Throughput{10, 5};
  request.deletionProtection = true;
  request.tags = {{"team", "data"}};
  ASSERT_TRUE(loop_.run(client().createTable(request)));
  EXPECT_THAT(sent(1).body, HasSubstr(R"({"AttributeName":"at","AttributeType":"N"})"));
  EXPECT_THAT(sent(1).body, HasSubstr(R"({"AttributeName":"at","KeyType":"RANGE"})"));
  EXPECT_THAT(sent(1).body, HasSubstr(R"("BillingMode":"PROVISIONED","ProvisionedThroughput":)"
                                      R"({"ReadCapacityUnits":10,"WriteCapacityUnits":5})"));
  EXPECT_THAT(sent(1).body, HasSubstr(R"("DeletionProtectionEnabled":true)"));
  EXPECT_THAT(sent(1).body, HasSubstr(R"("Tags":[{"Key":"team","Value":"data"}])"));
}

TEST_F(DynamoClientTest, DescribesATable) {
  answer(200, kTable);
  const std::string name = "app";
  const auto table = loop_.run(client().describeTable(name));
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->name, "app");
  EXPECT_TRUE(table->active());
  EXPECT_EQ(table->partitionKey, (KeyAttribute{"leaseKey", AttributeValue::Type::kString}));
  EXPECT_FALSE(table->sortKey);
  EXPECT_EQ(table->billing, BillingMode::kOnDemand);
  EXPECT_TRUE(table->deletionProtection);
  EXPECT_EQ(table->itemCount, 4);
  EXPECT_EQ(table->sizeBytes, 1200);
  EXPECT_EQ(table->created, rt::WallTime(1'767'225'600'123ms));
  ASSERT_EQ(table->indexes.size(), 1u);
  EXPECT_EQ(table->indexes[0].status, "CREATING");
}

TEST_F(DynamoClientTest, AMissingTableIsNamed) {
  refuse("ResourceNotFoundException");
  const std::string name = "app";
  const auto table = loop_.run(client().describeTable(name));
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code(), Code::kUnknownTable);
  EXPECT_EQ(table.error().message().find("table app: DynamoDB DescribeTable at "), 0u);
  EXPECT_THAT(table.error().hint(), HasSubstr("us-east-1"));
}

TEST_F(DynamoClientTest, PutsOnlyNewItems) {
  answer(200, "{}");
  const PutNewItemRequest request{.table = "app", .partitionKey = "leaseKey", .item = kKey};
  const auto made = loop_.run(client().putNewItem(request));
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->applied);
  EXPECT_THAT(sent(0).body, HasSubstr(R"-("ConditionExpression":"attribute_not_exists(#k)")-"));
  EXPECT_THAT(sent(0).body, HasSubstr(R"("ExpressionAttributeNames":{"#k":"leaseKey"})"));
}

TEST_F(DynamoClientTest, UpdatesUnderACondition) {
  answer(200, R"({"Attributes":{"leaseCounter":{"N":"8"},"zzz":{"S":"kept"}}})");
  const auto outcome = update();
  ASSERT_TRUE(outcome && outcome->applied && outcome->attributes);
  EXPECT_EQ(stringOf(*outcome->attributes, "zzz"), "kept");
  EXPECT_THAT(sent(0).body, HasSubstr(R"("UpdateExpression":"SET #c = :n")"));
  EXPECT_THAT(sent(0).body, HasSubstr(R"("ConditionExpression":"#c = :o")"));
  EXPECT_THAT(sent(0).body, HasSubstr(R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD")"));
  EXPECT_THAT(sent(0).body, HasSubstr(R"("ReturnValues":"ALL_NEW")"));
}

TEST_F(DynamoClientTest, AConditionThatDoesNotHoldIsAnAnswerWithTheItemInTheWay) {
  answer(400, R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message":"The conditional request failed","Item":{"leaseCounter":{"N":"9"}}})");
  const auto outcome = update();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->applied);
  ASSERT_TRUE(outcome->attributes);
  EXPECT_EQ(integerOf(*outcome->attributes, "leaseCounter"), 9);
}

TEST_F(DynamoClientTest, ARefusalWithoutAReadableItemIsARefusalAllTheSame) {
  refuse("ConditionalCheckFailedException");
  answer(400, R"({"__type":"ConditionalCheckFailedException","Item":{"leaseCounter":7}})");
  for (int i = 0; i < 2; ++i) {
    const auto outcome = update();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->applied);
    EXPECT_FALSE(outcome->attributes);
  }
}

TEST_F(DynamoClientTest, DeletesUnderACondition) {
  answer(200, "{}");
  const DeleteItemRequest request{.table = "app",
                                  .key = kKey,
                                  .condition = "checkpoint = :e",
                                  .bindings = {{}, {{":e", AttributeValue::string("SHARD_END")}}}};
  EXPECT_TRUE(loop_.run(client().deleteItem(request)).value().applied);
  EXPECT_THAT(sent(0).body, HasSubstr(R"("ExpressionAttributeValues":{":e":{"S":"SHARD_END"}})"));
  EXPECT_EQ(sent(0).body.find("ExpressionAttributeNames"), std::string::npos);
}

TEST_F(DynamoClientTest, SendsAWriteOnceAndEndsItInTime) {
  transport_.fail(Code::kTimeout, "127.0.0.1: no answer");
  const auto outcome = update();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::kTimeout);
  EXPECT_TRUE(mayHaveBeenApplied(outcome.error()));
  EXPECT_EQ(outcome.error().message().find(kContext), 0u);
  EXPECT_EQ(transport_.requests.size(), 1u);
  EXPECT_EQ(transport_.deadlines[0] - transport_.sentAt[0], options_.writeTimeout);
}

TEST_F(DynamoClientTest, AThrottledWriteIsNoConflict) {
  refuse("ProvisionedThroughputExceededException");
  const auto outcome = update();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::kThrottled);
  EXPECT_FALSE(mayHaveBeenApplied(outcome.error()));
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(DynamoClientTest, ADamagedReadIsMadeAgain) {
  answerWithChecksum(200, R"({"Item":{"leaseCounter":{"N":"6"}}})", 1);
  answer(200, R"({"Item":{"leaseCounter":{"N":"7"}}})");
  const auto item = get();
  ASSERT_TRUE(item && *item);
  EXPECT_EQ(integerOf(**item, "leaseCounter"), 7);
}

TEST_F(DynamoClientTest, ADamagedAnswerToAWriteLeavesItsOutcomeOpen) {
  answerWithChecksum(200, "{}", 1);
  answerWithChecksum(400, R"({"__type":"ConditionalCheckFailedException"})", 1);
  for (int i = 0; i < 2; ++i) {
    const auto outcome = update();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Code::kServiceError);
    EXPECT_TRUE(mayHaveBeenApplied(outcome.error()));
  }
  EXPECT_EQ(transport_.requests.size(), 2u);
}

TEST_F(DynamoClientTest, AnAnswerWithoutAChecksumIsBelieved) {
  transport_.answerJson(200, R"({"Item":{"leaseCounter":{"N":"7"}}})");
  EXPECT_TRUE(get().value());
}

TEST_F(DynamoClientTest, ScansByPages) {
  answer(200, R"({"Items":[{"leaseKey":{"S":"a"}}],"Count":1,"ScannedCount":1,
    "LastEvaluatedKey":{"leaseKey":{"S":"a"}}})");
  answer(200, R"({"Items":[],"Count":0,"ScannedCount":0})");
  const auto items = loop_.run(scanAll(client(), {.table = "app", .limit = 1, .segment = 1, .segments = 4}));
  ASSERT_TRUE(items) << items.error().message();
  EXPECT_EQ(items->size(), 1u);
  EXPECT_EQ(sent(0).body, R"({"TableName":"app","Limit":1,"Segment":1,"TotalSegments":4})");
  EXPECT_THAT(sent(1).body, HasSubstr(R"("ExclusiveStartKey":{"leaseKey":{"S":"a"}})"));
}

TEST_F(DynamoClientTest, AnAnswerOfAnotherShapeNamesItsMember) {
  answer(200, R"({"Count":1})");
  const ScanRequest scan{.table = "app"};
  const auto page = loop_.run(client().scanPage(scan));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(page.error().message(), HasSubstr("Items"));

  answer(200, R"({"Item":{"leaseCounter":{"N":"seven"}}})");
  const auto item = get();
  ASSERT_FALSE(item);
  EXPECT_THAT(item.error().message(), HasSubstr("leaseCounter"));
  EXPECT_EQ(item.error().message().find("seven"), std::string::npos);
}

TEST(ResolveDynamoOptions, PrefersItsOwnEndpointVariable) {
  const aws::Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_ENDPOINT_URL") return "http://localhost:1";
    if (name == "AWS_ENDPOINT_URL_DYNAMODB") return "http://localhost:2";
    return std::nullopt;
  };
  const auto options = resolveDynamoOptions({}, AwsCredentials("test", "test"), environment);
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->aws.endpoint.url, "http://localhost:2");
  EXPECT_EQ(options->aws.retry.attemptsMax, 4);
}

TEST(ResolveDynamoOptions, NeedsCredentials) {
  const aws::Environment environment = [](std::string_view) -> std::optional<std::string> { return {}; };
  aws::EndpointOptions where;
  where.endpoint = "http://localhost:2";
  const auto options = resolveDynamoOptions(where, std::nullopt, environment);
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code(), Code::kNoCredentials);
}

}  // namespace
}  // namespace tidemill::dynamo
