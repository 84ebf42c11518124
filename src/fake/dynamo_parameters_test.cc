#include "fake/dynamo_parameters.h"

#include <gtest/gtest.h>

#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

DynamoParameters read(std::string_view operation, std::string_view json) {
  return readDynamoParameters(operation, inputOf(json)).value();
}

std::string parameterRefusal(std::string_view operation, std::string_view json) {
  return refusalOf(readDynamoParameters(operation, inputOf(json)));
}

TEST(DynamoParameters, ReadsEverythingOfAnUpdate) {
  const auto parameters = read("UpdateItem", R"({"TableName":"t","Key":{},
    "UpdateExpression":"SET leaseCounter = :next REMOVE #owner","ConditionExpression":"leaseCounter = :now",
    "ExpressionAttributeNames":{"#owner":"leaseOwner"},
    "ExpressionAttributeValues":{":next":{"N":"2"},":now":{"N":"1"}}})");
  const Item row = itemOf(R"({"leaseCounter":{"N":"1"},"leaseOwner":{"S":"w"}})");

  EXPECT_TRUE(holds(*parameters.condition, row));
  EXPECT_EQ(jsonOf(*applyUpdate(*parameters.update, row)), R"({"leaseCounter":{"N":"2"}})");
}

TEST(DynamoParameters, RefusesUnusedNamesAndValuesAndCountsThemWhereAwsDoes) {
  constexpr std::string_view kValues =
      R"({"ConditionExpression":"a = :a","FilterExpression":"a = :a",
          "ExpressionAttributeValues":{":a":{"S":""},":c":{"S":""},":b":{"S":""}}})";
  EXPECT_EQ(
      parameterRefusal("PutItem", kValues),
      "1 validation error detected: Value provided in ExpressionAttributeValues unused in expressions: keys: "
      "{:b, :c}");
  EXPECT_EQ(parameterRefusal("Scan", kValues),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :c}");
  EXPECT_EQ(
      parameterRefusal("GetItem", R"({"ProjectionExpression":"a","ExpressionAttributeNames":{"#n":"n"}})"),
      "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}");
}

TEST(DynamoParameters, RefusesNamesAndValuesWithoutExpressions) {
  EXPECT_EQ(parameterRefusal("PutItem", R"({"ExpressionAttributeNames":{"#n":"n"}})"),
            "ExpressionAttributeNames can only be specified when using expressions");
  EXPECT_EQ(
      parameterRefusal("PutItem", R"({"ExpressionAttributeValues":{":n":{"S":""}}})"),
      "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null");
  EXPECT_EQ(parameterRefusal("UpdateItem", R"({"ExpressionAttributeValues":{":n":{"S":""}}})"),
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and "
            "ConditionExpression are null");
}

TEST(DynamoParameters, RefusesIllFormedNamesAndValues) {
  const auto with = [](std::string_view rest) {
    return R"({"ConditionExpression":"a = :v",)" + std::string(rest) + "}";
  };
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeNames":{})")),
            "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeNames":{"n":"a"})")),
            R"(ExpressionAttributeNames contains invalid key: Syntax error; key: "n")");
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeNames":{"#n-":"a"})")),
            R"(ExpressionAttributeNames contains invalid key: Syntax error; key: "#n-")");
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeValues":{})")),
            "ExpressionAttributeValues must not be empty");
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeValues":{":":{"S":""}})")),
            R"(ExpressionAttributeValues contains invalid key: Syntax error; key: ":")");
  EXPECT_EQ(parameterRefusal("PutItem", with(R"("ExpressionAttributeValues":{":v":{"N":"x"}})")),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a "
            "numeric value: "
            "x for key :v");
}

TEST(DynamoParameters, RefusesBothForms) {
  EXPECT_EQ(parameterRefusal("UpdateItem", R"({"UpdateExpression":"garbage","Expected":{}})"),
            "Can not use both expression and non-expression parameters in the same request: Non-expression "
            "parameters: {Expected} Expression parameters: {UpdateExpression}");
  EXPECT_EQ(
      parameterRefusal("Scan", R"({"ProjectionExpression":"a","ScanFilter":{},"AttributesToGet":["a"]})"),
      "Can not use both expression and non-expression parameters in the same request: Non-expression "
      "parameters: {AttributesToGet, ScanFilter} Expression parameters: {ProjectionExpression}");
}

TEST(DynamoParameters, IgnoresWhatTheOperationDoesNotHave) {
  const auto parameters = read("GetItem", R"({"ConditionExpression":"(","AttributesToGet":["a"]})");

  EXPECT_FALSE(parameters.condition);
  EXPECT_EQ(jsonOf(project(*parameters.projection, itemOf(R"({"a":{"S":"1"},"b":{"S":"2"}})"))),
            R"({"a":{"S":"1"}})");
}

TEST(DynamoParameters, CountsErrorsOnlyWhereRecorded) {
  EXPECT_EQ(parameterRefusal("UpdateItem", R"({"UpdateExpression":""})"),
            "1 validation error detected: Invalid UpdateExpression: The expression can not be empty;");
  EXPECT_EQ(parameterRefusal("UpdateItem", R"({"UpdateExpression":"SET"})"),
            R"(Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET")");
  const ServiceError empty{"ValidationException", "An string set  may not be empty", 400, false};
  EXPECT_EQ(countedError("PutItem", countedError("PutItem", empty)).message,
            "1 validation error detected: An string set  may not be empty");
  EXPECT_EQ(countedError("Scan", empty).message, empty.message);
}

TEST(DynamoKeyRange, TakesTheHashKeyApartFromTheRangeKey) {
  const auto parameters = read("Query", R"({"KeyConditionExpression":":v < s AND h = :h",
    "ExpressionAttributeValues":{":h":{"S":"x"},":v":{"N":"3"}}})");
  const auto range = keyRangeOf(*parameters.keyCondition, {"h", "s"});

  ASSERT_TRUE(range);
  EXPECT_EQ(range->hash, AttributeValue::ofText("x"));
  EXPECT_TRUE(holds(*range->range, itemOf(R"({"s":{"N":"4"}})")));
  EXPECT_FALSE(holds(*range->range, itemOf(R"({"s":{"N":"3"}})")));
}

TEST(DynamoKeyRange, RefusesWhatIsNoConditionOnKeys) {
  const auto query = [](std::string_view expression) {
    return parameterRefusal("Query",
                            R"({"ExpressionAttributeValues":{":v":{"S":"x"}},"KeyConditionExpression":")" +
                                std::string(expression) + R"("})");
  };
  EXPECT_EQ(query("h = :v OR s = :v"), "Invalid operator used in KeyConditionExpression: OR");
  EXPECT_EQ(query("NOT h = :v"), "Invalid operator used in KeyConditionExpression: NOT");
  EXPECT_EQ(query("h <> :v"), "Invalid operator used in KeyConditionExpression: <>");
  EXPECT_EQ(query("contains(h, :v)"), "Invalid operator used in KeyConditionExpression: contains");
  EXPECT_EQ(query("h.a = :v"), "KeyConditionExpressions cannot have conditions on nested attributes");
  EXPECT_EQ(query("size(h) = :v"), "KeyConditionExpressions cannot contain nested operations");
  EXPECT_EQ(query("h = s AND s = :v"),
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
  EXPECT_EQ(query(":v = :v"), "Invalid condition in KeyConditionExpression: No key attribute specified");
  EXPECT_EQ(query("h = :v AND h = :v"), "KeyConditionExpressions must only contain one condition per key");
  EXPECT_EQ(query("h = :v AND s = :v AND t = :v"), "Conditions can be of length 1 or 2 only");
}

TEST(DynamoKeyRange, RefusesConditionsThatDoNotMeetTheSchema) {
  const auto range = [](std::string_view expression, KeyNames keys) {
    const auto parameters =
        read("Query", R"({"ExpressionAttributeValues":{":v":{"S":"x"}},"KeyConditionExpression":")" +
                          std::string(expression) + R"("})");
    return refusalOf(keyRangeOf(*parameters.keyCondition, keys));
  };
  EXPECT_EQ(range("s = :v", {"h", "s"}), "Query condition missed key schema element: h");
  EXPECT_EQ(range("h = :v AND t = :v", {"h", "s"}), "Query condition missed key schema element: s");
  EXPECT_EQ(range("h = :v AND t = :v", {"h", ""}), "Query key condition not supported");
  EXPECT_EQ(range("h > :v", {"h", ""}), "Query key condition not supported");
  EXPECT_EQ(range("h = :v", {"h", ""}), "accepted");
}

}  // namespace
}  // namespace tidemill::fake
