#include "fake/dynamo_value.h"

#include <gtest/gtest.h>

#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

AttributeValue value(std::string_view json) {
  return readValue(inputOf(json)).value();
}

std::string valueRefusal(std::string_view json) {
  return refusalOf(readValue(inputOf(json)));
}

TEST(DynamoValue, AllTenTypesComeBackAsTheyWent) {
  const std::string json =
      R"({"a":{"S":"x"},"b":{"N":"1.5"},"c":{"B":"AAE="},"d":{"BOOL":false},"e":{"NULL":true},)"
      R"("f":{"M":{"x":{"S":""}}},"g":{"L":[{"N":"1"},{"L":[]}]},"h":{"SS":["a","b"]},"i":{"NS":["1","2"]},)"
      R"("j":{"BS":["AA==","AQ=="]}})";

  EXPECT_EQ(jsonOf(itemOf(json)), json);
}

TEST(DynamoValue, WritesNumbersNormalisedAndSetsSorted) {
  EXPECT_EQ(jsonOf(itemOf(R"({"a":{"N":"01.50"},"b":{"NS":["10","9e0"]},"c":{"SS":["b","a"]}})")),
            R"({"a":{"N":"1.5"},"b":{"NS":["9","10"]},"c":{"SS":["a","b"]}})");
}

TEST(DynamoValue, HasExactlyOneType) {
  constexpr std::string_view kEmpty =
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
  EXPECT_EQ(valueRefusal("{}"), kEmpty);
  EXPECT_EQ(valueRefusal(R"({"X":"a"})"), kEmpty);
  EXPECT_EQ(valueRefusal(R"({"S":null})"), kEmpty);
  EXPECT_EQ(
      valueRefusal(R"({"S":"a","N":"1"})"),
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
      "datatypes");
}

TEST(DynamoValue, RefusesEmptySets) {
  EXPECT_EQ(valueRefusal(R"({"SS":[]})"),
            "One or more parameter values were invalid: An string set  may not be empty");
  EXPECT_EQ(valueRefusal(R"({"NS":[]})"),
            "One or more parameter values were invalid: An number set  may not be empty");
  EXPECT_EQ(valueRefusal(R"({"BS":[]})"),
            "One or more parameter values were invalid: Binary sets should not be empty");
}

TEST(DynamoValue, RefusesDuplicatesInSets) {
  EXPECT_EQ(valueRefusal(R"({"SS":["b","a","b"]})"),
            "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates.");
  EXPECT_EQ(valueRefusal(R"({"NS":["1","1.0"]})"), "Input collection contains duplicates");
  EXPECT_EQ(valueRefusal(R"({"BS":["AA==","AA=="]})"),
            "One or more parameter values were invalid: Input collection [AA==, AA==]of type BS contains "
            "duplicates.");
}

TEST(DynamoValue, RefusesWrongContent) {
  EXPECT_EQ(valueRefusal(R"({"N":"one"})"), "The parameter cannot be converted to a numeric value: one");
  EXPECT_EQ(
      valueRefusal(R"({"NULL":false})"),
      "One or more parameter values were invalid: Null attribute value types must have the value of true");
  EXPECT_EQ(valueRefusal(R"({"L":[{"SS":[]}]})"),
            "One or more parameter values were invalid: An string set  may not be empty");
}

TEST(DynamoValue, RefusesWrongJsonWithACapitalMessage) {
  EXPECT_EQ(valueRefusal(R"({"S":1})"), "SerializationException: NUMBER_VALUE cannot be converted to String");
  EXPECT_EQ(valueRefusal(R"({"N":true})"),
            "SerializationException: TRUE_VALUE cannot be converted to String");
  EXPECT_EQ(valueRefusal(R"({"S":[]})"),
            "SerializationException: Unrecognized collection type class java.lang.String");
  EXPECT_EQ(valueRefusal(R"({"S":{}})"),
            "SerializationException: Start of structure or map found where not expected");
  EXPECT_EQ(valueRefusal(R"({"SS":"a"})"), "SerializationException: Unexpected field type");
  EXPECT_EQ(valueRefusal(R"({"M":{"a":"b"}})"), "SerializationException: Unexpected value type in payload");
  EXPECT_TRUE(readValue(inputOf(R"({"S":1})")).error().capitalMessage);
}

TEST(DynamoValue, RefusesBase64ThatIsNotCanonical) {
  EXPECT_EQ(valueRefusal(R"({"B":"AAE"})"),
            "SerializationException: Base64 encoded length is expected a multiple of 4 bytes but found: 3");
  EXPECT_EQ(valueRefusal(R"({"B":"AAF="})"),
            "SerializationException: Invalid last non-pad Base64 character dectected");
  EXPECT_EQ(valueRefusal(R"({"B":1})"),
            "SerializationException: only base-64-encoded strings are convertible to bytes");
}

// `lists` lists around a text.
InputValue nested(int lists) {
  InputValue input = inputOf(R"({"S":"x"})");
  for (int i = 0; i < lists; ++i) {
    InputValue list;
    list.kind = InputValue::Kind::kList;
    list.items.push_back(std::move(input));
    input = InputValue();
    input.kind = InputValue::Kind::kMap;
    input.members.push_back({"L", std::move(list)});
  }
  return input;
}

TEST(DynamoValue, NestsUpTo32LevelsTheItemCounted) {
  EXPECT_TRUE(readValue(nested(31)));
  EXPECT_EQ(refusalOf(readValue(nested(32))), "Nesting Levels have exceeded supported limits");
}

TEST(DynamoValue, RefusesLongAndEmptyNames) {
  InputValue item;
  item.kind = InputValue::Kind::kMap;
  item.members.push_back({std::string(65535, 'a'), inputOf(R"({"S":"x"})")});
  EXPECT_TRUE(readItem(item));
  item.members.front().name += 'a';
  EXPECT_EQ(refusalOf(readItem(item)),
            "One or more parameter values were invalid: Attribute name is too large, must be less than 65536 "
            "bytes");
  item.members.front().name.clear();
  EXPECT_FALSE(readItem(item));
}

TEST(DynamoValue, EqualsByValueAndType) {
  EXPECT_EQ(value(R"({"N":"1.0"})"), value(R"({"N":"1"})"));
  EXPECT_EQ(value(R"({"SS":["a","b"]})"), value(R"({"SS":["b","a"]})"));
  EXPECT_EQ(value(R"({"M":{"a":{"N":"1"}}})"), value(R"({"M":{"a":{"N":"1e0"}}})"));
  EXPECT_FALSE(value(R"({"L":[{"S":"a"},{"S":"b"}]})") == value(R"({"L":[{"S":"b"},{"S":"a"}]})"));
  EXPECT_FALSE(value(R"({"N":"1"})") == value(R"({"S":"1"})"));
  EXPECT_FALSE(value(R"({"BOOL":true})") == value(R"({"BOOL":false})"));
}

TEST(DynamoValue, OrdersTextByBytesAndNumbersByValue) {
  EXPECT_TRUE(*compareValues(value(R"({"N":"9"})"), value(R"({"N":"10"})")) < 0);
  EXPECT_TRUE(*compareValues(value(R"({"S":"9"})"), value(R"({"S":"10"})")) > 0);
  EXPECT_TRUE(*compareValues(value(R"({"S":"z"})"), value(R"({"S":"é"})")) < 0);
  EXPECT_FALSE(compareValues(value(R"({"S":"1"})"), value(R"({"N":"1"})")));
  EXPECT_FALSE(compareValues(value(R"({"BOOL":true})"), value(R"({"BOOL":true})")));
}

TEST(DynamoValue, CountsNamesValuesAndContainers) {
  EXPECT_EQ(sizeBytes(itemOf(R"({"key":{"S":"abcd"}})")), 7u);
  EXPECT_EQ(sizeBytes(itemOf(R"({"k":{"B":"AAE="},"n":{"NULL":true}})")), 5u);
  EXPECT_EQ(sizeBytes(value(R"({"L":[]})")), 3u);
  EXPECT_EQ(sizeBytes(value(R"({"L":[{"S":"ab"},{"N":"1"}]})")), 3u + 1 + 2 + 1 + 2);
  EXPECT_EQ(sizeBytes(value(R"({"M":{"ab":{"S":"c"}}})")), 3u + 1 + 2 + 1);
  EXPECT_EQ(sizeBytes(value(R"({"SS":["a","bc"]})")), 3u);
}

}  // namespace
}  // namespace tidemill::fake
