#include "fake/dynamo_key_condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "fake/dynamo_parameters.h"

namespace tidemill::fake {
namespace {

using ConditionKind = Condition::Kind;

// As AWS names it where it refuses the operator; empty for those that keys allow.
std::string_view refusedName(ConditionKind kind) {
  switch (kind) {
    case ConditionKind::kOr:
      return "OR";
    case ConditionKind::kNot:
      return "NOT";
    case ConditionKind::kIn:
      return "IN";
    case ConditionKind::kNotEqual:
      return "<>";
    case ConditionKind::kExists:
      return "attribute_exists";
    case ConditionKind::kNotExists:
      return "attribute_not_exists";
    case ConditionKind::kType:
      return "attribute_type";
    case ConditionKind::kContains:
      return "contains";
    default:
      return {};
  }
}

ConditionKind mirrored(ConditionKind kind) {
  switch (kind) {
    case ConditionKind::kLess:
      return ConditionKind::kGreater;
    case ConditionKind::kLessOrEqual:
      return ConditionKind::kGreaterOrEqual;
    case ConditionKind::kGreater:
      return ConditionKind::kLess;
    case ConditionKind::kGreaterOrEqual:
      return ConditionKind::kLessOrEqual;
    default:
      return kind;
  }
}

tl::unexpected<ServiceError> invalidCondition(std::string_view what) {
  return invalidRequest(fmt::format("Invalid condition in KeyConditionExpression: {}", what));
}

Outcome<void> checkComparison(Condition& condition) {
  auto& operands = condition.operands;
  const auto isPath = [](const Operand& operand) { return operand.kind == Operand::Kind::kPath; };
  const auto isSize = [](const Operand& operand) { return operand.kind == Operand::Kind::kSize; };
  if (std::any_of(operands.begin(), operands.end(), isSize)) {
    return invalidRequest("KeyConditionExpressions cannot contain nested operations");
  }
  const bool fixedPlace =
      condition.kind == ConditionKind::kBetween || condition.kind == ConditionKind::kBeginsWith;
  if (fixedPlace && !isPath(operands.front())) {
    return invalidCondition(
        fmt::format("{} operator must have the key attribute as its first operand",
                    condition.kind == ConditionKind::kBetween ? "BETWEEN" : "begins_with"));
  }
  const auto paths = std::count_if(operands.begin(), operands.end(), isPath);
  if (paths > 1) return invalidCondition("Multiple attribute names used in one condition");
  if (paths == 0) return invalidCondition("No key attribute specified");
  if (!isPath(operands.front())) {
    std::swap(operands[0], operands[1]);
    condition.kind = mirrored(condition.kind);
  }
  if (operands.front().path.size() > 1) {
    return invalidRequest("KeyConditionExpressions cannot have conditions on nested attributes");
  }
  return {};
}

// Appends the comparisons of `condition` to `out`.
Outcome<void> flatten(Condition condition, Condition& out) {
  const std::string_view refused = refusedName(condition.kind);
  if (!refused.empty()) {
    return invalidRequest(fmt::format("Invalid operator used in KeyConditionExpression: {}", refused));
  }
  if (condition.kind == ConditionKind::kAnd) {
    for (auto& part : condition.parts) {
      auto flat = flatten(std::move(part), out);
      if (!flat) return flat;
    }
    return {};
  }
  auto checked = checkComparison(condition);
  if (!checked) return checked;
  const bool again = std::any_of(out.parts.begin(), out.parts.end(), [&](const Condition& other) {
    return other.operands.front().path == condition.operands.front().path;
  });
  if (again) return invalidRequest("KeyConditionExpressions must only contain one condition per key");
  out.parts.push_back(std::move(condition));
  return {};
}

const Condition* conditionOn(const Condition& keyCondition, const std::string& name) {
  for (const auto& part : keyCondition.parts) {
    if (std::get<std::string>(part.operands.front().path.front()) == name) return &part;
  }
  return nullptr;
}

// The ones that an index of sorted keys answers.
bool isIndexable(ConditionKind kind) {
  return refusedName(kind).empty() && kind != ConditionKind::kNotContains;
}

}  // namespace

Outcome<Condition> keyConditionFrom(Condition condition) {
  Condition flat;
  const auto flattened = flatten(std::move(condition), flat);
  if (!flattened) return refuse(flattened.error());
  if (flat.parts.size() > 2) return invalidRequest("Conditions can be of length 1 or 2 only");
  return flat;
}

Outcome<KeyRange> keyRangeOf(const Condition& keyCondition, const KeyNames& keys) {
  const Condition* hash = conditionOn(keyCondition, keys.hash);
  if (hash == nullptr) {
    return invalidRequest(fmt::format("Query condition missed key schema element: {}", keys.hash));
  }
  if (hash->kind != ConditionKind::kEqual) return invalidRequest("Query key condition not supported");
  KeyRange range{hash->operands[1].value, std::nullopt};
  if (keyCondition.parts.size() == 1) return range;
  const Condition* sort = keys.range.empty() ? nullptr : conditionOn(keyCondition, keys.range);
  if (sort == nullptr) {
    if (keys.range.empty()) return invalidRequest("Query key condition not supported");
    return invalidRequest(fmt::format("Query condition missed key schema element: {}", keys.range));
  }
  if (!isIndexable(sort->kind)) {
    return invalidRequest("Attempted conditional constraint is not an indexable operation");
  }
  range.range = *sort;
  return range;
}

}  // namespace tidemill::fake
