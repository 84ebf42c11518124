#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

class DynamoReads : public testing::Test {
 protected:
  DynamoReads() { client.makeTable("leases", "N"); }

  TestAnswer call(const std::string& operation, const std::string& rest) {
    return client.dynamo(operation, R"({"TableName":"leases",)" + rest + "}");
  }
  void put(const std::string& id, const std::string& at, const std::string& more = "") {
    const auto answer =
        call("PutItem", fmt::format(R"("Item":{{"id":{{"S":"{}"}},"at":{{"N":"{}"}}{}}})", id, at, more));
    ASSERT_EQ(answer.status, 200) << answer.raw;
  }
  static std::vector<std::string> sortKeys(const TestAnswer& answer) {
    std::vector<std::string> keys;
    for (const auto& item : answer.list("Items")) keys.emplace_back(item.at("at").at("N").as_string());
    return keys;
  }
  static std::string query(const std::string& more = "") {
    return R"("KeyConditionExpression":"id = :id)" + more +
           R"(","ExpressionAttributeValues":{":id":{"S":"a"})";
  }

  TestClient client;
};

TEST_F(DynamoReads, OrderNumbersByValue) {
  for (const char* at :
       {"10", "9", "-1", "-10", "-1.5", "0", "1E3", "0.001", "-0.001", "1E-120", "1E120", "9.99"}) {
    put("a", at);
  }
  put("b", "5");

  const std::vector<std::string> ascending = sortKeys(call("Query", query() + "}"));
  std::vector<std::string> descending = sortKeys(call("Query", query() + "},\"ScanIndexForward\":false"));

  ASSERT_EQ(ascending.size(), 12u);
  std::vector<std::string> middle(ascending.begin(), ascending.end() - 1);
  EXPECT_EQ(middle[0], "-10");
  EXPECT_EQ((std::vector<std::string>(middle.begin(), middle.begin() + 5)),
            (std::vector<std::string>{"-10", "-1.5", "-1", "-0.001", "0"}));
  EXPECT_EQ((std::vector<std::string>(middle.begin() + 6, middle.end())),
            (std::vector<std::string>{"0.001", "9", "9.99", "10", "1000"}));
  std::reverse(descending.begin(), descending.end());
  EXPECT_EQ(descending, ascending);
}

TEST_F(DynamoReads, QueryAPartOfTheSortKeysInPages) {
  for (int at = 1; at <= 9; ++at) put("a", std::to_string(at));
  const std::string some = query(" AND #at BETWEEN :low AND :high");
  const std::string rest =
      R"(,":low":{"N":"3"},":high":{"N":"7"}},"ExpressionAttributeNames":{"#at":"at"},"Limit":2)";

  const auto first = call("Query", some + rest);
  const auto second = call("Query", some + rest + R"(,"ExclusiveStartKey":)" +
                                        boost::json::serialize(first.json.at("LastEvaluatedKey")));

  EXPECT_EQ(sortKeys(first), (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(sortKeys(second), (std::vector<std::string>{"5", "6"}));
  EXPECT_EQ(call("Query", some + rest + R"(,"ExclusiveStartKey":{"id":{"S":"b"},"at":{"N":"4"}})").message(),
            "The provided starting key is outside query boundaries based on provided conditions");
}

TEST_F(DynamoReads, CountWhatAFilterKeepsOutAsScanned) {
  for (int at = 1; at <= 5; ++at)
    put("a", std::to_string(at), fmt::format(R"(,"odd":{{"BOOL":{}}})", at % 2 == 1));

  const auto filtered =
      call("Scan", R"("FilterExpression":"odd = :t","ExpressionAttributeValues":{":t":{"BOOL":true}})");
  const auto counted = call("Scan", R"("Select":"COUNT")");
  const auto legacy = call(
      "Scan", R"("ScanFilter":{"odd":{"ComparisonOperator":"EQ","AttributeValueList":[{"BOOL":false}]}})");

  EXPECT_EQ(sortKeys(filtered), (std::vector<std::string>{"1", "3", "5"}));
  EXPECT_EQ(filtered.json.at("ScannedCount"), 5);
  EXPECT_EQ(counted.raw, R"({"Count":5,"ScannedCount":5})");
  EXPECT_EQ(sortKeys(legacy), (std::vector<std::string>{"2", "4"}));
}

TEST_F(DynamoReads, ScanEveryItemOnceInPagesAndSegments) {
  std::set<std::string> sent;
  for (int i = 0; i < 40; ++i) {
    put(fmt::format("id-{}", i), "1");
    sent.insert(fmt::format("id-{}", i));
  }
  std::multiset<std::string> received;
  int pages = 0;
  for (int segment = 0; segment < 3; ++segment) {
    std::string start;
    do {
      const auto page =
          call("Scan", fmt::format(R"("Limit":4,"TotalSegments":3,"Segment":{}{})", segment, start));
      ASSERT_EQ(page.status, 200) << page.raw;
      for (const auto& item : page.list("Items")) received.emplace(item.at("id").at("S").as_string());
      const auto* last = page.json.if_contains("LastEvaluatedKey");
      start = last == nullptr ? "" : R"(,"ExclusiveStartKey":)" + boost::json::serialize(*last);
      ++pages;
    } while (!start.empty() && pages < 100);
  }

  EXPECT_EQ(received, std::multiset<std::string>(sent.begin(), sent.end()));
  EXPECT_GE(pages, 10);
  EXPECT_EQ(
      call("Scan", R"("TotalSegments":2,"Segment":2)").message(),
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is "
      "not less than TotalSegments: 2");
}

TEST_F(DynamoReads, EndAPageAtOneMebibyte) {
  const std::string text(300 * 1024, 'x');
  for (int at = 1; at <= 5; ++at) put("a", std::to_string(at), R"(,"x":{"S":")" + text + "\"}");

  const auto first = call("Scan", R"("ReturnConsumedCapacity":"TOTAL")");
  const auto second =
      call("Scan", R"("ExclusiveStartKey":)" + boost::json::serialize(first.json.at("LastEvaluatedKey")));

  EXPECT_EQ(sortKeys(first), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(sortKeys(second), (std::vector<std::string>{"4", "5"}));
  EXPECT_FALSE(second.json.contains("LastEvaluatedKey"));
  EXPECT_EQ(first.json.at("ConsumedCapacity").at("CapacityUnits").as_double(), 113.0);
}

TEST_F(DynamoReads, RefuseWhatTheKeysCannotAnswer) {
  EXPECT_EQ(
      call("Query", R"("Limit":1)").message().find("KeyConditionExpression parameter must be specified") !=
          std::string::npos,
      true);
  EXPECT_EQ(
      call("Query", R"("KeyConditionExpression":"id = :id","ExpressionAttributeValues":{":id":{"N":"1"}})")
          .message(),
      "One or more parameter values were invalid: Condition parameter type does not match schema type");
  EXPECT_EQ(call("Scan", R"("ExclusiveStartKey":{"id":{"S":"a"}})").message(),
            "The provided starting key is invalid: The provided key element does not match the schema");
  EXPECT_EQ(
      call("Scan", R"("Limit":0)").message(),
      "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have "
      "value greater than or equal to 1");
}

TEST_F(DynamoReads, AndWriteInBatches) {
  const auto written = client.dynamo(
      "BatchWriteItem",
      R"({"RequestItems":{"leases":[{"PutRequest":{"Item":{"id":{"S":"a"},"at":{"N":"1"}}}},)"
      R"({"PutRequest":{"Item":{"id":{"S":"a"},"at":{"N":"2"}}}},{"DeleteRequest":{"Key":{"id":{"S":"b"},"at":{"N":"1"}}}}]}})");
  const auto read = client.dynamo(
      "BatchGetItem",
      R"({"RequestItems":{"leases":{"Keys":[{"id":{"S":"a"},"at":{"N":"2"}},{"id":{"S":"a"},"at":{"N":"3"}}]}}})");

  EXPECT_EQ(written.raw, R"({"UnprocessedItems":{}})");
  EXPECT_EQ(read.raw, R"({"Responses":{"leases":[{"at":{"N":"2"},"id":{"S":"a"}}]},"UnprocessedKeys":{}})");
}

TEST_F(DynamoReads, RefuseBatchesThatAreTooLargeOrNameAKeyTwice) {
  std::string keys;
  for (int i = 0; i < 101; ++i)
    keys += fmt::format(R"({}{{"id":{{"S":"a"}},"at":{{"N":"{}"}}}})", i == 0 ? "" : ",", i);
  std::string puts;
  for (int i = 0; i < 26; ++i) {
    puts += fmt::format(R"({}{{"PutRequest":{{"Item":{{"id":{{"S":"a"}},"at":{{"N":"{}"}}}}}}}})",
                        i == 0 ? "" : ",", i);
  }
  const std::string twice = R"({"DeleteRequest":{"Key":{"id":{"S":"b"},"at":{"N":"1"}}}})";

  EXPECT_EQ(
      client.dynamo("BatchGetItem", R"({"RequestItems":{"leases":{"Keys":[)" + keys + "]}}}").errorName(),
      "ValidationException");
  EXPECT_EQ(client.dynamo("BatchWriteItem", R"({"RequestItems":{"leases":[)" + puts + "]}}").errorName(),
            "ValidationException");
  EXPECT_EQ(client.dynamo("BatchWriteItem", R"({"RequestItems":{"leases":[)" + twice + "," + twice + "]}}")
                .message(),
            "Provided list of item keys contains duplicates");
  EXPECT_EQ(call("Scan", R"("Select":"COUNT")").json.at("Count"), 0);
}

}  // namespace
}  // namespace tidemill::fake
