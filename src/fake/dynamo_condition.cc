// What conditions say about an item.
#include <algorithm>

#include "fake/dynamo_expression.h"

namespace tidemill::fake {
namespace {

using ConditionKind = Condition::Kind;

// Null for types without a size.
std::optional<std::size_t> sizeOf(const AttributeValue& value) {
  switch (value.type) {
    case ValueType::kString: {
      // Characters, not bytes: UTF-8's continuation bytes begin with 10.
      return static_cast<std::size_t>(
          std::count_if(value.text.begin(), value.text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    }
    case ValueType::kBinary:
      return value.text.size();
    case ValueType::kMap:
      return value.map.size();
    case ValueType::kList:
      return value.list.size();
    case ValueType::kStringSet:
    case ValueType::kBinarySet:
    case ValueType::kNumberSet:
      return value.count();
    default:
      return std::nullopt;
  }
}

// An operand's value in an item. Owns what it had to compute.
class Resolved {
 public:
  Resolved(const Operand& operand, const Item& item) {
    const AttributeValue* found = operand.path.empty() ? &operand.value : findPath(item, operand.path);
    if (operand.kind == Operand::Kind::kSize) {
      const auto size = found == nullptr ? std::nullopt : sizeOf(*found);
      if (size) computed_ = AttributeValue::ofNumber(DynamoNumber::ofCount(*size));
    } else {
      value_ = found;
    }
  }

  const AttributeValue* get() const { return computed_ ? &*computed_ : value_; }

 private:
  const AttributeValue* value_ = nullptr;
  std::optional<AttributeValue> computed_;
};

bool contains(const AttributeValue& where, const AttributeValue& what) {
  switch (where.type) {
    case ValueType::kString:
    case ValueType::kBinary:
      return what.type == where.type && where.text.find(what.text) != std::string::npos;
    case ValueType::kList:
      return std::find(where.list.begin(), where.list.end(), what) != where.list.end();
    case ValueType::kStringSet:
      return what.type == ValueType::kString &&
             std::binary_search(where.texts.begin(), where.texts.end(), what.text);
    case ValueType::kBinarySet:
      return what.type == ValueType::kBinary &&
             std::binary_search(where.texts.begin(), where.texts.end(), what.text);
    case ValueType::kNumberSet:
      return what.type == ValueType::kNumber &&
             std::binary_search(where.numbers.begin(), where.numbers.end(), what.number);
    default:
      return false;
  }
}

bool ordered(ConditionKind kind, const AttributeValue& a, const AttributeValue& b) {
  const auto order = compareValues(a, b);
  if (!order) return false;
  if (kind == ConditionKind::kLess) return *order < 0;
  if (kind == ConditionKind::kLessOrEqual) return *order <= 0;
  if (kind == ConditionKind::kGreater) return *order > 0;
  return *order >= 0;
}

// Of a condition with two operands, both there.
bool holdsFor(ConditionKind kind, const AttributeValue& a, const AttributeValue& b) {
  switch (kind) {
    case ConditionKind::kEqual:
      return a == b;
    case ConditionKind::kNotEqual:
      return !(a == b);
    case ConditionKind::kType:
      return typeName(a.type) == b.text;
    case ConditionKind::kBeginsWith:
      return a.type == b.type && (a.type == ValueType::kString || a.type == ValueType::kBinary) &&
             a.text.starts_with(b.text);
    case ConditionKind::kContains:
      return contains(a, b);
    case ConditionKind::kNotContains:
      return !contains(a, b);
    default:
      return ordered(kind, a, b);
  }
}

bool holdsLeaf(const Condition& condition, const Item& item) {
  std::vector<Resolved> operands;
  operands.reserve(condition.operands.size());
  for (const auto& operand : condition.operands) operands.emplace_back(operand, item);
  const AttributeValue* first = operands.front().get();
  if (condition.kind == ConditionKind::kExists) return first != nullptr;
  if (condition.kind == ConditionKind::kNotExists) return first == nullptr;
  if (condition.kind == ConditionKind::kIn) {
    return first != nullptr && std::any_of(operands.begin() + 1, operands.end(), [&](const Resolved& other) {
             return other.get() != nullptr && *other.get() == *first;
           });
  }
  // Something missing is unequal to everything and fails all else.
  const bool missing = std::any_of(operands.begin(), operands.end(),
                                   [](const Resolved& operand) { return operand.get() == nullptr; });
  if (missing) return condition.kind == ConditionKind::kNotEqual;
  const AttributeValue& second = *operands[1].get();
  if (condition.kind != ConditionKind::kBetween) return holdsFor(condition.kind, *first, second);
  return ordered(ConditionKind::kGreaterOrEqual, *first, second) &&
         ordered(ConditionKind::kLessOrEqual, *first, *operands[2].get());
}

}  // namespace

bool holds(const Condition& condition, const Item& item) {
  const auto holdsHere = [&item](const Condition& part) { return holds(part, item); };
  switch (condition.kind) {
    case ConditionKind::kAnd:
      return std::all_of(condition.parts.begin(), condition.parts.end(), holdsHere);
    case ConditionKind::kOr:
      return std::any_of(condition.parts.begin(), condition.parts.end(), holdsHere);
    case ConditionKind::kNot:
      return !holdsHere(condition.parts.front());
    default:
      return holdsLeaf(condition, item);
  }
}

std::set<std::string> attributesOf(const Condition& condition) {
  std::set<std::string> names;
  for (const auto& operand : condition.operands) {
    if (!operand.path.empty()) names.insert(std::get<std::string>(operand.path.front()));
  }
  for (const auto& part : condition.parts) names.merge(attributesOf(part));
  return names;
}

}  // namespace tidemill::fake
