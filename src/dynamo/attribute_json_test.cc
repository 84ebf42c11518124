#include "dynamo/attribute_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemill::dynamo {
namespace {

using testing::HasSubstr;

TEST(AttributeJson, WritesAndReadsEachType) {
  const Item item{{"b", AttributeValue::binary(std::string("a\0b", 3))},
                  {"bool", AttributeValue::boolean(true)},
                  {"bs", AttributeValue::binarySet({"x", "y"})},
                  {"l", AttributeValue::list({AttributeValue::number(1), AttributeValue::null()})},
                  {"m", AttributeValue::map({{"cv", AttributeValue::string("CLIENT_VERSION_2X")}})},
                  {"n", AttributeValue::numberText("1.5E-7")},
                  {"ns", AttributeValue::numberSet({"1", "2"})},
                  {"s", AttributeValue::string("ü\n")},
                  {"ss", AttributeValue::stringSet({"p", "q"})}};

  const std::string text = formatItem(item);

  EXPECT_THAT(text, HasSubstr(R"("b":{"B":"YQBi"})"));
  EXPECT_THAT(text, HasSubstr(R"("n":{"N":"1.5E-7"})"));
  EXPECT_THAT(text, HasSubstr(R"("l":{"L":[{"N":"1"},{"NULL":true}]})"));
  const auto read = parseItem(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, item);
}

TEST(AttributeJson, NamesTheAttributeOfABadValueAndNotItsContent) {
  for (const auto& [text, place] : std::vector<std::pair<std::string, std::string>>{
           {R"({"a":{"S":1}})", "attribute a "},
           {R"({"a":{"N":"twelve"}})", "attribute a "},
           {R"({"a":{"B":"YQB"}})", "attribute a "},
           {R"({"a":{"NULL":false}})", "attribute a "},
           {R"({"a":{"S":"x","N":"1"}})", "attribute a "},
           {R"({"a":{"Q":"secret"}})", "attribute a "},
           {R"({"a":{"SS":["x",{}]}})", "attribute a "},
           {R"({"a":{"M":{"b":{"L":[{"S":"x"},{"S":2}]}}}})", "attribute a.b[1] "}}) {
    const auto read = parseItem(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::kMalformedResponse);
    EXPECT_THAT(read.error().message(), HasSubstr(place));
    EXPECT_THAT(read.error().message(), testing::Not(HasSubstr("secret")));
    EXPECT_THAT(read.error().message(), testing::Not(HasSubstr("twelve")));
  }
}

// An item whose attribute is so deep, the item itself counted.
std::string nested(int levels) {
  std::string text = R"({"N":"1"})";
  for (int level = 1; level < levels; ++level) text = R"({"L":[)" + text + "]}";
  return R"({"a":)" + text + "}";
}

TEST(AttributeJson, ReadsWhatDynamoDBNestsAndNoDeeper) {
  EXPECT_TRUE(parseItem(nested(kNestingMax)));
  EXPECT_FALSE(parseItem(nested(kNestingMax + 1)));
  EXPECT_FALSE(parseItem(nested(10'000)));
}

}  // namespace
}  // namespace tidemill::dynamo
