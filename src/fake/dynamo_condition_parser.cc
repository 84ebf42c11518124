// Reads ConditionExpression, FilterExpression and KeyConditionExpression.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fake/dynamo_condition_checks.h"
#include "fake/dynamo_parser.h"

namespace tidemill::fake {
namespace {

using ConditionKind = Condition::Kind;
using Problem = ExpressionReader::Problem;

constexpr std::size_t kInOperandsMax = 100;
constexpr auto kFunctions = std::to_array<ConditionFunction>({
    {"attribute_exists", 1, ConditionKind::kExists},
    {"attribute_not_exists", 1, ConditionKind::kNotExists},
    {"attribute_type", 2, ConditionKind::kType},
    {"begins_with", 2, ConditionKind::kBeginsWith},
    {"contains", 2, ConditionKind::kContains},
    {"size", 1, std::nullopt},
});

struct Comparator {
  std::string_view symbol;
  ConditionKind kind;
};

constexpr auto kComparators = std::to_array<Comparator>({
    {"=", ConditionKind::kEqual},
    {"<>", ConditionKind::kNotEqual},
    {"<", ConditionKind::kLess},
    {"<=", ConditionKind::kLessOrEqual},
    {">", ConditionKind::kGreater},
    {">=", ConditionKind::kGreaterOrEqual},
});

// Recursive descent; the depth is bounded by ExpressionReader::enter().
class ConditionParser {
 public:
  explicit ConditionParser(ExpressionReader& reader) : reader_(reader) {}

  Condition parseOr() { return parseChain("OR", ConditionKind::kOr, &ConditionParser::parseAnd); }

 private:
  Condition parseAnd() { return parseChain("AND", ConditionKind::kAnd, &ConditionParser::parseNot); }
  Condition parseChain(std::string_view keyword, ConditionKind kind, Condition (ConditionParser::*part)());
  Condition parseNot();
  Condition parseParentheses();
  bool operandInParentheses() const;
  Condition parseComparison();
  Condition parseBetween(Operand first);
  Condition parseIn(Operand first);
  Operand parseOperand();
  Operand parseSize();
  std::vector<Operand> parseArguments(const ConditionFunction& function);
  Condition parseFunction();

  ExpressionReader& reader_;
  // Whether the part read last was nothing but one pair of parentheses.
  bool wrapped_ = false;
};

Condition ConditionParser::parseChain(std::string_view keyword, ConditionKind kind,
                                      Condition (ConditionParser::*part)()) {
  Condition first = (this->*part)();
  if (reader_.failed() || !reader_.token().isKeyword(keyword)) return first;
  Condition chain;
  chain.kind = kind;
  chain.parts.push_back(std::move(first));
  while (reader_.skipKeyword(keyword)) {
    reader_.countOperator();
    chain.parts.push_back((this->*part)());
  }
  wrapped_ = false;
  return chain;
}

Condition ConditionParser::parseNot() {
  bool negated = false;
  bool any = false;
  while (reader_.skipKeyword("NOT")) {
    reader_.countOperator();
    negated = !negated;
    any = true;
  }
  Condition condition =
      reader_.token().isSymbol("(") && !operandInParentheses() ? parseParentheses() : parseComparison();
  if (any) wrapped_ = false;
  if (!negated) return condition;
  Condition inverse;
  inverse.kind = ConditionKind::kNot;
  inverse.parts.push_back(std::move(condition));
  return inverse;
}

Condition ConditionParser::parseParentheses() {
  Condition condition;
  if (reader_.failed() || !reader_.enter()) return condition;
  reader_.expectSymbol("(");
  condition = parseOr();
  if (wrapped_) reader_.report(Problem::kParentheses, "The expression has redundant parentheses;");
  reader_.expectSymbol(")");
  reader_.leave();
  wrapped_ = true;
  return condition;
}

// "(a) = :v": a lone operand may stand in parentheses.
bool ConditionParser::operandInParentheses() const {
  std::size_t ahead = 1;
  if (reader_.token(1).kind == ExpressionToken::Kind::kValue) return reader_.token(2).isSymbol(")");
  // A path has no parentheses of its own, so the first symbol that is no part of one decides.
  for (;; ++ahead) {
    const ExpressionToken& token = reader_.token(ahead);
    const bool step = token.kind == ExpressionToken::Kind::kWord ||
                      token.kind == ExpressionToken::Kind::kName ||
                      token.kind == ExpressionToken::Kind::kNumber || token.isSymbol(".") ||
                      token.isSymbol("[") || token.isSymbol("]");
    if (!step) return ahead > 1 && token.isSymbol(")");
  }
}

Condition ConditionParser::parseComparison() {
  wrapped_ = false;
  Condition condition;
  if (reader_.failed()) return condition;
  const std::string_view function = reader_.atFunction() ? reader_.token().text : std::string_view();
  Operand first;
  if (function.empty() || function == "size") {
    first = parseOperand();
  } else {
    condition = parseFunction();
  }
  const auto comparator = std::find_if(kComparators.begin(), kComparators.end(), [&](const Comparator& each) {
    return reader_.token().isSymbol(each.symbol);
  });
  const bool compared = comparator != kComparators.end() || reader_.token().isKeyword("BETWEEN") ||
                        reader_.token().isKeyword("IN");
  // Size has to be compared, the other functions must not be.
  if (!reader_.failed() && !function.empty() && compared != (function == "size"))
    reportMisuse(reader_, function);
  if (reader_.failed()) return condition;
  if (reader_.skipKeyword("BETWEEN")) {
    condition = parseBetween(std::move(first));
  } else if (reader_.skipKeyword("IN")) {
    condition = parseIn(std::move(first));
  } else if (comparator != kComparators.end()) {
    reader_.advance();
    reader_.countOperator();
    condition = {};
    condition.kind = comparator->kind;
    condition.operands.push_back(std::move(first));
    condition.operands.push_back(parseOperand());
    checkDistinct(reader_, comparator->symbol, condition.operands);
    if (comparator->kind != ConditionKind::kEqual && comparator->kind != ConditionKind::kNotEqual) {
      checkOrdered(reader_, comparator->symbol, condition.operands);
    }
  } else if (function.empty()) {
    reader_.failSyntax();
  }
  reader_.nextCondition();
  return condition;
}

Condition ConditionParser::parseBetween(Operand first) {
  reader_.countOperator();
  Condition condition;
  condition.kind = ConditionKind::kBetween;
  condition.operands.push_back(std::move(first));
  condition.operands.push_back(parseOperand());
  if (!reader_.skipKeyword("AND")) reader_.failSyntax();
  condition.operands.push_back(parseOperand());
  if (reader_.failed()) return condition;
  checkOrdered(reader_, "BETWEEN", condition.operands);
  checkBetween(reader_, condition.operands[1], condition.operands[2]);
  return condition;
}

Condition ConditionParser::parseIn(Operand first) {
  reader_.countOperator();
  Condition condition;
  condition.kind = ConditionKind::kIn;
  condition.operands.push_back(std::move(first));
  reader_.expectSymbol("(");
  do {
    condition.operands.push_back(parseOperand());
  } while (reader_.skipSymbol(","));
  reader_.expectSymbol(")");
  const std::size_t count = condition.operands.size() - 1;
  if (count > kInOperandsMax) {
    reader_.report(
        Problem::kOperandCount,
        fmt::format("The IN operator is provided with too many operands; number of operands: {}", count));
  }
  return condition;
}

Operand ConditionParser::parseOperand() {
  Operand operand;
  if (reader_.failed()) return operand;
  if (reader_.token().isSymbol("(") && operandInParentheses()) {
    reader_.advance();
    operand = parseOperand();
    reader_.expectSymbol(")");
    return operand;
  }
  if (reader_.atFunction()) {
    if (reader_.token().text == "size") return parseSize();
    const std::string_view name = reader_.token().text;
    parseFunction();
    reportMisuse(reader_, name);
  } else if (reader_.atPath()) {
    operand.path = reader_.path();
  } else {
    operand.kind = Operand::Kind::kValue;
    operand.value = reader_.value();
  }
  return operand;
}

Operand ConditionParser::parseSize() {
  const ConditionFunction& size = kFunctions.back();
  std::vector<Operand> operands = parseArguments(size);
  Operand operand;
  operand.kind = Operand::Kind::kSize;
  if (operands.size() != size.operands) return operand;
  Operand& only = operands.front();
  checkSize(reader_, only);
  operand.path = std::move(only.path);
  operand.value = std::move(only.value);
  return operand;
}

// Also of functions that do not exist, for the names and values in them.
std::vector<Operand> ConditionParser::parseArguments(const ConditionFunction& function) {
  std::vector<Operand> operands;
  if (!reader_.enter()) return operands;
  reader_.countOperator();
  reader_.advance();
  reader_.expectSymbol("(");
  do {
    operands.push_back(parseOperand());
  } while (reader_.skipSymbol(","));
  reader_.expectSymbol(")");
  reader_.leave();
  if (!reader_.failed() && function.operands != 0 && operands.size() != function.operands) {
    reader_.report(
        Problem::kOperandCount,
        fmt::format("Incorrect number of operands for operator or function; operator or function: {}, "
                    "number of operands: {}",
                    function.name, operands.size()));
  }
  return operands;
}

Condition ConditionParser::parseFunction() {
  Condition condition;
  const std::string_view name = reader_.token().text;
  const auto known = std::find_if(kFunctions.begin(), kFunctions.end(),
                                  [&](const ConditionFunction& function) { return function.name == name; });
  if (known == kFunctions.end() || !known->kind) {
    reader_.report(Problem::kUnknownFunction, fmt::format("Invalid function name; function: {}", name));
    parseArguments({});
    return condition;
  }
  condition.kind = *known->kind;
  condition.operands = parseArguments(*known);
  if (!reader_.failed() && condition.operands.size() == known->operands) {
    checkFunction(reader_, *known, condition.operands);
  } else {
    condition = {};
  }
  return condition;
}

}  // namespace

Outcome<Condition> parseCondition(std::string_view parameter, std::string_view expression,
                                  ExpressionNames& names) {
  const auto size = checkExpressionSize(parameter, expression);
  if (!size) return refuse(size.error());
  ExpressionReader reader(parameter, expression, names);
  Condition condition = ConditionParser(reader).parseOr();
  const auto finished = reader.finish();
  if (!finished) return refuse(finished.error());
  return condition;
}

}  // namespace tidemill::fake
