// fake/dynamo_value.h: attribute values and items of DynamoDB.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json_writer.h"
#include "fake/dynamo_number.h"
#include "fake/input_value.h"
#include "fake/service_error.h"

namespace tidemill::fake {

struct AttributeValue;

// Attributes by name. AWS promises no order; ours is by name, so that answers repeat.
using Item = std::map<std::string, AttributeValue, std::less<>>;

enum class ValueType {
  kString,
  kNumber,
  kBinary,
  kBoolean,
  kNull,
  kMap,
  kList,
  kStringSet,
  kNumberSet,
  kBinarySet
};

// One value. Only the member that belongs to `type` is used.
struct AttributeValue {
  ValueType type = ValueType::kNull;
  bool boolean = false;
  // kString and kBinary.
  std::string text;
  // kNumber.
  DynamoNumber number;
  // kList.
  std::vector<AttributeValue> list;
  // kMap.
  Item map;
  // Sets, sorted and without duplicates.
  std::vector<std::string> texts;
  std::vector<DynamoNumber> numbers;

  static AttributeValue ofText(std::string text);
  static AttributeValue ofNumber(DynamoNumber number);

  bool isSet() const { return type >= ValueType::kStringSet; }
  // Members of a set.
  std::size_t count() const { return type == ValueType::kNumberSet ? numbers.size() : texts.size(); }
};

// "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS".
std::string_view typeName(ValueType type);
std::optional<ValueType> typeNamed(std::string_view name);

// Maps and lists nest at most so deep, the item being the first. One of them is two levels of JSON, so a
// reader of requests has to take 2 * kValueDepthMax levels and a few around them.
constexpr int kValueDepthMax = 32;

// From {"S": "x"}. Errors: SerializationException for wrong JSON types, ValidationException for wrong values.
Outcome<AttributeValue> readValue(const InputValue& input);
// From {"name": {"S": "x"}, …}. The size of the item is not checked.
Outcome<Item> readItem(const InputValue& input);

void writeValue(codec::JsonWriter& out, const AttributeValue& value);
void writeItem(codec::JsonWriter& out, const Item& item);

// In bytes, as AWS bills and limits (400 KiB an item): names count, a map or list costs 3 and 1 for each
// element.
std::size_t sizeBytes(const AttributeValue& value);
std::size_t sizeBytes(const Item& item);
constexpr std::size_t kItemBytesMax = 400u << 10;

// Numbers by value, sets without order; values of different types differ.
bool operator==(const AttributeValue& a, const AttributeValue& b);
// Null unless both have the same type and it has an order: text and bytes by their bytes, numbers by value.
std::optional<std::strong_ordering> compareValues(const AttributeValue& a, const AttributeValue& b);

// Errors of this part of the fake.
inline tl::unexpected<ServiceError> invalidRequest(std::string message) {
  return refuse("ValidationException", std::move(message));
}

}  // namespace tidemill::fake
