#include "dynamo/attribute_value.h"

#include <gtest/gtest.h>

namespace tidemill::dynamo {
namespace {

const Item kItem{{"text", AttributeValue::string("shardId-000000000000")},
                 {"number", AttributeValue::number(-7)},
                 {"fraction", AttributeValue::numberText("1.25E-3")},
                 {"huge", AttributeValue::numberText("99999999999999999999999999999999999999")},
                 {"bytes", AttributeValue::binary(std::string("\0\1", 2))},
                 {"flag", AttributeValue::boolean(false)},
                 {"parents", AttributeValue::stringSet({"b", "a"})}};

TEST(AttributeValue, ReadersGiveTheContentOfTheirOwnType) {
  EXPECT_EQ(stringOf(kItem, "text"), "shardId-000000000000");
  EXPECT_EQ(numberTextOf(kItem, "fraction"), "1.25E-3");
  EXPECT_EQ(integerOf(kItem, "number"), -7);
  EXPECT_EQ(realOf(kItem, "fraction"), 0.00125);
  EXPECT_EQ(binaryOf(kItem, "bytes"), std::string_view("\0\1", 2));
  EXPECT_EQ(booleanOf(kItem, "flag"), false);
  ASSERT_NE(stringSetOf(kItem, "parents"), nullptr);
  EXPECT_EQ(*stringSetOf(kItem, "parents"), (AttributeValue::Set{"a", "b"}));
}

TEST(AttributeValue, ReadersGiveNothingForAnotherTypeOrNoAttribute) {
  EXPECT_EQ(stringOf(kItem, "number"), std::nullopt);
  EXPECT_EQ(stringOf(kItem, "absent"), std::nullopt);
  EXPECT_EQ(integerOf(kItem, "text"), std::nullopt);
  EXPECT_EQ(numberTextOf(kItem, "text"), std::nullopt);
  EXPECT_EQ(realOf(kItem, "absent"), std::nullopt);
  EXPECT_EQ(binaryOf(kItem, "text"), std::nullopt);
  EXPECT_EQ(booleanOf(kItem, "text"), std::nullopt);
  EXPECT_EQ(stringSetOf(kItem, "text"), nullptr);
  EXPECT_EQ(find(kItem, "absent"), nullptr);
  EXPECT_NE(find(kItem, "number"), nullptr);
}

TEST(AttributeValue, AnIntegerIsWholeAndFits64Bits) {
  EXPECT_EQ(integerOf(kItem, "fraction"), std::nullopt);
  EXPECT_EQ(integerOf(kItem, "huge"), std::nullopt);
  EXPECT_EQ(realOf(kItem, "huge"), 1e38);
}

TEST(AttributeValue, SetsAreEqualInAnyOrder) {
  EXPECT_EQ(AttributeValue::stringSet({"a", "b"}), AttributeValue::stringSet({"b", "a"}));
  EXPECT_NE(AttributeValue::stringSet({"a", "b"}), AttributeValue::stringSet({"a"}));
  EXPECT_NE(AttributeValue::list({AttributeValue::number(1), AttributeValue::number(2)}),
            AttributeValue::list({AttributeValue::number(2), AttributeValue::number(1)}));
}

TEST(AttributeValue, TheSameTextOfAnotherTypeIsAnotherValue) {
  EXPECT_NE(AttributeValue::string("1"), AttributeValue::number(1));
  EXPECT_NE(AttributeValue::string("1"), AttributeValue::binary("1"));
  EXPECT_NE(AttributeValue::stringSet({"1"}), AttributeValue::numberSet({"1"}));
  EXPECT_EQ(AttributeValue::null(), AttributeValue::null());
  EXPECT_EQ(AttributeValue::map(kItem), AttributeValue::map(kItem));
  EXPECT_NE(AttributeValue::map(kItem), AttributeValue::map({}));
}

TEST(AttributeValue, NumbersAreDecimalText) {
  for (const std::string_view good :
       {"0", "-1", "+1", "12", "1.5", ".5", "5.", "1e3", "1E-130", "-1.25E+125"}) {
    EXPECT_TRUE(isNumberText(good)) << good;
  }
  for (const std::string_view bad :
       {"", "-", ".", "1e", "e1", "1e+", "0x1", "1 ", " 1", "NaN", "Infinity", "1.2.3", "--1"}) {
    EXPECT_FALSE(isNumberText(bad)) << bad;
  }
  EXPECT_TRUE(isNumberText(std::string(256, '1')));
  EXPECT_FALSE(isNumberText(std::string(257, '1')));
}

}  // namespace
}  // namespace tidemill::dynamo
