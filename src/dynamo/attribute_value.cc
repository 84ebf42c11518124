#include "dynamo/attribute_value.h"

#include <charconv>

#include "base/text.h"

namespace tidemill::dynamo {
namespace {

using Type = AttributeValue::Type;

// DynamoDB keeps 38 digits and exponents of three; an emulator may write them out.
constexpr std::size_t kNumberTextMax = 256;

std::string_view withoutSign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

// Takes the digits that `text` begins with off it, and says how many there were.
std::size_t takeDigits(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  text.remove_prefix(digits);
  return digits;
}

const std::string* numberIn(const Item& item, std::string_view name) {
  const AttributeValue* value = find(item, name);
  return value == nullptr ? nullptr : value->asNumber();
}

std::optional<std::string_view> viewOf(const std::string* text) {
  if (text == nullptr) return std::nullopt;
  return std::string_view(*text);
}

}  // namespace

AttributeValue::AttributeValue(Type type, Content content) : type_(type), content_(std::move(content)) {}

AttributeValue AttributeValue::string(std::string text) {
  return {Type::kString, std::move(text)};
}
AttributeValue AttributeValue::number(std::int64_t value) {
  return {Type::kNumber, std::to_string(value)};
}
AttributeValue AttributeValue::numberText(std::string text) {
  return {Type::kNumber, std::move(text)};
}
AttributeValue AttributeValue::binary(std::string bytes) {
  return {Type::kBinary, std::move(bytes)};
}
AttributeValue AttributeValue::boolean(bool value) {
  return {Type::kBoolean, value};
}
AttributeValue AttributeValue::null() {
  return {Type::kNull, std::monostate()};
}
AttributeValue AttributeValue::stringSet(Set texts) {
  return {Type::kStringSet, std::move(texts)};
}
AttributeValue AttributeValue::numberSet(Set texts) {
  return {Type::kNumberSet, std::move(texts)};
}
AttributeValue AttributeValue::binarySet(Set contents) {
  return {Type::kBinarySet, std::move(contents)};
}
AttributeValue AttributeValue::list(List values) {
  return {Type::kList, std::move(values)};
}
AttributeValue AttributeValue::map(Item values) {
  return {Type::kMap, std::move(values)};
}

bool AttributeValue::operator==(const AttributeValue& other) const {
  return type_ == other.type_ && content_ == other.content_;
}

std::string_view typeName(Type type) {
  switch (type) {
    case Type::kString:
      return "S";
    case Type::kNumber:
      return "N";
    case Type::kBinary:
      return "B";
    case Type::kBoolean:
      return "BOOL";
    case Type::kNull:
      return "NULL";
    case Type::kStringSet:
      return "SS";
    case Type::kNumberSet:
      return "NS";
    case Type::kBinarySet:
      return "BS";
    case Type::kList:
      return "L";
    case Type::kMap:
      return "M";
  }
  return "?";
}

bool isNumberText(std::string_view text) {
  if (text.size() > kNumberTextMax) return false;
  text = withoutSign(text);
  std::size_t digits = takeDigits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    digits += takeDigits(text);
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text = withoutSign(text.substr(1));
  return takeDigits(text) > 0 && text.empty();
}

const AttributeValue* find(const Item& item, std::string_view name) {
  const auto found = item.find(name);
  return found == item.end() ? nullptr : &found->second;
}

std::optional<std::string_view> stringOf(const Item& item, std::string_view name) {
  const AttributeValue* value = find(item, name);
  return value == nullptr ? std::nullopt : viewOf(value->asString());
}

std::optional<std::string_view> numberTextOf(const Item& item, std::string_view name) {
  return viewOf(numberIn(item, name));
}

std::optional<std::string_view> binaryOf(const Item& item, std::string_view name) {
  const AttributeValue* value = find(item, name);
  return value == nullptr ? std::nullopt : viewOf(value->asBinary());
}

std::optional<bool> booleanOf(const Item& item, std::string_view name) {
  const AttributeValue* value = find(item, name);
  if (value == nullptr || value->asBoolean() == nullptr) return std::nullopt;
  return *value->asBoolean();
}

const AttributeValue::Set* stringSetOf(const Item& item, std::string_view name) {
  const AttributeValue* value = find(item, name);
  return value == nullptr ? nullptr : value->asStringSet();
}

std::optional<std::int64_t> integerOf(const Item& item, std::string_view name) {
  const std::string* text = numberIn(item, name);
  return text == nullptr ? std::nullopt : base::parseInteger(*text);
}

std::optional<double> realOf(const Item& item, std::string_view name) {
  const std::string* text = numberIn(item, name);
  if (text == nullptr) return std::nullopt;
  std::string_view digits = *text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace tidemill::dynamo
