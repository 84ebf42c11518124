#include "fake/dynamo_legacy.h"

#include <gtest/gtest.h>

#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

const Item& row() {
  static const Item kRow =
      itemOf(R"({"leaseKey":{"S":"shardId-0"},"leaseCounter":{"N":"7"},"checkpoint":{"S":"TRIM_HORIZON"},)"
             R"("parentShardId":{"SS":["a","b"]}})");
  return kRow;
}

bool expected(std::string_view json, bool any = false) {
  const auto condition = conditionFromExpected(inputOf(json), any);
  EXPECT_EQ(refusalOf(condition), "accepted") << json;
  return condition && holds(*condition, row());
}

std::string legacyRefusal(std::string_view json) {
  return refusalOf(conditionFromExpected(inputOf(json), false));
}

// An Expected on leaseCounter.
bool counter(std::string_view op, std::string_view values) {
  return expected(R"({"leaseCounter":{"ComparisonOperator":")" + std::string(op) +
                  R"(","AttributeValueList":)" + std::string(values) + "}}");
}

TEST(DynamoExpected, ChecksValueAndExistence) {
  EXPECT_TRUE(expected(R"({"leaseCounter":{"Value":{"N":"7.0"}}})"));
  EXPECT_TRUE(expected(R"({"leaseCounter":{"Value":{"N":"7"},"Exists":true}})"));
  EXPECT_FALSE(expected(R"({"leaseCounter":{"Value":{"N":"8"}}})"));
  EXPECT_FALSE(expected(R"({"leaseOwner":{"Value":{"S":"w"}}})"));
  EXPECT_TRUE(expected(R"({"leaseOwner":{"Exists":false}})"));
  EXPECT_FALSE(expected(R"({"leaseKey":{"Exists":false}})"));
  EXPECT_TRUE(expected("{}"));
}

TEST(DynamoExpected, KnowsAllOperators) {
  EXPECT_TRUE(counter("EQ", R"([{"N":"7"}])"));
  EXPECT_FALSE(counter("NE", R"([{"N":"7"}])"));
  EXPECT_TRUE(counter("LT", R"([{"N":"10"}])"));
  EXPECT_TRUE(counter("LE", R"([{"N":"7"}])"));
  EXPECT_FALSE(counter("GT", R"([{"N":"7"}])"));
  EXPECT_TRUE(counter("GE", R"([{"N":"7"}])"));
  EXPECT_TRUE(counter("BETWEEN", R"([{"N":"1"},{"N":"7"}])"));
  EXPECT_FALSE(counter("IN", R"([{"N":"1"},{"N":"2"}])"));
  EXPECT_TRUE(counter("IN", R"([{"N":"1"},{"N":"7"}])"));
  EXPECT_TRUE(expected(R"({"leaseOwner":{"ComparisonOperator":"NULL"}})"));
  EXPECT_TRUE(expected(R"({"leaseKey":{"ComparisonOperator":"NOT_NULL"}})"));
  EXPECT_TRUE(expected(R"({"leaseKey":{"ComparisonOperator":"BEGINS_WITH","Value":{"S":"shardId"}}})"));
  EXPECT_TRUE(
      expected(R"({"parentShardId":{"ComparisonOperator":"CONTAINS","AttributeValueList":[{"S":"a"}]}})"));
  EXPECT_TRUE(expected(
      R"({"parentShardId":{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"S":"z"}]}})"));
  EXPECT_TRUE(
      expected(R"({"parentShardId":{"ComparisonOperator":"EQ","AttributeValueList":[{"SS":["b","a"]}]}})"));
}

TEST(DynamoExpected, TreatsMissingAttributesByOperator) {
  EXPECT_TRUE(expected(R"({"x":{"ComparisonOperator":"NE","AttributeValueList":[{"S":"a"}]}})"));
  EXPECT_FALSE(expected(R"({"x":{"ComparisonOperator":"NOT_CONTAINS","AttributeValueList":[{"S":"a"}]}})"));
  EXPECT_FALSE(expected(R"({"x":{"ComparisonOperator":"LT","AttributeValueList":[{"S":"a"}]}})"));
  EXPECT_FALSE(counter("LT", R"([{"S":"a"}])"));
}

TEST(DynamoExpected, JoinsByAndUnlessOrIsAsked) {
  constexpr std::string_view kOneOfTwo =
      R"({"leaseCounter":{"Value":{"N":"7"}},"checkpoint":{"Value":{"S":"SHARD_END"}}})";
  EXPECT_FALSE(expected(kOneOfTwo));
  EXPECT_TRUE(expected(kOneOfTwo, true));
  EXPECT_TRUE(expected("{}", true));
}

TEST(DynamoExpected, RefusesContradictions) {
  EXPECT_EQ(legacyRefusal(R"({"a":{"Exists":true}})"),
            "One or more parameter values were invalid: Value must be provided when Exists is true for "
            "Attribute: a");
  EXPECT_EQ(legacyRefusal(R"({"a":{}})"),
            "One or more parameter values were invalid: Value must be provided when Exists is null for "
            "Attribute: a");
  EXPECT_EQ(legacyRefusal(R"({"a":{"Exists":false,"Value":{"S":""}}})"),
            "One or more parameter values were invalid: Value cannot be used when Exists is false for "
            "Attribute: a");
  EXPECT_EQ(
      legacyRefusal(R"({"a":{"Value":{"S":""},"AttributeValueList":[]}})"),
      "One or more parameter values were invalid: Value and AttributeValueList cannot be used together for "
      "Attribute: a");
  EXPECT_EQ(
      legacyRefusal(R"({"a":{"Exists":true,"ComparisonOperator":"NULL"}})"),
      "One or more parameter values were invalid: Exists and ComparisonOperator cannot be used together for "
      "Attribute: a");
  EXPECT_EQ(legacyRefusal(R"({"a":{"ComparisonOperator":"EQ"}})"),
            "One or more parameter values were invalid: Value or AttributeValueList must be used with "
            "ComparisonOperator: EQ for Attribute: a");
  EXPECT_EQ(legacyRefusal(R"({"a":{"AttributeValueList":[]}})"),
            "One or more parameter values were invalid: AttributeValueList can only be used with a "
            "ComparisonOperator "
            "for Attribute: a");
}

TEST(DynamoExpected, RefusesWrongValues) {
  const auto with = [](std::string_view op, std::string_view values) {
    return legacyRefusal(R"({"a":{"ComparisonOperator":")" + std::string(op) + R"(","AttributeValueList":)" +
                         std::string(values) + "}}");
  };
  EXPECT_EQ(with("EQ", "[]"),
            "One or more parameter values were invalid: Invalid number of argument(s) for the EQ "
            "ComparisonOperator");
  EXPECT_EQ(with("NULL", R"([{"S":""}])"),
            "One or more parameter values were invalid: Invalid number of argument(s) for the NULL "
            "ComparisonOperator");
  EXPECT_EQ(with("IN", R"([{"S":""},{"N":"1"}])"),
            "One or more parameter values were invalid: AttributeValues inside AttributeValueList must be of "
            "same type");
  EXPECT_EQ(with("LT", R"([{"SS":["a"]}])"),
            "One or more parameter values were invalid: ComparisonOperator LT is not valid for SS "
            "AttributeValue type");
  EXPECT_EQ(
      with("BETWEEN", R"([{"N":"2"},{"N":"1"}])"),
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
  EXPECT_NE(with("LIKE", R"([{"N":"2"}])").find("Member must satisfy enum value set: [IN, NULL, BETWEEN"),
            std::string::npos);
}

TEST(DynamoConditionalOperator, NeedsTwoConditions) {
  const auto read = [](std::string_view json) {
    return refusalOf(readDynamoParameters("Scan", inputOf(json)));
  };
  EXPECT_EQ(read(R"({"ConditionalOperator":"OR"})"),
            "ConditionalOperator cannot be used without Filter or Expected");
  EXPECT_EQ(read(R"({"ConditionalOperator":"OR","ScanFilter":{}})"),
            "ConditionalOperator cannot be used without Filter or Expected");
  EXPECT_EQ(read(R"({"ConditionalOperator":"OR","ScanFilter":{"a":{"ComparisonOperator":"NULL"}}})"),
            "ConditionalOperator can only be used when Filter or Expected has two or more elements");
  EXPECT_EQ(read(R"({"ConditionalOperator":"OR","ScanFilter":{"a":{"ComparisonOperator":"NULL"},
                     "b":{"ComparisonOperator":"NULL"}}})"),
            "accepted");
}

TEST(DynamoAttributeUpdates, PutsAddsAndDeletes) {
  const auto plan = updateFromAttributes(
      inputOf(R"({"leaseCounter":{"Action":"ADD","Value":{"N":"1"}},"leaseOwner":{"Value":{"S":"w"}},)"
              R"("checkpoint":{"Action":"DELETE"},"parentShardId":{"Action":"DELETE","Value":{"SS":["a"]}},)"
              R"("l":{"Action":"ADD","Value":{"L":[{"S":"x"}]}}})"));

  ASSERT_TRUE(plan);
  EXPECT_EQ(jsonOf(*applyUpdate(*plan, row())),
            R"({"l":{"L":[{"S":"x"}]},"leaseCounter":{"N":"8"},"leaseKey":{"S":"shardId-0"},)"
            R"("leaseOwner":{"S":"w"},"parentShardId":{"SS":["b"]}})");
}

TEST(DynamoAttributeUpdates, AnEmptiedSetGoesAway) {
  const auto plan =
      updateFromAttributes(inputOf(R"({"parentShardId":{"Action":"DELETE","Value":{"SS":["a","b"]}}})"))
          .value();

  EXPECT_FALSE(applyUpdate(plan, row()).value().contains("parentShardId"));
  EXPECT_TRUE(plan.onlyRemoves());
}

TEST(DynamoAttributeUpdates, RefusesWrongActionsAndTypes) {
  const auto update = [](std::string_view json) {
    const auto plan = updateFromAttributes(inputOf(json));
    return plan ? refusalOf(applyUpdate(*plan, row())) : refusalOf(plan);
  };
  EXPECT_EQ(
      update(R"({"a":{"Action":"PUT"}})"),
      "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is "
      "specified");
  EXPECT_EQ(
      update(R"({"a":{"Action":"DELETE","Value":{"S":""}}})"),
      "One or more parameter values were invalid: DELETE action with value is not supported for the type S");
  EXPECT_EQ(update(R"({"a":{"Action":"ADD","Value":{"S":""}}})"),
            "One or more parameter values were invalid: ADD action is not supported for the type S");
  EXPECT_EQ(update(R"({"checkpoint":{"Action":"ADD","Value":{"N":"1"}}})"),
            "Type mismatch for attribute to update");
  EXPECT_EQ(update(R"({"parentShardId":{"Action":"DELETE","Value":{"NS":["1"]}}})"),
            "Type mismatch for attribute to update");
  EXPECT_NE(update(R"({"a":{"Action":"SET"}})").find("enum value set: [ADD, PUT, DELETE]"),
            std::string::npos);
}

TEST(DynamoAttributesToGet, TakesWholeNamesOnce) {
  const auto projection = projectionFromNames(inputOf(R"({"n":["a.b","c"]})").members[0].value);
  ASSERT_TRUE(projection);
  EXPECT_EQ(
      jsonOf(project(*projection, itemOf(R"({"a.b":{"S":"1"},"a":{"M":{"b":{"S":"2"}}},"c":{"S":"3"}})"))),
      R"({"a.b":{"S":"1"},"c":{"S":"3"}})");
  EXPECT_EQ(refusalOf(projectionFromNames(inputOf(R"({"n":["a","a"]})").members[0].value)),
            "One or more parameter values were invalid: Duplicate value in attribute name: a");
}

TEST(DynamoKeyConditions, ServeAQueryLikeTheExpression) {
  const auto parameters = readDynamoParameters("Query", inputOf(R"({"KeyConditions":{
    "s":{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"S":"p"}]},
    "h":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]}}})"));
  ASSERT_TRUE(parameters);
  const auto range = keyRangeOf(*parameters->keyCondition, {"h", "s"});

  ASSERT_TRUE(range);
  EXPECT_EQ(range->hash, AttributeValue::ofText("x"));
  EXPECT_TRUE(holds(*range->range, itemOf(R"({"s":{"S":"pq"}})")));
  const auto contains = readDynamoParameters("Query", inputOf(R"({"KeyConditions":{
    "s":{"ComparisonOperator":"NE","AttributeValueList":[{"S":"p"}]},
    "h":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"x"}]}}})"));
  EXPECT_EQ(refusalOf(keyRangeOf(*contains->keyCondition, {"h", "s"})),
            "Attempted conditional constraint is not an indexable operation");
}

}  // namespace
}  // namespace tidemill::fake
