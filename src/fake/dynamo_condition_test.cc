#include <gtest/gtest.h>

#include <fmt/format.h>

#include "fake/dynamo_parser.h"
#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

const Item& sample() {
  static const Item kItem = itemOf(
      R"({"a":{"N":"5"},"b":{"S":"shard-1"},"c":{"SS":["x","y"]},"l":{"L":[{"S":"p"},{"M":{"q":{"N":"7"}}}]},)"
      R"("m":{"M":{"k":{"S":"v"}}},"n":{"NULL":true},"t":{"BOOL":true},"bin":{"B":"AAEC"},"ns":{"NS":["1","2"]}})");
  return kItem;
}

ExpressionNames names() {
  ExpressionNames names{{{"#a", "a"}, {"#dotted", "x.y"}}, {}};
  const Item values = itemOf(
      R"({"five":{"N":"5"},"six":{"N":"6"},"s":{"S":"shard-1"},"p":{"S":"shard"},"x":{"S":"x"},"list":{"L":[]},)"
      R"("typeN":{"S":"N"},"bad":{"S":"Z"},"one":{"N":"1"},"yes":{"BOOL":true}})");
  for (const auto& [name, value] : values) names.values.emplace(":" + name, value);
  return names;
}

bool holdsHere(std::string_view expression) {
  ExpressionNames context = names();
  const auto condition = parseCondition("ConditionExpression", expression, context);
  EXPECT_EQ(refusalOf(condition), "accepted") << expression;
  return condition && holds(*condition, sample());
}

std::string conditionRefusal(std::string_view expression) {
  ExpressionNames context = names();
  const std::string message = refusalOf(parseCondition("ConditionExpression", expression, context));
  constexpr std::string_view kPrefix = "Invalid ConditionExpression: ";
  return message.starts_with(kPrefix) ? message.substr(kPrefix.size()) : message;
}

TEST(DynamoCondition, Compares) {
  EXPECT_TRUE(holdsHere("a = :five"));
  EXPECT_TRUE(holdsHere("#a<:six AND a<=:five and a > :one"));
  EXPECT_FALSE(holdsHere("a <> :five"));
  EXPECT_TRUE(holdsHere(":six >= a"));
  EXPECT_TRUE(holdsHere("(a) = (:five)"));
  EXPECT_TRUE(holdsHere("a BETWEEN :one AND :five"));
  EXPECT_FALSE(holdsHere("a BETWEEN :six AND l[1].q AND b = :s"));
  EXPECT_TRUE(holdsHere("l[1].q > :six"));
  EXPECT_TRUE(holdsHere("a IN (:six, :five)"));
  EXPECT_FALSE(holdsHere("a IN (:six)"));
}

TEST(DynamoCondition, ValuesOfOtherTypesFailOrAreUnequal) {
  EXPECT_FALSE(holdsHere("b < :five"));
  EXPECT_FALSE(holdsHere("b >= :five"));
  EXPECT_TRUE(holdsHere("b <> :five"));
}

TEST(DynamoCondition, WhatIsMissingIsUnequalAndFailsAllElse) {
  EXPECT_TRUE(holdsHere("nothing <> :five"));
  EXPECT_FALSE(
      holdsHere("nothing = :five OR nothing < :five OR nothing IN (:five) OR contains(nothing, :x)"));
  EXPECT_FALSE(holdsHere("l[9] = :five"));
  EXPECT_TRUE(
      holdsHere("attribute_not_exists(#dotted) AND attribute_not_exists(m.z) AND attribute_not_exists(a.b)"));
  EXPECT_FALSE(holdsHere("size(nothing) > :one"));
}

TEST(DynamoCondition, KnowsItsFunctions) {
  EXPECT_TRUE(holdsHere("attribute_exists(m.k) AND attribute_exists(n)"));
  EXPECT_TRUE(holdsHere("attribute_type(a, :typeN)"));
  EXPECT_FALSE(holdsHere("attribute_type(b, :typeN)"));
  EXPECT_TRUE(holdsHere("begins_with(b, :p)"));
  EXPECT_FALSE(holdsHere("begins_with(a, :p)"));
  EXPECT_TRUE(holdsHere("contains(b, :p) AND contains(c, :x) AND contains(ns, :one)"));
  EXPECT_FALSE(holdsHere("contains(c, :five) OR contains(l, :x) OR contains(a, :five)"));
  EXPECT_TRUE(holdsHere("size(b) > :six AND size(c) > :one AND size(bin) < :five AND size(m) = :one"));
}

TEST(DynamoCondition, NotBindsCloserThanAndCloserThanOr) {
  EXPECT_TRUE(holdsHere("a = :five OR a = :six AND a = :one"));
  EXPECT_FALSE(holdsHere("(a = :five OR a = :six) AND a = :one"));
  EXPECT_FALSE(holdsHere("NOT a = :five AND a = :six"));
  EXPECT_TRUE(holdsHere("NOT (a = :five AND a = :six)"));
  EXPECT_TRUE(holdsHere("NOT NOT a = :five"));
  // The first AND belongs to BETWEEN.
  EXPECT_TRUE(holdsHere("a BETWEEN :one AND :six AND b = :s"));
}

TEST(DynamoCondition, SyntaxErrorsShowTheTokenAndItsNeighbours) {
  EXPECT_EQ(conditionRefusal("a = "), R"(Syntax error; token: "<EOF>", near: "=")");
  EXPECT_EQ(conditionRefusal("foo"), R"(Syntax error; token: "<EOF>", near: "foo")");
  EXPECT_EQ(conditionRefusal("a = :five b = :s"), R"(Syntax error; token: "b", near: ":five b =")");
  EXPECT_EQ(conditionRefusal("a == :five"), R"(Syntax error; token: "=", near: "== :five")");
  EXPECT_EQ(conditionRefusal("_x = :five"), R"(Syntax error; token: "_", near: "_x")");
  EXPECT_EQ(conditionRefusal("a = : five"), R"(Syntax error; token: ":", near: "= : five")");
  EXPECT_EQ(conditionRefusal("a = 5"), R"(Syntax error; token: "5", near: "= 5")");
  EXPECT_EQ(conditionRefusal("(a = :five"), R"(Syntax error; token: "<EOF>", near: ":five")");
  EXPECT_EQ(conditionRefusal("a IN ()"), R"x(Syntax error; token: ")", near: "()")x");
  EXPECT_EQ(conditionRefusal("a[x] = :five"), R"(Syntax error; token: "x", near: "[x]")");
  EXPECT_EQ(conditionRefusal("a ü :five"), R"(Syntax error; token: "ü", near: "a ü :five")");
}

TEST(DynamoCondition, RefusesEmptyAndLongExpressions) {
  EXPECT_EQ(conditionRefusal(""), "The expression can not be empty;");
  EXPECT_EQ(conditionRefusal("  "), "The expression can not be empty;");
  std::string longest = "a = :five";
  longest.append(4096 - longest.size(), ' ');
  EXPECT_EQ(conditionRefusal(longest), "accepted");
  EXPECT_EQ(conditionRefusal(longest + " "),
            "Expression size has exceeded the maximum allowed size; expression size: 4097");
}

TEST(DynamoCondition, RefusesUndefinedAndReservedNames) {
  EXPECT_EQ(conditionRefusal("#x = :five"),
            "An expression attribute name used in the document path is not defined; attribute name: #x");
  EXPECT_EQ(conditionRefusal("a = :nope"),
            "An expression attribute value used in expression is not defined; attribute value: :nope");
  EXPECT_EQ(conditionRefusal("Status = :five"),
            "Attribute name is a reserved keyword; reserved keyword: Status");
  EXPECT_EQ(conditionRefusal("a.count = :five"),
            "Attribute name is a reserved keyword; reserved keyword: count");
  // A reserved word comes before what stands earlier but is less.
  EXPECT_EQ(conditionRefusal("#x = :five AND Status = :five"),
            "Attribute name is a reserved keyword; reserved keyword: Status");
}

TEST(DynamoCondition, RefusesRedundantParentheses) {
  EXPECT_EQ(conditionRefusal("((a = :five))"), "The expression has redundant parentheses;");
  EXPECT_EQ(conditionRefusal("b = :s AND ((a = :five))"), "The expression has redundant parentheses;");
  EXPECT_EQ(conditionRefusal("(a = :five)"), "accepted");
  EXPECT_EQ(conditionRefusal("((a = :five) AND b = :s)"), "accepted");
  EXPECT_EQ(conditionRefusal("(NOT (a = :five))"), "accepted");
}

TEST(DynamoCondition, RefusesMisusedFunctions) {
  EXPECT_EQ(conditionRefusal("foo(a)"), "Invalid function name; function: foo");
  EXPECT_EQ(conditionRefusal("if_not_exists(a, b)"), "Invalid function name; function: if_not_exists");
  EXPECT_EQ(conditionRefusal("size(a)"),
            "The function is not allowed to be used this way in an expression; function: size");
  EXPECT_EQ(conditionRefusal("attribute_exists(a) = :five"),
            "The function is not allowed to be used this way in an expression; function: attribute_exists");
  EXPECT_EQ(conditionRefusal("a = contains(b, :x)"),
            "The function is not allowed to be used this way in an expression; function: contains");
  EXPECT_EQ(
      conditionRefusal("attribute_exists(a, b)"),
      "Incorrect number of operands for operator or function; operator or function: attribute_exists, number "
      "of operands: 2");
  EXPECT_EQ(conditionRefusal("attribute_exists(:five)"),
            "Operator or function requires a document path; operator or function: attribute_exists");
}

TEST(DynamoCondition, RefusesConstantsOfWrongTypes) {
  constexpr std::string_view kWrong =
      "Incorrect operand type for operator or function; operator or function: {}, operand type: {}";
  EXPECT_EQ(conditionRefusal("a < :list"), fmt::format(kWrong, "<", "L"));
  EXPECT_EQ(conditionRefusal("a BETWEEN :list AND :list"), fmt::format(kWrong, "BETWEEN", "L"));
  EXPECT_EQ(conditionRefusal("begins_with(b, :five)"), fmt::format(kWrong, "begins_with", "N"));
  EXPECT_EQ(conditionRefusal("size(:yes) = :one"), fmt::format(kWrong, "size", "BOOL"));
  EXPECT_EQ(conditionRefusal("attribute_type(a, :five)"), fmt::format(kWrong, "attribute_type", "N"));
  EXPECT_EQ(conditionRefusal("attribute_type(a, :bad)"),
            "Invalid attribute type name found; type: Z, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
  EXPECT_EQ(
      conditionRefusal("a BETWEEN :six AND :five"),
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
      "operand: AttributeValue: {N:6}, upper bound operand: AttributeValue: {N:5}");
  EXPECT_EQ(conditionRefusal("a BETWEEN :five AND :s"),
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
            "AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:shard-1}");
  EXPECT_EQ(conditionRefusal("a = a"),
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: "
            "=, first operand: [a]");
}

TEST(DynamoCondition, TakesThreeHundredOperators) {
  std::string expression = "a=b";
  for (int i = 0; i < 149; ++i) expression += " OR a=b";
  EXPECT_EQ(conditionRefusal(expression), "accepted");  // 150 comparisons, 149 times OR.
  EXPECT_EQ(conditionRefusal("NOT " + expression), "accepted");
  EXPECT_EQ(conditionRefusal("NOT NOT " + expression),
            "The expression contains too many operators; operator count: 301");
}

TEST(DynamoCondition, BoundsItsDepth) {
  const std::string open(4000, '(');
  EXPECT_EQ(conditionRefusal(open), "The expression has redundant parentheses;");
  EXPECT_NE(conditionRefusal("a = " + open), "accepted");
  std::string calls;
  for (int i = 0; i < 800; ++i) calls += "size(";
  EXPECT_NE(conditionRefusal(calls), "accepted");
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "NOT ";
  EXPECT_EQ(conditionRefusal(nots + "a = :five"),
            "The expression contains too many operators; operator count: 301");
}

TEST(DynamoCondition, BoundsInAndPaths) {
  const auto in = [](int count) {
    std::string expression = "a IN (:one";
    for (int i = 1; i < count; ++i) expression += ",:one";
    return expression + ")";
  };
  EXPECT_EQ(conditionRefusal(in(100)), "accepted");
  EXPECT_EQ(conditionRefusal(in(101)),
            "The IN operator is provided with too many operands; number of operands: 101");
  std::string path = "a";
  for (int i = 1; i < 32; ++i) path += ".b";
  EXPECT_EQ(conditionRefusal(path + " = :five"), "accepted");
  EXPECT_EQ(conditionRefusal(path + ".b = :five"),
            "The document path has too many nesting elements; nesting levels: 33");
  EXPECT_EQ(conditionRefusal("a[4294967296] = :five"),
            "List index is not within the allowable range; index: [4294967296]");
}

TEST(DynamoCondition, NamesTheAttributesItReads) {
  ExpressionNames context = names();
  const auto condition = parseCondition("FilterExpression",
                                        "size(l[1].q) > :one OR NOT (b = :s AND #a IN (:one, m.k))", context);

  ASSERT_TRUE(condition);
  EXPECT_EQ(attributesOf(*condition), (std::set<std::string>{"a", "b", "l", "m"}));
}

}  // namespace
}  // namespace tidemill::fake
