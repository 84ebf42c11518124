// fake/dynamo_condition_checks.h: what is wrong with a condition whose syntax is right.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "fake/dynamo_parser.h"

namespace tidemill::fake {

struct ConditionFunction {
  std::string_view name;
  std::size_t operands;
  // Nothing for size, which is an operand and no condition.
  std::optional<Condition::Kind> kind;
};

// Each reports what it finds to the reader, in AWS's words. Values that are not defined have been reported
// before, and what is said of their type here never shows.

// Of a function that is a condition, with the right number of operands.
void checkFunction(ExpressionReader& reader, const ConditionFunction& function,
                   const std::vector<Operand>& operands);
// Of what size() is applied to.
void checkSize(ExpressionReader& reader, const Operand& operand);
// Constants of <, <=, >, >= and BETWEEN must have an order.
void checkOrdered(ExpressionReader& reader, std::string_view name, const std::vector<Operand>& operands);
// No attribute is compared with itself.
void checkDistinct(ExpressionReader& reader, std::string_view name, const std::vector<Operand>& operands);
void checkBetween(ExpressionReader& reader, const Operand& low, const Operand& high);
// A condition where an operand belongs or the other way round.
void reportMisuse(ExpressionReader& reader, std::string_view name);

}  // namespace tidemill::fake
