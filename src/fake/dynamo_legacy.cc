#include "fake/dynamo_legacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace tidemill::fake {
namespace {

using ConditionKind = Condition::Kind;
using InputKind = InputValue::Kind;

constexpr std::string_view kInvalidParameter = "One or more parameter values were invalid: ";

// Sets of types, one bit each.
constexpr unsigned bit(ValueType type) {
  return 1u << static_cast<unsigned>(type);
}
constexpr unsigned kTexts = bit(ValueType::kString) | bit(ValueType::kBinary);
constexpr unsigned kScalars = kTexts | bit(ValueType::kNumber);
constexpr unsigned kSets =
    bit(ValueType::kStringSet) | bit(ValueType::kNumberSet) | bit(ValueType::kBinarySet);
constexpr unsigned kAnyType = ~0u;

struct Operator {
  std::string_view name;
  ConditionKind kind;
  std::size_t valuesMin;
  std::size_t valuesMax;
  unsigned types;
};

// In the order in which AWS lists them.
constexpr auto kOperators = std::to_array<Operator>({
    {"IN", ConditionKind::kIn, 1, SIZE_MAX, kScalars},
    {"NULL", ConditionKind::kNotExists, 0, 0, kAnyType},
    {"BETWEEN", ConditionKind::kBetween, 2, 2, kScalars},
    {"LT", ConditionKind::kLess, 1, 1, kScalars},
    {"NOT_CONTAINS", ConditionKind::kNotContains, 1, 1, kScalars},
    {"EQ", ConditionKind::kEqual, 1, 1, kAnyType},
    {"GT", ConditionKind::kGreater, 1, 1, kScalars},
    {"NOT_NULL", ConditionKind::kExists, 0, 0, kAnyType},
    {"NE", ConditionKind::kNotEqual, 1, 1, kAnyType},
    {"LE", ConditionKind::kLessOrEqual, 1, 1, kScalars},
    {"BEGINS_WITH", ConditionKind::kBeginsWith, 1, 1, kTexts},
    {"GE", ConditionKind::kGreaterOrEqual, 1, 1, kScalars},
    {"CONTAINS", ConditionKind::kContains, 1, 1, kScalars},
});

tl::unexpected<ServiceError> invalidParameter(std::string_view what) {
  return invalidRequest(fmt::format("{}{}", kInvalidParameter, what));
}

tl::unexpected<ServiceError> wrongShape() {
  return refuse(ServiceError{"SerializationException", "Unexpected value type in payload", 400, true});
}

Condition leaf(ConditionKind kind, const std::string& name, std::vector<AttributeValue> values) {
  Condition condition;
  condition.kind = kind;
  Operand path;
  path.path.emplace_back(name);
  condition.operands.push_back(std::move(path));
  for (auto& value : values) {
    Operand operand;
    operand.kind = Operand::Kind::kValue;
    operand.value = std::move(value);
    condition.operands.push_back(std::move(operand));
  }
  return condition;
}

Outcome<const Operator*> operatorOf(std::string_view parameter, const std::string& name,
                                    std::string_view text) {
  for (const auto& candidate : kOperators) {
    if (candidate.name == text) return &candidate;
  }
  return invalidRequest(fmt::format(
      "1 validation error detected: Value '{}' at '{}.{}.member.comparisonOperator' failed to satisfy "
      "constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, "
      "NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
      text, parameter, name));
}

// The values that the operator compares with, all checked.
Outcome<std::vector<AttributeValue>> valuesFor(const Operator& op,
                                               const std::vector<const InputValue*>& inputs) {
  std::vector<AttributeValue> values;
  for (const InputValue* input : inputs) {
    auto value = readValue(*input);
    if (!value) return refuse(value.error());
    values.push_back(std::move(*value));
  }
  if (values.size() < op.valuesMin || values.size() > op.valuesMax) {
    return invalidParameter(
        fmt::format("Invalid number of argument(s) for the {} ComparisonOperator", op.name));
  }
  for (const auto& value : values) {
    if (value.type != values.front().type) {
      return invalidParameter("AttributeValues inside AttributeValueList must be of same type");
    }
  }
  for (const auto& value : values) {
    if ((op.types & bit(value.type)) == 0) {
      return invalidParameter(fmt::format("ComparisonOperator {} is not valid for {} AttributeValue type",
                                          op.name, typeName(value.type)));
    }
  }
  if (op.kind == ConditionKind::kBetween) {
    const auto order = compareValues(values[0], values[1]);
    if (order && *order > 0) {
      return invalidRequest(
          "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
    }
  }
  return values;
}

Outcome<Condition> comparison(std::string_view parameter, const std::string& name, const InputValue& input) {
  const auto op = operatorOf(parameter, name, input.textOf("ComparisonOperator").value_or(""));
  if (!op) return refuse(op.error());
  std::vector<const InputValue*> inputs;
  if (const InputValue* list = input.find("AttributeValueList")) {
    for (const auto& value : list->items) inputs.push_back(&value);
  } else if (const InputValue* value = input.find("Value")) {
    inputs.push_back(value);
  }
  auto values = valuesFor(**op, inputs);
  if (!values) return refuse(values.error());
  return leaf((*op)->kind, name, std::move(*values));
}

// Of an Expected without ComparisonOperator.
Outcome<Condition> existence(const std::string& name, const InputValue& input) {
  const bool exists = !input.has("Exists") || input.isTrue("Exists");
  const InputValue* value = input.find("Value");
  if (input.has("AttributeValueList")) {
    return invalidParameter(
        fmt::format("AttributeValueList can only be used with a ComparisonOperator for Attribute: {}", name));
  }
  if (exists && value == nullptr) {
    return invalidParameter(fmt::format("Value must be provided when Exists is {} for Attribute: {}",
                                        input.has("Exists") ? "true" : "null", name));
  }
  if (!exists && value != nullptr) {
    return invalidParameter(fmt::format("Value cannot be used when Exists is false for Attribute: {}", name));
  }
  if (!exists) return leaf(ConditionKind::kNotExists, name, {});
  auto read = readValue(*value);
  if (!read) return refuse(read.error());
  std::vector<AttributeValue> values;
  values.push_back(std::move(*read));
  return leaf(ConditionKind::kEqual, name, std::move(values));
}

Outcome<Condition> expectation(const std::string& name, const InputValue& input) {
  const bool compares = input.has("ComparisonOperator");
  const bool list = input.has("AttributeValueList");
  if (list && input.has("Value")) {
    return invalidParameter(
        fmt::format("Value and AttributeValueList cannot be used together for Attribute: {}", name));
  }
  if (!compares) return existence(name, input);
  if (input.has("Exists")) {
    return invalidParameter(
        fmt::format("Exists and ComparisonOperator cannot be used together for Attribute: {}", name));
  }
  const auto text = input.textOf("ComparisonOperator").value_or("");
  if (text != "NULL" && text != "NOT_NULL" && !list && !input.has("Value")) {
    return invalidParameter(
        fmt::format("Value or AttributeValueList must be used with ComparisonOperator: {} for Attribute: {}",
                    text, name));
  }
  return comparison("expected", name, input);
}

Outcome<UpdateAction> actionOf(const std::string& name, const InputValue& input) {
  const std::string_view word = input.textOf("Action").value_or("PUT");
  UpdateAction action;
  action.path.emplace_back(name);
  action.value.operand.kind = Operand::Kind::kValue;
  const bool known = word == "PUT" || word == "ADD" || word == "DELETE";
  if (!known) {
    return invalidRequest(fmt::format(
        "1 validation error detected: Value '{}' at 'attributeUpdates.{}.member.action' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ADD, PUT, DELETE]",
        word, name));
  }
  const InputValue* input_value = input.find("Value");
  if (input_value == nullptr) {
    if (word != "DELETE") {
      return invalidParameter("Only DELETE action is allowed when no attribute value is specified");
    }
    action.kind = UpdateAction::Kind::kRemove;
    return action;
  }
  auto value = readValue(*input_value);
  if (!value) return refuse(value.error());
  if (word == "PUT") {
    action.kind = UpdateAction::Kind::kSet;
  } else if (word == "ADD") {
    action.kind = UpdateAction::Kind::kAdd;
    if ((bit(value->type) & (kSets | bit(ValueType::kNumber) | bit(ValueType::kList))) == 0) {
      return invalidParameter(
          fmt::format("ADD action is not supported for the type {}", typeName(value->type)));
    }
  } else {
    action.kind = UpdateAction::Kind::kDelete;
    if ((bit(value->type) & kSets) == 0) {
      return invalidParameter(
          fmt::format("DELETE action with value is not supported for the type {}", typeName(value->type)));
    }
  }
  action.value.operand.value = std::move(*value);
  return action;
}

// Applies `read` to each attribute of a parameter.
template <class T, class Read>
Outcome<std::vector<T>> each(const InputValue& parameter, Read read) {
  if (parameter.kind != InputKind::kMap) return wrongShape();
  std::vector<T> results;
  for (const auto& member : parameter.members) {
    // The same name again: the later one counts.
    if (&member.value != parameter.find(member.name)) continue;
    if (member.value.kind != InputKind::kMap) return wrongShape();
    auto result = read(member.name, member.value);
    if (!result) return refuse(result.error());
    results.push_back(std::move(*result));
  }
  return results;
}

Outcome<Condition> joined(Outcome<std::vector<Condition>> parts, bool any) {
  if (!parts) return refuse(parts.error());
  Condition condition;
  // An empty AND holds, an empty OR would not.
  condition.kind = any && !parts->empty() ? ConditionKind::kOr : ConditionKind::kAnd;
  condition.parts = std::move(*parts);
  return condition;
}

}  // namespace

Outcome<Condition> conditionFromExpected(const InputValue& expected, bool any) {
  return joined(each<Condition>(expected, expectation), any);
}

Outcome<Condition> conditionFromFilter(std::string_view parameter, const InputValue& filter, bool any) {
  const auto read = [parameter](const std::string& name, const InputValue& input) {
    return comparison(parameter, name, input);
  };
  return joined(each<Condition>(filter, read), any);
}

Outcome<UpdatePlan> updateFromAttributes(const InputValue& updates) {
  auto actions = each<UpdateAction>(updates, actionOf);
  if (!actions) return refuse(actions.error());
  UpdatePlan plan;
  plan.actions = std::move(*actions);
  plan.legacy = true;
  return plan;
}

Outcome<Projection> projectionFromNames(const InputValue& names) {
  if (names.kind != InputKind::kList) return wrongShape();
  Projection projection;
  std::set<std::string_view> seen;
  for (const auto& name : names.items) {
    if (name.kind != InputKind::kText) return wrongShape();
    if (!seen.insert(name.text).second) {
      return invalidParameter(fmt::format("Duplicate value in attribute name: {}", name.text));
    }
    projection.paths.push_back({PathStep(name.text)});
  }
  return projection;
}

}  // namespace tidemill::fake
