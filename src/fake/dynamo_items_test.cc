#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/text.h"
#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

constexpr std::string_view kFailed = "ConditionalCheckFailedException";

class DynamoItems : public testing::Test {
 protected:
  DynamoItems() { client.makeTable("leases"); }

  TestAnswer call(const std::string& operation, const std::string& rest) {
    return client.dynamo(operation, R"({"TableName":"leases",)" + rest + "}");
  }
  std::string item(const std::string& id) {
    const auto answer = call("GetItem", R"("ConsistentRead":true,"Key":{"id":{"S":")" + id + "\"}}");
    return answer.json.contains("Item") ? boost::json::serialize(answer.json.at("Item")) : answer.raw;
  }

  TestClient client;
};

TEST_F(DynamoItems, ArePutReadAndDeleted) {
  EXPECT_EQ(item("a"), "{}");

  EXPECT_EQ(
      call("PutItem", R"("Item":{"id":{"S":"a"},"n":{"N":"1.50"},"l":{"L":[{"BOOL":true},{"NULL":true}]}})")
          .raw,
      "{}");
  EXPECT_EQ(item("a"), R"({"id":{"S":"a"},"l":{"L":[{"BOOL":true},{"NULL":true}]},"n":{"N":"1.5"}})");

  EXPECT_EQ(call("DeleteItem", R"("Key":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD")").json.size(), 1u);
  EXPECT_EQ(call("DeleteItem", R"("Key":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD")").raw, "{}");
  EXPECT_EQ(item("a"), "{}");
}

TEST_F(DynamoItems, AreRenewedOnlyUnderTheirCondition) {
  call("PutItem", R"("Item":{"id":{"S":"a"},"leaseCounter":{"N":"7"},"zzz":{"S":"kept"}})");
  const auto renew = [this](const std::string& from, const std::string& more) {
    return call("UpdateItem",
                R"("Key":{"id":{"S":"a"}},"UpdateExpression":"SET leaseCounter = leaseCounter + :one",)"
                R"("ConditionExpression":"leaseCounter = :n","ExpressionAttributeValues":{":one":{"N":"1"},)"
                R"(":n":{"N":")" +
                    from + "\"}}" + more);
  };

  const auto renewed = renew("7", R"(,"ReturnValues":"ALL_NEW")");
  const auto refused = renew("7", "");
  const auto told = renew("7", R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")");

  EXPECT_EQ(renewed.raw, R"({"Attributes":{"id":{"S":"a"},"leaseCounter":{"N":"8"},"zzz":{"S":"kept"}}})");
  EXPECT_EQ(refused.errorName(), kFailed);
  EXPECT_EQ(refused.message(), "The conditional request failed");
  EXPECT_FALSE(refused.json.contains("Item"));
  EXPECT_EQ(told.errorName(), kFailed);
  EXPECT_EQ(boost::json::serialize(told.json.at("Item")),
            R"({"id":{"S":"a"},"leaseCounter":{"N":"8"},"zzz":{"S":"kept"}})");
}

TEST_F(DynamoItems, ThatAreNotThereAreNotToldOfWhenTheConditionFails) {
  const auto refused =
      call("DeleteItem", R"x("Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(id)",)x"
                         R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD")");

  EXPECT_EQ(refused.errorName(), kFailed);
  EXPECT_FALSE(refused.json.contains("Item"));
}

TEST_F(DynamoItems, AreWrittenByTheLegacyParametersThatOldClientsSend) {
  const std::string create = R"("Item":{"id":{"S":"a"},"leaseCounter":{"N":"0"},"leaseOwner":{"S":"me"}},)"
                             R"("Expected":{"id":{"Exists":false}})";
  EXPECT_EQ(call("PutItem", create).status, 200);
  EXPECT_EQ(call("PutItem", create).errorName(), kFailed);

  const std::string evict = R"("Key":{"id":{"S":"a"}},"AttributeUpdates":{"leaseOwner":{"Action":"DELETE"},)"
                            R"("leaseCounter":{"Action":"PUT","Value":{"N":"1"}}},)"
                            R"("Expected":{"leaseOwner":{"Value":{"S":"me"}}})";
  EXPECT_EQ(call("UpdateItem", evict).raw, "{}");
  EXPECT_EQ(call("UpdateItem", evict).errorName(), kFailed);
  EXPECT_EQ(item("a"), R"({"id":{"S":"a"},"leaseCounter":{"N":"1"}})");
}

TEST_F(DynamoItems, AreMadeByAnUpdateUnlessItOnlyTakesAway) {
  EXPECT_EQ(call("UpdateItem", R"("Key":{"id":{"S":"gone"}},"UpdateExpression":"REMOVE x")").raw, "{}");
  EXPECT_EQ(item("gone"), "{}");
  EXPECT_EQ(call("UpdateItem", R"("Key":{"id":{"S":"bare"}})").raw, "{}");
  EXPECT_EQ(item("bare"), R"({"id":{"S":"bare"}})");
  EXPECT_EQ(call("UpdateItem",
                 R"("Key":{"id":{"S":"new"}},"UpdateExpression":"ADD n :n","ReturnValues":"UPDATED_NEW",)"
                 R"("ExpressionAttributeValues":{":n":{"N":"5"}})")
                .raw,
            R"({"Attributes":{"n":{"N":"5"}}})");
}

TEST_F(DynamoItems, AreRefusedWithoutTheirKey) {
  EXPECT_EQ(call("PutItem", R"("Item":{"x":{"S":"a"}})").message(),
            "One or more parameter values were invalid: Missing the key id in the item");
  EXPECT_EQ(call("PutItem", R"("Item":{"id":{"N":"1"}})").message(),
            "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N");
  EXPECT_EQ(
      call("PutItem", R"("Item":{"id":{"S":""}})").message(),
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
      "an empty string value. Key: id");
  EXPECT_EQ(call("GetItem", R"("Key":{"id":{"S":"a"},"x":{"S":"b"}})").message(),
            "The provided key element does not match the schema");
  EXPECT_EQ(call("UpdateItem", R"("Key":{"id":{"S":"a"}},"UpdateExpression":"SET id = :v",)"
                               R"("ExpressionAttributeValues":{":v":{"S":"b"}})")
                .errorName(),
            "ValidationException");
  EXPECT_EQ(client.dynamo("GetItem", R"({"TableName":"none","Key":{"id":{"S":"a"}}})").message(),
            "Requested resource not found");
}

TEST_F(DynamoItems, FitIntoTheirSizesExactly) {
  const auto put = [this](std::size_t bytes) {
    return call("PutItem", R"("Item":{"id":{"S":"a"},"x":{"S":")" + std::string(bytes, 'x') + "\"}}");
  };
  // "id", "a" and "x" are four bytes.
  EXPECT_EQ(put(400 * 1024 - 4).status, 200);
  EXPECT_EQ(put(400 * 1024 - 3).message(), "Item size has exceeded the maximum allowed size");
  EXPECT_EQ(call("UpdateItem", R"("Key":{"id":{"S":"a"}},"UpdateExpression":"SET y = :y",)"
                               R"("ExpressionAttributeValues":{":y":{"S":"1"}})")
                .message(),
            "Item size to update has exceeded the maximum allowed size");

  const auto key = [this](std::size_t bytes) {
    return call("PutItem", R"("Item":{"id":{"S":")" + std::string(bytes, 'k') + "\"}}").status;
  };
  EXPECT_EQ(key(2048), 200);
  EXPECT_EQ(key(2049), 400);
}

TEST_F(DynamoItems, HaveWrongTypesRefusedBeforeWrongValues) {
  EXPECT_EQ(call("PutItem", R"("ReturnValues":"SOME","Item":{"id":{"S":1}})").error(),
            "com.amazon.coral.service#SerializationException");
  EXPECT_EQ(
      call("PutItem", R"("ReturnValues":"SOME","Item":{"id":{"S":"a"}})").message(),
      "1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint: Member "
      "must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]");
  EXPECT_EQ(call("PutItem", R"("ReturnValues":"ALL_NEW","Item":{"id":{"S":"a"}})").message(),
            "ReturnValues can only be ALL_OLD or NONE");
}

TEST_F(DynamoItems, TellWhatTheyCost) {
  EXPECT_EQ(call("PutItem", R"("ReturnConsumedCapacity":"TOTAL","Item":{"id":{"S":"a"}})").raw,
            R"({"ConsumedCapacity":{"TableName":"leases","CapacityUnits":1.000}})");
  EXPECT_EQ(
      call("GetItem", R"("ReturnConsumedCapacity":"INDEXES","Key":{"id":{"S":"b"}})").raw,
      R"({"ConsumedCapacity":{"TableName":"leases","CapacityUnits":0.500,"Table":{"CapacityUnits":0.500}}})");
}

TEST_F(DynamoItems, AreReadAsTheyWereOnlyWithoutConsistency) {
  TestClient stale({.staleReads = 1000ms});
  stale.makeTable("leases");
  const auto put = [&stale](int n) {
    stale.dynamo("PutItem",
                 fmt::format(R"({{"TableName":"leases","Item":{{"id":{{"S":"a"}},"n":{{"N":"{}"}}}}}})", n));
  };
  put(1);
  stale.now += 2s;
  put(2);
  stale.now += 500ms;

  int old = 0;
  for (int i = 0; i < 100; ++i) {
    const auto answer = stale.dynamo("GetItem", R"({"TableName":"leases","Key":{"id":{"S":"a"}}})");
    old += answer.raw.find(R"("n":{"N":"1"})") != std::string::npos ? 1 : 0;
    EXPECT_NE(
        stale.dynamo("GetItem", R"({"TableName":"leases","ConsistentRead":true,"Key":{"id":{"S":"a"}}})")
            .raw.find(R"("n":{"N":"2"})"),
        std::string::npos);
  }
  EXPECT_GT(old, 25);
  EXPECT_LT(old, 75);

  stale.now += 501ms;
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(stale.dynamo("Scan", R"({"TableName":"leases"})").raw.find(R"("n":{"N":"2"})"),
              std::string::npos);
  }
}

TEST_F(DynamoItems, ThatAreDeletedMayBeSeenByStaleReadsForAWhile) {
  TestClient stale({.staleReads = 1000ms});
  stale.makeTable("leases");
  stale.dynamo("PutItem", R"({"TableName":"leases","Item":{"id":{"S":"a"}}})");
  stale.now += 2s;
  stale.dynamo("DeleteItem", R"({"TableName":"leases","Key":{"id":{"S":"a"}}})");
  stale.now += 500ms;
  const auto seen = [&stale] {
    int times = 0;
    for (int i = 0; i < 50; ++i)
      times += stale.dynamo("Scan", R"({"TableName":"leases"})").json.at("Count") == 1 ? 1 : 0;
    return times;
  };

  EXPECT_GT(seen(), 0);
  EXPECT_EQ(stale.dynamo("Scan", R"({"TableName":"leases","ConsistentRead":true})").json.at("Count"), 0);
  stale.now += 501ms;
  EXPECT_EQ(seen(), 0);
}

TEST_F(DynamoItems, ReportEachAppliedWriteToAnObserver) {
  std::vector<std::string> seen;
  client.aws.dynamo().observeWrites([&seen](const AppliedWrite& write) {
    seen.push_back(fmt::format("{} {} {} {}{}", write.operation, write.table, write.key.at("id").text,
                               write.before != nullptr, write.after != nullptr));
  });

  call("PutItem", R"("Item":{"id":{"S":"a"}})");
  call("PutItem", R"x("Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)")x");
  call("UpdateItem", R"("Key":{"id":{"S":"a"}},"UpdateExpression":"REMOVE x")");
  call("DeleteItem", R"("Key":{"id":{"S":"a"}})");
  call("DeleteItem", R"("Key":{"id":{"S":"a"}})");

  EXPECT_EQ(seen, (std::vector<std::string>{"PutItem leases a falsetrue", "UpdateItem leases a truetrue",
                                            "DeleteItem leases a truefalse"}));
}

}  // namespace
}  // namespace tidemill::fake
