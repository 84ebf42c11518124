// Reads attribute values, with the checks that AWS makes and in its words.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codec/base64.h"
#include "fake/dynamo_value.h"

namespace tidemill::fake {
namespace {

using ValueKind = InputValue::Kind;

constexpr std::size_t kNameBytesMax = 65535;
constexpr std::string_view kInvalidParameter = "One or more parameter values were invalid: ";

tl::unexpected<ServiceError> wrongJson(std::string message) {
  return refuse(ServiceError{"SerializationException", std::move(message), 400, true});
}

// The word for a scalar that stands where another type belongs; empty for containers.
std::string_view scalarWord(const InputValue& input) {
  if (input.kind == ValueKind::kBoolean) return input.boolean ? "TRUE_VALUE" : "FALSE_VALUE";
  if (input.kind == ValueKind::kInteger) return "NUMBER_VALUE";
  if (input.kind == ValueKind::kDouble) return "DECIMAL_VALUE";
  if (input.kind == ValueKind::kText) return "STRING_VALUE";
  return {};
}

tl::unexpected<ServiceError> notScalar(const InputValue& input, std::string_view javaClass) {
  if (input.kind == ValueKind::kList)
    return wrongJson(fmt::format("Unrecognized collection type class {}", javaClass));
  return wrongJson("Start of structure or map found where not expected");
}

Outcome<std::string> readText(const InputValue& input) {
  if (input.kind == ValueKind::kText) return input.text;
  const std::string_view word = scalarWord(input);
  if (word.empty()) return notScalar(input, "java.lang.String");
  return wrongJson(fmt::format("{} cannot be converted to String", word));
}

Outcome<std::string> readBytes(const InputValue& input) {
  if (input.kind != ValueKind::kText) {
    if (scalarWord(input).empty()) return notScalar(input, "java.nio.ByteBuffer");
    return wrongJson("only base-64-encoded strings are convertible to bytes");
  }
  if (input.text.size() % 4 != 0) {
    return wrongJson(fmt::format("Base64 encoded length is expected a multiple of 4 bytes but found: {}",
                                 input.text.size()));
  }
  std::string bytes(codec::decodedBase64Max(input.text.size()), '\0');
  const auto size = codec::decodeBase64(input.text, bytes.data());
  // The spelling is the service's own.
  if (!size) return wrongJson("Invalid last non-pad Base64 character dectected");
  bytes.resize(*size);
  return bytes;
}

Outcome<bool> readBoolean(const InputValue& input) {
  if (input.kind == ValueKind::kBoolean) return input.boolean;
  const std::string_view word = scalarWord(input);
  if (word.empty()) return notScalar(input, "java.lang.Boolean");
  if (input.kind == ValueKind::kText) return wrongJson("Unexpected token received from parser");
  return wrongJson(fmt::format("{} cannot be converted to Boolean", word));
}

Outcome<void> expectList(const InputValue& input) {
  if (input.kind == ValueKind::kList) return {};
  if (input.kind == ValueKind::kMap) return wrongJson("Start of structure or map found where not expected");
  return wrongJson("Unexpected field type");
}

template <class T>
bool sortUnique(std::vector<T>& members) {
  std::sort(members.begin(), members.end());
  return std::adjacent_find(members.begin(), members.end()) == members.end();
}

Outcome<void> readTextSet(const InputValue& input, AttributeValue& out) {
  for (const auto& member : input.items) {
    auto text = out.type == ValueType::kBinarySet ? readBytes(member) : readText(member);
    if (!text) return refuse(text.error());
    out.texts.push_back(std::move(*text));
  }
  const bool binary = out.type == ValueType::kBinarySet;
  if (out.texts.empty()) {
    return invalidRequest(
        fmt::format("{}{}", kInvalidParameter,
                    binary ? "Binary sets should not be empty" : "An string set  may not be empty"));
  }
  if (sortUnique(out.texts)) return {};
  std::vector<std::string_view> given;
  for (const auto& member : input.items) given.push_back(member.text);
  return invalidRequest(fmt::format("{}Input collection [{}]{} contains duplicates.", kInvalidParameter,
                                    fmt::join(given, ", "), binary ? "of type BS" : ""));
}

Outcome<void> readNumberSet(const InputValue& input, AttributeValue& out) {
  if (input.items.empty()) {
    return invalidRequest(fmt::format("{}An number set  may not be empty", kInvalidParameter));
  }
  for (const auto& member : input.items) {
    const auto text = readText(member);
    if (!text) return refuse(text.error());
    auto number = DynamoNumber::parse(*text);
    if (!number) return refuse(number.error());
    out.numbers.push_back(std::move(*number));
  }
  if (!sortUnique(out.numbers)) return invalidRequest("Input collection contains duplicates");
  return {};
}

Outcome<AttributeValue> readNested(const InputValue& input, int level);

Outcome<Item> readMembers(const InputValue& input, int level) {
  if (input.kind == ValueKind::kList) {
    return wrongJson(
        "Unrecognized collection type java.util.Map<java.lang.String, "
        "com.amazonaws.dynamodb.v20120810.AttributeValue>");
  }
  if (input.kind != ValueKind::kMap) return wrongJson("Unexpected field type");
  Item item;
  for (const auto& member : input.members) {
    if (member.name.size() > kNameBytesMax) {
      return invalidRequest(fmt::format("{}Attribute name is too large, must be less than {} bytes",
                                        kInvalidParameter, kNameBytesMax + 1));
    }
    if (member.name.empty()) return invalidRequest(fmt::format("{}Empty attribute name", kInvalidParameter));
    auto value = readNested(member.value, level);
    if (!value) return refuse(value.error());
    item.insert_or_assign(member.name, std::move(*value));
  }
  return item;
}

Outcome<void> readList(const InputValue& input, AttributeValue& out, int level) {
  for (const auto& member : input.items) {
    auto value = readNested(member, level);
    if (!value) return refuse(value.error());
    out.list.push_back(std::move(*value));
  }
  return {};
}

Outcome<void> readContent(const InputValue& input, AttributeValue& out, int level) {
  switch (out.type) {
    case ValueType::kString:
    case ValueType::kBinary: {
      auto text = out.type == ValueType::kString ? readText(input) : readBytes(input);
      if (!text) return refuse(text.error());
      out.text = std::move(*text);
      return {};
    }
    case ValueType::kNumber: {
      const auto text = readText(input);
      if (!text) return refuse(text.error());
      auto number = DynamoNumber::parse(*text);
      if (!number) return refuse(number.error());
      out.number = std::move(*number);
      return {};
    }
    case ValueType::kBoolean:
    case ValueType::kNull: {
      const auto boolean = readBoolean(input);
      if (!boolean) return refuse(boolean.error());
      if (out.type == ValueType::kNull && !*boolean) {
        return invalidRequest(
            fmt::format("{}Null attribute value types must have the value of true", kInvalidParameter));
      }
      out.boolean = *boolean;
      return {};
    }
    case ValueType::kMap: {
      auto members = readMembers(input, level + 1);
      if (!members) return refuse(members.error());
      out.map = std::move(*members);
      return {};
    }
    default:
      break;
  }
  auto list = expectList(input);
  if (!list) return list;
  if (out.type == ValueType::kList) return readList(input, out, level + 1);
  if (out.type == ValueType::kNumberSet) return readNumberSet(input, out);
  return readTextSet(input, out);
}

// `level` counts the maps and lists around the value, the item included.
Outcome<AttributeValue> readNested(const InputValue& input, int level) {
  if (level > kValueDepthMax) return invalidRequest("Nesting Levels have exceeded supported limits");
  if (input.kind == ValueKind::kList) {
    return wrongJson("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue");
  }
  if (input.kind != ValueKind::kMap && input.kind != ValueKind::kNull) {
    return wrongJson("Unexpected value type in payload");
  }
  std::optional<AttributeValue> value;
  bool several = false;
  for (const auto& member : input.members) {
    const auto type = typeNamed(member.name);
    // As everywhere, members that are unknown or null count as absent.
    if (!type || member.value.kind == ValueKind::kNull) continue;
    several = several || (value && value->type != *type);
    AttributeValue read;
    read.type = *type;
    const auto content = readContent(member.value, read, level);
    if (!content) return refuse(content.error());
    value = std::move(read);
  }
  if (!value) {
    return invalidRequest(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }
  if (several) {
    return invalidRequest(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
        "datatypes");
  }
  return std::move(*value);
}

}  // namespace

Outcome<AttributeValue> readValue(const InputValue& input) {
  return readNested(input, 1);
}

Outcome<Item> readItem(const InputValue& input) {
  return readMembers(input, 1);
}

}  // namespace tidemill::fake
