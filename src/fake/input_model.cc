#include "fake/input_model.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "codec/base64.h"

namespace tidemill::fake {
namespace {

using ValueKind = InputValue::Kind;
using Type = MemberRule::Type;

constexpr std::size_t kViolationsMax = 10;

tl::unexpected<ServiceError> wrongType(std::string message) {
  return tl::unexpected(ServiceError{"SerializationException", std::move(message), 400, true});
}

// What DynamoDB calls the JSON type it did not expect.
std::string_view tokenName(const InputValue& value) {
  if (value.kind == ValueKind::kBoolean) return value.boolean ? "TRUE_VALUE" : "FALSE_VALUE";
  if (value.kind == ValueKind::kText || value.kind == ValueKind::kBytes) return "STRING_VALUE";
  return value.kind == ValueKind::kDouble ? "DECIMAL_VALUE" : "NUMBER_VALUE";
}

// What Kinesis calls it.
std::string_view javaName(ValueKind kind) {
  if (kind == ValueKind::kBoolean) return "class java.lang.Boolean";
  if (kind == ValueKind::kText || kind == ValueKind::kBytes) return "class java.lang.String";
  return "class java.math.BigDecimal";
}

// UTF-16 units of a UTF-8 text: what the service counts as characters.
std::size_t javaLength(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

bool isTree(Type type) {
  return type == Type::kTree || type == Type::kTextMap;
}

Outcome<void> mustBeScalar(const InputValue& value, std::string_view type, Wording wording) {
  if (wording == Wording::kDynamo && value.kind == ValueKind::kList) {
    return wrongType(fmt::format("Unrecognized collection type class java.lang.{}", type));
  }
  if (wording == Wording::kDynamo && value.kind == ValueKind::kMap) {
    return wrongType("Start of structure or map found where not expected");
  }
  if (value.kind == ValueKind::kList) return wrongType("Start of list found where not expected");
  if (value.kind == ValueKind::kMap) return wrongType("Start of structure or map found where not expected.");
  return {};
}

tl::unexpected<ServiceError> cannotBe(const InputValue& value, std::string_view type) {
  return wrongType(fmt::format("{} cannot be converted to {}", tokenName(value), type));
}

Outcome<void> checkText(const InputValue& value, Wording wording) {
  if (value.kind == ValueKind::kText) return {};
  if (wording == Wording::kDynamo) return cannotBe(value, "String");
  return wrongType(fmt::format("{} can not be converted to an String", javaName(value.kind)));
}

Outcome<void> checkInteger(InputValue& value, Wording wording) {
  if (value.kind == ValueKind::kInteger) return {};
  if (value.kind != ValueKind::kDouble) {
    if (wording == Wording::kDynamo) return cannotBe(value, "Integer");
    return wrongType(fmt::format("{} can not be converted to an Integer", javaName(value.kind)));
  }
  value.kind = ValueKind::kInteger;
  // A double of 2^62 or more is out of every range, but its conversion would be undefined.
  value.integer = static_cast<std::int64_t>(std::floor(std::clamp(value.real, -4.6e18, 4.6e18)));
  return {};
}

Outcome<void> checkBoolean(const InputValue& value, Wording wording) {
  if (value.kind == ValueKind::kBoolean) return {};
  if (wording == Wording::kDynamo) {
    return value.kind == ValueKind::kText ? wrongType("Unexpected token received from parser")
                                          : cannotBe(value, "Boolean");
  }
  if (value.kind == ValueKind::kText)
    return wrongType(fmt::format("'{}' can not be converted to an Boolean", value.text));
  return wrongType(fmt::format("{} can not be converted to an Boolean", javaName(value.kind)));
}

Outcome<void> checkBlob(InputValue& value) {
  if (value.kind == ValueKind::kBytes) return {};
  if (value.kind != ValueKind::kText) {
    return wrongType(fmt::format("{} can not be converted to a Blob", javaName(value.kind)));
  }
  if (value.text.size() % 4 != 0) {
    return wrongType(fmt::format(
        "'{}' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but "
        "found: {}",
        value.text, value.text.size()));
  }
  std::string decoded(codec::decodedBase64Max(value.text.size()), '\0');
  const auto size = codec::decodeBase64(value.text, decoded.data());
  if (!size) {
    return wrongType(
        fmt::format("'{}' can not be converted to a Blob: Invalid Base64 character", value.text));
  }
  decoded.resize(*size);
  value.text = std::move(decoded);
  value.kind = ValueKind::kBytes;
  return {};
}

Outcome<void> checkTime(InputValue& value) {
  if (value.kind == ValueKind::kTime) return {};
  if (value.kind != ValueKind::kInteger && value.kind != ValueKind::kDouble) {
    return wrongType(
        fmt::format("{} can not be converted to milliseconds since epoch", javaName(value.kind)));
  }
  // Decimal seconds; a double holds today's milliseconds exactly after rounding.
  const double seconds = value.kind == ValueKind::kInteger ? static_cast<double>(value.integer) : value.real;
  value.integer = std::llround(std::clamp(seconds * 1000, -9e15, 9e15));
  value.kind = ValueKind::kTime;
  return {};
}

Outcome<void> checkOne(InputValue& value, const MemberRule& rule, Wording wording);

Outcome<void> checkList(InputValue& value, const MemberRule& rule, Wording wording) {
  if (value.kind == ValueKind::kMap) {
    return wrongType(wording == Wording::kDynamo ? "Start of structure or map found where not expected"
                                                 : "Start of structure or map found where not expected.");
  }
  if (value.kind != ValueKind::kList) {
    return wrongType(wording == Wording::kDynamo ? "Unexpected field type" : "Expected list or null");
  }
  const MemberRule child{
      .name = "member", .type = rule.children.empty() ? Type::kText : Type::kMap, .children = rule.children};
  for (auto& item : value.items) {
    if (auto checked = checkOne(item, child, wording); !checked) return checked;
  }
  return {};
}

Outcome<void> checkMap(InputValue& value, const MemberRule& rule, Wording wording) {
  if (wording == Wording::kDynamo && value.kind != ValueKind::kMap) return wrongType("Unexpected field type");
  if (value.kind == ValueKind::kList) return wrongType("Start of list found where not expected");
  if (value.kind != ValueKind::kMap) return wrongType("Expected null");
  return checkTypes(value, rule.children, wording);
}

// Members of any name; what they hold is checked by whoever reads them, unless they are to be texts.
Outcome<void> checkTree(InputValue& value, const MemberRule& rule, Wording wording) {
  if (value.kind != ValueKind::kMap) return wrongType("Unexpected field type");
  if (rule.type == Type::kTree) return {};
  for (auto& member : value.members) {
    if (auto checked = checkOne(member.value, {.name = member.name}, wording); !checked) return checked;
  }
  return {};
}

std::string_view typeName(Type type) {
  return type == Type::kInteger ? "Integer" : type == Type::kBoolean ? "Boolean" : "String";
}

Outcome<void> checkOne(InputValue& value, const MemberRule& rule, Wording wording) {
  if (value.kind == ValueKind::kNull) return {};
  if (rule.type == Type::kList) return checkList(value, rule, wording);
  if (rule.type == Type::kMap) return checkMap(value, rule, wording);
  if (isTree(rule.type)) return checkTree(value, rule, wording);
  if (auto scalar = mustBeScalar(value, typeName(rule.type), wording); !scalar) return scalar;
  switch (rule.type) {
    case Type::kText:
      return checkText(value, wording);
    case Type::kInteger:
      return checkInteger(value, wording);
    case Type::kBoolean:
      return checkBoolean(value, wording);
    case Type::kBlob:
      return checkBlob(value);
    default:
      return checkTime(value);
  }
}

// Collects violations, each with the path of its member.
class Violations {
 public:
  void checkMembers(const InputValue& input, const InputModel& model, const std::string& parent) {
    for (const MemberRule& rule : model) checkMember(input.find(rule.name), rule, parent);
  }

  Outcome<void> result() const {
    if (found_.empty()) return {};
    return refuse("ValidationException", fmt::format("{} validation error{} detected: {}", found_.size(),
                                                     found_.size() > 1 ? "s" : "", fmt::join(found_, "; ")));
  }

 private:
  void checkMember(const InputValue* value, const MemberRule& rule, const std::string& parent) {
    if (value == nullptr && !rule.required) return;
    std::string path = parent + std::string(rule.name);
    path[parent.size()] = static_cast<char>(path[parent.size()] | 0x20);
    if (value == nullptr) return add("null", path, "Member must not be null");
    if (rule.type == Type::kInteger) return checkRange(value->integer, rule, path);
    checkLength(*value, rule, path);
    if (rule.type == Type::kText) checkWords(*value, rule, path);
    if (rule.type == Type::kMap) checkMembers(*value, rule.children, path + ".");
    if (rule.type != Type::kList || rule.children.empty()) return;
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      checkMembers(value->items[i], rule.children, fmt::format("{}.{}.member.", path, i + 1));
    }
  }

  void checkRange(std::int64_t value, const MemberRule& rule, const std::string& path) {
    const std::string shown = fmt::format("'{}'", value);
    if (value < rule.least)
      add(shown, path, fmt::format("Member must have value greater than or equal to {}", rule.least));
    if (value > rule.most)
      add(shown, path, fmt::format("Member must have value less than or equal to {}", rule.most));
  }

  void checkLength(const InputValue& value, const MemberRule& rule, const std::string& path) {
    if (rule.type == Type::kBoolean || rule.type == Type::kTime || rule.type == Type::kMap) return;
    const std::size_t size = rule.type == Type::kList   ? value.items.size()
                             : isTree(rule.type)        ? value.members.size()
                             : rule.type == Type::kText ? javaLength(value.text)
                                                        : value.text.size();
    if (static_cast<std::int64_t>(size) < rule.least) {
      add(shown(value), path, fmt::format("Member must have length greater than or equal to {}", rule.least));
    }
    if (static_cast<std::int64_t>(size) > rule.most) {
      add(shown(value), path, fmt::format("Member must have length less than or equal to {}", rule.most));
    }
  }

  void checkWords(const InputValue& value, const MemberRule& rule, const std::string& path) {
    if (rule.pattern != nullptr && !rule.pattern->matches(value.text)) {
      add(shown(value), path,
          fmt::format("Member must satisfy regular expression pattern: {}", rule.pattern->expression));
    }
    const auto& allowed = rule.values;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), value.text) == allowed.end()) {
      add(shown(value), path,
          fmt::format("Member must satisfy enum value set: [{}]", fmt::join(allowed, ", ")));
    }
  }

  static std::string shown(const InputValue& value) {
    if (value.kind == ValueKind::kBytes) {
      return fmt::format("'java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]'", value.text.size());
    }
    if (value.kind == ValueKind::kMap) return value.members.empty() ? "'{}'" : "'{...}'";
    if (value.kind != ValueKind::kList) return fmt::format("'{}'", value.text);
    std::vector<std::string_view> words;
    for (const auto& item : value.items) {
      words.push_back(item.kind == ValueKind::kText ? std::string_view(item.text)
                                                    : "com.amazonaws.kinesis.v20131202.Entry");
    }
    return fmt::format("'[{}]'", fmt::join(words, ", "));
  }

  void add(std::string_view value, std::string_view path, std::string_view constraint) {
    if (found_.size() >= kViolationsMax) return;
    found_.push_back(
        fmt::format("Value {} at '{}' failed to satisfy constraint: {}", value, path, constraint));
  }

  std::vector<std::string> found_;
};

}  // namespace

Outcome<void> checkTypes(InputValue& input, const InputModel& model, Wording wording) {
  std::erase_if(input.members, [&](const auto& member) {
    return std::none_of(model.begin(), model.end(),
                        [&](const MemberRule& rule) { return rule.name == member.name; });
  });
  for (const MemberRule& rule : model) {
    for (auto& [name, value] : input.members) {
      if (name != rule.name) continue;
      if (auto checked = checkOne(value, rule, wording); !checked) return checked;
    }
  }
  return {};
}

Outcome<void> checkConstraints(const InputValue& input, const InputModel& model) {
  Violations violations;
  violations.checkMembers(input, model, "");
  return violations.result();
}

}  // namespace tidemill::fake
