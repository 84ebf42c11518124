#include <gtest/gtest.h>

#include "fake/dynamo_parser.h"
#include "fake/dynamo_test_input.h"

namespace tidemill::fake {
namespace {

ExpressionNames names() {
  ExpressionNames names{{{"#n", "n"}, {"#a", "a"}}, {}};
  const Item values = itemOf(
      R"({"one":{"N":"1"},"s":{"S":"x"},"list":{"L":[{"S":"z"}]},"set":{"SS":["b","c"]},"nums":{"NS":["1"]},)"
      R"("big":{"N":"1e100"},"yes":{"BOOL":true}})");
  for (const auto& [name, value] : values) names.values.emplace(":" + name, value);
  return names;
}

Outcome<UpdatePlan> planOf(std::string_view expression) {
  ExpressionNames context = names();
  return parseUpdate(expression, context);
}

std::string updated(std::string_view expression, std::string_view item) {
  const auto plan = planOf(expression);
  if (!plan) return refusalOf(plan);
  const auto result = applyUpdate(*plan, itemOf(item));
  return result ? jsonOf(*result) : refusalOf(result);
}

std::string updateRefusal(std::string_view expression) {
  const std::string message = refusalOf(planOf(expression));
  constexpr std::string_view kPrefix = "Invalid UpdateExpression: ";
  return message.starts_with(kPrefix) ? message.substr(kPrefix.size()) : message;
}

TEST(DynamoUpdate, SetsFromValuesPathsAndFunctions) {
  EXPECT_EQ(updated("SET a = :s", "{}"), R"({"a":{"S":"x"}})");
  EXPECT_EQ(updated("set a = b, b = a", R"({"a":{"N":"1"},"b":{"N":"2"}})"),
            R"({"a":{"N":"2"},"b":{"N":"1"}})");
  EXPECT_EQ(updated("SET #n = #n + :one", R"({"n":{"N":"41"}})"), R"({"n":{"N":"42"}})");
  EXPECT_EQ(updated("SET n = :one - n", R"({"n":{"N":"41"}})"), R"({"n":{"N":"-40"}})");
  EXPECT_EQ(updated("SET n = if_not_exists(n, :one) + :one", "{}"), R"({"n":{"N":"2"}})");
  EXPECT_EQ(updated("SET n = (if_not_exists(n, :one) + :one)", R"({"n":{"N":"7"}})"), R"({"n":{"N":"8"}})");
  EXPECT_EQ(updated("SET l = list_append(if_not_exists(l, :list), :list)", "{}"),
            R"({"l":{"L":[{"S":"z"},{"S":"z"}]}})");
}

TEST(DynamoUpdate, WritesIntoMapsAndLists) {
  EXPECT_EQ(
      updated("SET m.k = :s, l[0] = :one, l[9] = :s, l[7] = :one", R"({"m":{"M":{}},"l":{"L":[{"S":"a"}]}})"),
      R"({"l":{"L":[{"N":"1"},{"N":"1"},{"S":"x"}]},"m":{"M":{"k":{"S":"x"}}}})");
  EXPECT_EQ(updated("REMOVE l[0], l[2], m.k",
                    R"({"m":{"M":{"k":{"S":""}}},"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}})"),
            R"({"l":{"L":[{"S":"b"}]},"m":{"M":{}}})");
  EXPECT_EQ(updated("SET l[7] = :s REMOVE l[1]", R"({"l":{"L":[{"S":"a"}]}})"),
            R"({"l":{"L":[{"S":"a"},{"S":"x"}]}})");
  EXPECT_EQ(updated("REMOVE l[5], gone", R"({"l":{"L":[]}})"), R"({"l":{"L":[]}})");
}

TEST(DynamoUpdate, AddsAndDeletes) {
  EXPECT_EQ(updated("ADD n :one, t :set", R"({"t":{"SS":["a","b"]}})"),
            R"({"n":{"N":"1"},"t":{"SS":["a","b","c"]}})");
  EXPECT_EQ(updated("ADD n :one DELETE t :set", R"({"n":{"N":"1.5"},"t":{"SS":["a","b"]}})"),
            R"({"n":{"N":"2.5"},"t":{"SS":["a"]}})");
  EXPECT_EQ(updated("DELETE t :set", R"({"t":{"SS":["b","c"]}})"), "{}");
  EXPECT_EQ(updated("DELETE t :set", "{}"), "{}");
}

TEST(DynamoUpdate, RefusesWhatTheItemDoesNotAllow) {
  constexpr std::string_view kType = "An operand in the update expression has an incorrect data type";
  constexpr std::string_view kPath =
      "The document path provided in the update expression is invalid for update";
  EXPECT_EQ(updated("SET a = nothing", "{}"),
            "The provided expression refers to an attribute that does not exist in the item");
  EXPECT_EQ(updated("SET n = n + :one", R"({"n":{"S":"x"}})"), kType);
  EXPECT_EQ(updated("SET n = list_append(n, :list)", R"({"n":{"S":"x"}})"), kType);
  EXPECT_EQ(updated("ADD n :one", R"({"n":{"S":"x"}})"), kType);
  EXPECT_EQ(updated("ADD n :set", R"({"n":{"NS":["1"]}})"), kType);
  EXPECT_EQ(updated("DELETE n :set", R"({"n":{"NS":["1"]}})"), kType);
  EXPECT_EQ(updated("SET m.k = :s", "{}"), kPath);
  EXPECT_EQ(updated("SET m.k = :s", R"({"m":{"L":[]}})"), kPath);
  EXPECT_EQ(updated("SET m[0] = :s", R"({"m":{"M":{}}})"), kPath);
  EXPECT_EQ(updated("REMOVE m.k", "{}"), kPath);
  EXPECT_EQ(updated("SET n = n + :one", R"({"n":{"N":"1e100"}})"),
            "Attempting to store more than 38 significant digits in a Number");
}

TEST(DynamoUpdate, RefusesWrongSyntax) {
  EXPECT_EQ(updateRefusal(""), "The expression can not be empty;");
  EXPECT_EQ(updateRefusal("INVALID SYNTAX HERE"),
            R"(Syntax error; token: "INVALID", near: "INVALID SYNTAX")");
  EXPECT_EQ(updateRefusal("ADD hits : incr"), R"(Syntax error; token: ":", near: "hits : incr")");
  EXPECT_EQ(updateRefusal("SET"), R"(Syntax error; token: "<EOF>", near: "SET")");
  EXPECT_EQ(updateRefusal("SET a = :s,"), R"(Syntax error; token: "<EOF>", near: ",")");
  EXPECT_EQ(updateRefusal("SET a = :one + :one + :one"), R"(Syntax error; token: "+", near: ":one + :one")");
  EXPECT_EQ(updateRefusal("ADD n n"), R"(Syntax error; token: "n", near: "n n")");
  EXPECT_EQ(updateRefusal("SET a = :s garbage = :s"),
            R"(Syntax error; token: "garbage", near: ":s garbage =")");
  EXPECT_EQ(updateRefusal(std::string(4097, ' ') + "SET a = :s"),
            "Expression size has exceeded the maximum allowed size;");
}

TEST(DynamoUpdate, RefusesSectionsTwiceAndOverlappingPaths) {
  EXPECT_EQ(updateRefusal("SET a = :s SET b = :s"),
            R"(The "SET" section can only be used once in an update expression;)");
  EXPECT_EQ(
      updateRefusal("SET a = :s, #a = :one"),
      "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], "
      "path two: [a]");
  EXPECT_EQ(updateRefusal("SET a.b[1] = :s REMOVE a.b"),
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
            "one: [a, b, "
            "[1]], path two: [a, b]");
  EXPECT_EQ(
      updateRefusal("SET a.b = :s, a[1] = :s"),
      "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, "
      "b], path two: [a, [1]]");
  EXPECT_EQ(updateRefusal("SET a.b = :s, a.c = :s"), "accepted");
}

TEST(DynamoUpdate, RefusesNamesFunctionsAndOperands) {
  EXPECT_EQ(updateRefusal("SET owner = :s"), "Attribute name is a reserved keyword; reserved keyword: owner");
  EXPECT_EQ(updateRefusal("SET a = foo(b)"), "Invalid function name; function: foo");
  EXPECT_EQ(updateRefusal("SET #x = :s"),
            "An expression attribute name used in the document path is not defined; attribute name: #x");
  EXPECT_EQ(updateRefusal("SET a = :x"),
            "An expression attribute value used in expression is not defined; attribute value: :x");
  EXPECT_EQ(updateRefusal("SET a = if_not_exists(:s, :s)"),
            "Operator or function requires a document path; operator or function: if_not_exists");
  EXPECT_EQ(
      updateRefusal("SET a = list_append(a)"),
      "Incorrect number of operands for operator or function; operator or function: list_append, number of "
      "operands: 1");
  EXPECT_EQ(updateRefusal("SET a = a + :s"),
            "Incorrect operand type for operator or function; operator or function: +, operand type: S");
  EXPECT_EQ(updateRefusal("ADD a :yes"),
            "Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN");
  EXPECT_EQ(updateRefusal("DELETE a :one"),
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER");
}

TEST(DynamoUpdate, BoundsItsDepth) {
  EXPECT_NE(updateRefusal("SET a = " + std::string(3000, '(')), "accepted");
  std::string calls;
  for (int i = 0; i < 290; ++i) calls += "list_append(";
  EXPECT_NE(updateRefusal("SET a = " + calls), "accepted");
}

TEST(DynamoUpdate, RefusesToGrowBeyond32Levels) {
  std::string path = "a";
  for (int i = 0; i < 30; ++i) path += ".b";
  // Built by hand, as the reader of JSON for requests stops earlier.
  Item item;
  AttributeValue value;
  value.type = ValueType::kMap;
  for (int i = 0; i < 30; ++i) {
    AttributeValue outer;
    outer.type = ValueType::kMap;
    outer.map.emplace("b", std::move(value));
    value = std::move(outer);
  }
  item.emplace("a", std::move(value));

  EXPECT_TRUE(applyUpdate(planOf("SET " + path + ".c = :s").value(), item));
  EXPECT_EQ(refusalOf(applyUpdate(planOf("SET " + path + ".c = :list").value(), item)),
            "Nesting Levels have exceeded supported limits");
}

TEST(DynamoUpdate, NeverTouchesTheKey) {
  const auto plan = planOf("SET a.b = :s REMOVE n").value();

  EXPECT_EQ(refusalOf(refuseKeyUpdate(plan, {"leaseKey"})), "accepted");
  EXPECT_EQ(refusalOf(refuseKeyUpdate(plan, {"leaseKey", "n"})),
            "One or more parameter values were invalid: Cannot update attribute n. This attribute is part of "
            "the key");
  EXPECT_NE(refusalOf(refuseKeyUpdate(plan, {"a"})), "accepted");
}

TEST(DynamoUpdate, KnowsWhatItTouched) {
  const auto plan = planOf("SET m.k = :s, l[1] = :one REMOVE gone").value();
  const Item item = itemOf(
      R"({"m":{"M":{"k":{"S":"x"},"other":{"S":""}}},"l":{"L":[{"S":"a"},{"N":"1"}]},"gone":{"S":""},"id":{"S":"1"}})");

  EXPECT_EQ(jsonOf(touchedBy(plan, item)),
            R"({"gone":{"S":""},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"x"}}}})");
  EXPECT_TRUE(touchedBy(plan, {}).empty());
}

TEST(DynamoUpdate, TellsUpdatesThatOnlyRemove) {
  EXPECT_TRUE(planOf("REMOVE a DELETE t :set").value().onlyRemoves());
  EXPECT_FALSE(planOf("REMOVE a SET n = :one").value().onlyRemoves());
  EXPECT_FALSE(UpdatePlan().onlyRemoves());
}

TEST(DynamoProjection, GathersPathsInTheirPlace) {
  ExpressionNames context = names();
  const auto projection = parseProjection("l[2], #a, m.x, l[0].q, nothing.y", context).value();

  EXPECT_EQ(jsonOf(project(projection,
                           itemOf(R"({"a":{"S":"1"},"b":{"S":"2"},"m":{"M":{"x":{"S":"3"},"y":{"S":"4"}}},)"
                                  R"("l":{"L":[{"M":{"q":{"S":"5"}}},{"S":"6"},{"S":"7"}]}})"))),
            R"({"a":{"S":"1"},"l":{"L":[{"M":{"q":{"S":"5"}}},{"S":"7"}]},"m":{"M":{"x":{"S":"3"}}}})");
}

TEST(DynamoProjection, RefusesOverlapAndSyntax) {
  ExpressionNames context = names();
  EXPECT_EQ(refusalOf(parseProjection("a, a.b", context)),
            "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or "
            "rewrite one of "
            "these paths; path one: [a], path two: [a, b]");
  EXPECT_EQ(refusalOf(parseProjection("a b", context)),
            R"(Invalid ProjectionExpression: Syntax error; token: "b", near: "a b")");
  EXPECT_EQ(refusalOf(parseProjection("a,", context)),
            R"(Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ",")");
  EXPECT_EQ(refusalOf(parseProjection(" ", context)),
            "Invalid ProjectionExpression: The expression can not be empty;");
}

}  // namespace
}  // namespace tidemill::fake
