#include "fake/dynamo_condition_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tidemill::fake {
namespace {

using ConditionKind = Condition::Kind;
using Problem = ExpressionReader::Problem;

constexpr auto kOrdered = std::to_array({ValueType::kString, ValueType::kNumber, ValueType::kBinary});
constexpr auto kTexts = std::to_array({ValueType::kString, ValueType::kBinary});
constexpr auto kWithoutSize = std::to_array({ValueType::kNumber, ValueType::kBoolean, ValueType::kNull});

template <std::size_t N>
bool isOneOf(ValueType type, const std::array<ValueType, N>& types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::string printed(const AttributeValue& value) {
  const std::string text = value.type == ValueType::kNumber   ? value.number.text()
                           : value.type == ValueType::kString ? value.text
                                                              : std::string();
  return fmt::format("AttributeValue: {{{}:{}}}", typeName(value.type), text);
}

void wrongType(ExpressionReader& reader, std::string_view name, ValueType type) {
  reader.report(
      Problem::kOperandType,
      fmt::format("Incorrect operand type for operator or function; operator or function: {}, operand "
                  "type: {}",
                  name, typeName(type)));
}

}  // namespace

void checkFunction(ExpressionReader& reader, const ConditionFunction& function,
                   const std::vector<Operand>& operands) {
  const Operand& first = operands.front();
  const Operand& last = operands.back();
  checkDistinct(reader, function.name, operands);
  if (function.operands == 1 && first.kind != Operand::Kind::kPath) {
    reader.report(Problem::kOperandType,
                  fmt::format("Operator or function requires a document path; operator or function: {}",
                              function.name));
  } else if (function.kind == ConditionKind::kBeginsWith) {
    for (const auto& operand : operands) {
      if (operand.kind == Operand::Kind::kSize) wrongType(reader, function.name, ValueType::kNumber);
      if (operand.kind == Operand::Kind::kValue && !isOneOf(operand.value.type, kTexts)) {
        wrongType(reader, function.name, operand.value.type);
      }
    }
  } else if (function.kind == ConditionKind::kType) {
    if (last.kind != Operand::Kind::kValue) {
      // Any path may have any type, and AWS prints them all.
      reader.report(
          Problem::kOperandType,
          fmt::format("Incorrect operand type for operator or function; operator or function: {}, operand "
                      "type: {{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}",
                      function.name));
    } else if (last.value.type != ValueType::kString) {
      wrongType(reader, function.name, last.value.type);
    } else if (!typeNamed(last.value.text)) {
      reader.report(Problem::kOperandType,
                    fmt::format("Invalid attribute type name found; type: {}, valid types: "
                                "{{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}",
                                last.value.text));
    }
  }
}

void checkOrdered(ExpressionReader& reader, std::string_view name, const std::vector<Operand>& operands) {
  for (const auto& operand : operands) {
    if (operand.kind == Operand::Kind::kValue && !isOneOf(operand.value.type, kOrdered)) {
      wrongType(reader, name, operand.value.type);
    }
  }
}

void checkDistinct(ExpressionReader& reader, std::string_view name, const std::vector<Operand>& operands) {
  if (operands.size() != 2 || operands[0].kind != Operand::Kind::kPath ||
      operands[1].kind != Operand::Kind::kPath || operands[0].path != operands[1].path) {
    return;
  }
  reader.report(
      Problem::kNotDistinct,
      fmt::format("The first operand must be distinct from the remaining operands for this operator or "
                  "function; operator: {}, first operand: {}",
                  name, pathText(operands[0].path)));
}

void checkBetween(ExpressionReader& reader, const Operand& low, const Operand& high) {
  if (low.kind != Operand::Kind::kValue || high.kind != Operand::Kind::kValue) return;
  const auto order = compareValues(low.value, high.value);
  std::string_view wrong;
  if (low.value.type != high.value.type) {
    wrong = "same data type for lower and upper bounds";
  } else if (order && *order > 0) {
    wrong = "upper bound to be greater than or equal to lower bound";
  } else {
    return;
  }
  reader.report(
      Problem::kOperandType,
      fmt::format("The BETWEEN operator requires {}; lower bound operand: {}, upper bound operand: {}", wrong,
                  printed(low.value), printed(high.value)));
}

void reportMisuse(ExpressionReader& reader, std::string_view name) {
  reader.report(
      Problem::kMisusedFunction,
      fmt::format("The function is not allowed to be used this way in an expression; function: {}", name));
}

void checkSize(ExpressionReader& reader, const Operand& operand) {
  if (operand.kind == Operand::Kind::kSize) {
    reportMisuse(reader, "size");
  } else if (operand.kind == Operand::Kind::kValue && isOneOf(operand.value.type, kWithoutSize)) {
    wrongType(reader, "size", operand.value.type);
  }
}

}  // namespace tidemill::fake
