#include <gtest/gtest.h>

#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

std::string statusOf(TestClient& client, const std::string& table) {
  const auto answer = client.dynamo("DescribeTable", R"({"TableName":")" + table + "\"}");
  return answer.status == 200 ? std::string(answer.json.at("Table").at("TableStatus").as_string())
                              : answer.errorName();
}

TEST(DynamoTables, AreCreatedAndBecomeActiveAfterTheDelay) {
  TestClient client;

  const auto created = client.dynamo(
      "CreateTable",
      R"({"TableName":"leases","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[)"
      R"({"AttributeName":"leaseKey","AttributeType":"S"}],"KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}]})");

  ASSERT_EQ(created.status, 200) << created.raw;
  const auto& table = created.json.at("TableDescription").as_object();
  EXPECT_EQ(table.at("TableStatus"), "CREATING");
  EXPECT_EQ(table.at("TableArn"), "arn:aws:dynamodb:us-east-1:000000000000:table/leases");
  EXPECT_FALSE(table.contains("WarmThroughput"));
  EXPECT_EQ(client.dynamo("GetItem", R"({"TableName":"leases","Key":{"leaseKey":{"S":"a"}}})").errorName(),
            "ResourceNotFoundException");
  client.now += client.aws.options().tableDelay - 1ms;
  EXPECT_EQ(statusOf(client, "leases"), "CREATING");
  client.now += 1ms;
  EXPECT_EQ(statusOf(client, "leases"), "ACTIVE");
}

TEST(DynamoTables, ExistOncePerName) {
  TestClient client;
  client.makeTable("leases");

  const auto again = client.dynamo(
      "CreateTable",
      R"({"TableName":"leases","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[)"
      R"({"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})");

  EXPECT_EQ(again.error(), "com.amazonaws.dynamodb.v20120810#ResourceInUseException");
  EXPECT_EQ(again.message(), "Table already exists: leases");
}

TEST(DynamoTables, AreGoneSomeTimeAfterTheyWereDeleted) {
  TestClient client;
  client.makeTable("leases");

  const auto deleted = client.dynamo("DeleteTable", R"({"TableName":"leases"})");

  ASSERT_EQ(deleted.status, 200) << deleted.raw;
  const auto& table = deleted.json.at("TableDescription").as_object();
  EXPECT_EQ(table.at("TableStatus"), "DELETING");
  EXPECT_FALSE(table.contains("KeySchema"));
  client.now += client.aws.options().tableDelay;
  const auto described = client.dynamo("DescribeTable", R"({"TableName":"leases"})");
  EXPECT_EQ(described.errorName(), "ResourceNotFoundException");
  EXPECT_EQ(described.message(), "Requested resource not found: Table: leases not found");
}

TEST(DynamoTables, AreNotDeletedBeforeTheyAreCreated) {
  TestClient client;
  client.dynamo(
      "CreateTable",
      R"({"TableName":"leases","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[)"
      R"({"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})");

  const auto refused = client.dynamo("DeleteTable", R"({"TableName":"leases"})");

  EXPECT_EQ(refused.errorName(), "ResourceInUseException");
  EXPECT_EQ(refused.message(),
            "Attempt to change a resource which is still in use: Table is being created: leases");
}

TEST(DynamoTables, ProtectedFromDeletionStay) {
  TestClient client;
  client.makeTable("leases");
  client.dynamo("UpdateTable", R"({"TableName":"leases","DeletionProtectionEnabled":true})");
  client.now += 1s;

  EXPECT_EQ(client.dynamo("DeleteTable", R"({"TableName":"leases"})").errorName(), "ValidationException");
  client.dynamo("UpdateTable", R"({"TableName":"leases","DeletionProtectionEnabled":false})");
  client.now += 1s;
  EXPECT_EQ(client.dynamo("DeleteTable", R"({"TableName":"leases"})").status, 200);
}

TEST(DynamoTables, AreListedInPages) {
  TestClient client;
  for (const char* name : {"ccc", "aaa", "bbb"}) client.makeTable(name);

  const auto first = client.dynamo("ListTables", R"({"Limit":2})");
  const auto rest = client.dynamo("ListTables", R"({"ExclusiveStartTableName":"bbb"})");

  EXPECT_EQ(boost::json::serialize(first.json),
            R"({"TableNames":["aaa","bbb"],"LastEvaluatedTableName":"bbb"})");
  EXPECT_EQ(boost::json::serialize(rest.json), R"({"TableNames":["ccc"]})");
}

TEST(DynamoTables, RefuseSchemasThatMakeNoSense) {
  TestClient client;
  const auto create = [&client](const std::string& rest) {
    return client.dynamo("CreateTable", R"({"TableName":"leases",)" + rest + "}").message();
  };
  const std::string keys = R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],)"
                           R"("KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])";

  EXPECT_EQ(
      create(keys),
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
      "specified when BillingMode is PROVISIONED");
  EXPECT_EQ(create(R"("BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"x",)"
                   R"("AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])"),
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            "AttributeDefinitions. Keys: [id], AttributeDefinitions: [x]");
  EXPECT_EQ(
      create(R"("AttributeDefinitions":[],"KeySchema":[])"),
      "1 validation error detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must "
      "have length greater than or equal to 1");
  EXPECT_EQ(client.dynamo("DescribeTable", R"({"TableName":"ab"})").message(),
            "TableName must be at least 3 characters long and at most 255 characters long");
  EXPECT_EQ(
      client.dynamo("DescribeTable", "{}").message(),
      "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must "
      "not be null");
}

TEST(DynamoTables, GetAnIndexThatIsUsableOnlyWhenItIsBuilt) {
  TestClient client;
  client.makeTable("leases");
  const std::string query =
      R"({"TableName":"leases","IndexName":"byOwner","KeyConditionExpression":"leaseOwner = :o",)"
      R"("ExpressionAttributeValues":{":o":{"S":"me"}}})";
  EXPECT_EQ(client.dynamo("Query", query).message(), "The table does not have the specified index: byOwner");

  const auto updated = client.dynamo(
      "UpdateTable",
      R"({"TableName":"leases","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},)"
      R"({"AttributeName":"leaseOwner","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[{"Create":)"
      R"({"IndexName":"byOwner","KeySchema":[{"AttributeName":"leaseOwner","KeyType":"HASH"},)"
      R"({"AttributeName":"id","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}}]})");

  ASSERT_EQ(updated.status, 200) << updated.raw;
  EXPECT_EQ(client.dynamo("Query", query).errorName(), "ResourceNotFoundException");
  client.now += 1s;
  client.dynamo("PutItem",
                R"({"TableName":"leases","Item":{"id":{"S":"a"},"leaseOwner":{"S":"me"},"x":{"N":"1"}}})");
  client.dynamo("PutItem", R"({"TableName":"leases","Item":{"id":{"S":"b"}}})");
  EXPECT_EQ(client.dynamo("Query", query).raw,
            R"({"Count":1,"ScannedCount":1,"Items":[{"id":{"S":"a"},"leaseOwner":{"S":"me"}}]})");
}

TEST(DynamoTables, ChangeAsAWholeOrNotAtAll) {
  TestClient client;
  client.makeTable("leases");

  const auto refused = client.dynamo(
      "UpdateTable",
      R"({"TableName":"leases","BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":1,)"
      R"("WriteCapacityUnits":1},"GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"nothing"}}]})");

  EXPECT_EQ(refused.errorName(), "ResourceNotFoundException");
  const auto described =
      client.dynamo("DescribeTable", R"({"TableName":"leases"})").json.at("Table").as_object();
  EXPECT_EQ(described.at("BillingModeSummary").at("BillingMode"), "PAY_PER_REQUEST");
  EXPECT_EQ(described.at("TableStatus"), "ACTIVE");
}

TEST(DynamoTables, CarryTags) {
  TestClient client;
  client.makeTable("leases");
  const std::string arn = R"("ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/leases")";

  const auto tagged = client.dynamo("TagResource", "{" + arn + R"(,"Tags":[{"Key":"team","Value":"sea"}]})");

  EXPECT_EQ(tagged.status, 200);
  EXPECT_EQ(tagged.raw, "");
  EXPECT_EQ(client.dynamo("ListTagsOfResource", "{" + arn + "}").raw,
            R"({"Tags":[{"Key":"team","Value":"sea"}]})");
}

}  // namespace
}  // namespace tidemill::fake
