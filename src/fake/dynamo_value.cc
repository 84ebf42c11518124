#include "fake/dynamo_value.h"

#include <array>
#include <utility>

namespace tidemill::fake {
namespace {

constexpr std::array<std::string_view, 10> kTypeNames = {"S", "N", "B",  "BOOL", "NULL",
                                                         "M", "L", "SS", "NS",   "BS"};

// Of a map or a list, and of each of its elements.
constexpr std::size_t kContainerBytes = 3;
constexpr std::size_t kElementBytes = 1;

}  // namespace

AttributeValue AttributeValue::ofText(std::string text) {
  AttributeValue value;
  value.type = ValueType::kString;
  value.text = std::move(text);
  return value;
}

AttributeValue AttributeValue::ofNumber(DynamoNumber number) {
  AttributeValue value;
  value.type = ValueType::kNumber;
  value.number = std::move(number);
  return value;
}

std::string_view typeName(ValueType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<ValueType> typeNamed(std::string_view name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == name) return static_cast<ValueType>(i);
  }
  return std::nullopt;
}

void writeValue(codec::JsonWriter& out, const AttributeValue& value) {
  out.beginObject();
  out.key(typeName(value.type));
  switch (value.type) {
    case ValueType::kString:
      out.text(value.text);
      break;
    case ValueType::kNumber:
      out.text(value.number.text());
      break;
    case ValueType::kBinary:
      out.blob(value.text);
      break;
    case ValueType::kBoolean:
    case ValueType::kNull:
      out.boolean(value.type == ValueType::kNull || value.boolean);
      break;
    case ValueType::kMap:
      writeItem(out, value.map);
      break;
    case ValueType::kList:
      out.beginArray();
      for (const auto& element : value.list) writeValue(out, element);
      out.endArray();
      break;
    case ValueType::kStringSet:
    case ValueType::kBinarySet:
      out.beginArray();
      for (const auto& text : value.texts) {
        value.type == ValueType::kStringSet ? out.text(text) : out.blob(text);
      }
      out.endArray();
      break;
    case ValueType::kNumberSet:
      out.beginArray();
      for (const auto& number : value.numbers) out.text(number.text());
      out.endArray();
      break;
  }
  out.endObject();
}

void writeItem(codec::JsonWriter& out, const Item& item) {
  out.beginObject();
  for (const auto& [name, value] : item) {
    out.key(name);
    writeValue(out, value);
  }
  out.endObject();
}

std::size_t sizeBytes(const AttributeValue& value) {
  std::size_t size = 0;
  switch (value.type) {
    case ValueType::kString:
    case ValueType::kBinary:
      return value.text.size();
    case ValueType::kNumber:
      return value.number.sizeBytes();
    case ValueType::kBoolean:
    case ValueType::kNull:
      return 1;
    case ValueType::kMap:
      return kContainerBytes + kElementBytes * value.map.size() + sizeBytes(value.map);
    case ValueType::kList:
      for (const auto& element : value.list) size += kElementBytes + sizeBytes(element);
      return kContainerBytes + size;
    case ValueType::kStringSet:
    case ValueType::kBinarySet:
      for (const auto& text : value.texts) size += text.size();
      return size;
    case ValueType::kNumberSet:
      for (const auto& number : value.numbers) size += number.sizeBytes();
      return size;
  }
  return size;
}

std::size_t sizeBytes(const Item& item) {
  std::size_t size = 0;
  for (const auto& [name, value] : item) size += name.size() + sizeBytes(value);
  return size;
}

bool operator==(const AttributeValue& a, const AttributeValue& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case ValueType::kString:
    case ValueType::kBinary:
      return a.text == b.text;
    case ValueType::kNumber:
      return a.number == b.number;
    case ValueType::kBoolean:
      return a.boolean == b.boolean;
    case ValueType::kNull:
      return true;
    case ValueType::kMap:
      return a.map == b.map;
    case ValueType::kList:
      return a.list == b.list;
    case ValueType::kStringSet:
    case ValueType::kBinarySet:
      return a.texts == b.texts;
    case ValueType::kNumberSet:
      return a.numbers == b.numbers;
  }
  return false;
}

std::optional<std::strong_ordering> compareValues(const AttributeValue& a, const AttributeValue& b) {
  if (a.type != b.type) return std::nullopt;
  if (a.type == ValueType::kNumber) return a.number <=> b.number;
  // std::string compares as unsigned bytes, which for UTF-8 is the order of AWS.
  if (a.type == ValueType::kString || a.type == ValueType::kBinary) return a.text <=> b.text;
  return std::nullopt;
}

}  // namespace tidemill::fake
