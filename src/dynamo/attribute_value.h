// dynamo/attribute_value.h: the values of DynamoDB's attributes, and items made of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tidemill::dynamo {

class AttributeValue;

// An item: its attributes by name.
using Item = std::map<std::string, AttributeValue, std::less<>>;

// One value of one of DynamoDB's ten types. A number stays the text that it came as: it has up to 38 digits,
// more than any type of C++. Sets have no order.
//
//   Item key{{"leaseKey", AttributeValue::string("shardId-000000000000")}};
//   item.emplace("leaseCounter", AttributeValue::number(7));
class AttributeValue {
 public:
  enum class Type {
    kString,
    kNumber,
    kBinary,
    kBoolean,
    kNull,
    kStringSet,
    kNumberSet,
    kBinarySet,
    kList,
    kMap,
  };
  using Set = std::set<std::string>;
  using List = std::vector<AttributeValue>;

  // UTF-8. Bytes that are not become U+FFFD when it is sent.
  static AttributeValue string(std::string text);
  static AttributeValue number(std::int64_t value);
  // Decimal text such as "12", "-0.5" or "1E-7"; the service refuses anything else.
  static AttributeValue numberText(std::string text);
  static AttributeValue binary(std::string bytes);
  static AttributeValue boolean(bool value);
  static AttributeValue null();
  // The service refuses empty sets.
  static AttributeValue stringSet(Set texts);
  static AttributeValue numberSet(Set texts);
  static AttributeValue binarySet(Set contents);
  static AttributeValue list(List values);
  static AttributeValue map(Item values);

  Type type() const { return type_; }
  bool isNull() const { return type_ == Type::kNull; }

  // Each gives null if the value is of another type.
  const std::string* asString() const { return get<std::string>(Type::kString); }
  const std::string* asNumber() const { return get<std::string>(Type::kNumber); }
  const std::string* asBinary() const { return get<std::string>(Type::kBinary); }
  const bool* asBoolean() const { return get<bool>(Type::kBoolean); }
  const Set* asStringSet() const { return get<Set>(Type::kStringSet); }
  const Set* asNumberSet() const { return get<Set>(Type::kNumberSet); }
  const Set* asBinarySet() const { return get<Set>(Type::kBinarySet); }
  const List* asList() const { return get<List>(Type::kList); }
  const Item* asMap() const { return get<Item>(Type::kMap); }

  // Same type and same content. Numbers compare as text: the service gives each number one text.
  bool operator==(const AttributeValue& other) const;

 private:
  // Of several types of value, which `type_` tells apart.
  using Content = std::variant<std::monostate, bool, std::string, Set, List, Item>;
  AttributeValue(Type type, Content content);

  template <class T>
  const T* get(Type type) const {
    return type_ == type ? std::get_if<T>(&content_) : nullptr;
  }

  Type type_;
  Content content_;
};

// "S", "N", "SS", …: how types are called on the wire and in messages.
std::string_view typeName(AttributeValue::Type type);

// The text of a number that DynamoDB could hold: digits, perhaps a sign, a point, an exponent.
bool isNumberText(std::string_view text);

// Null if the item has no such attribute.
const AttributeValue* find(const Item& item, std::string_view name);

// Each gives nothing if the item has no such attribute, or one of another type; find() tells these apart.
// Views live as long as the item.
std::optional<std::string_view> stringOf(const Item& item, std::string_view name);
std::optional<std::string_view> numberTextOf(const Item& item, std::string_view name);
std::optional<std::string_view> binaryOf(const Item& item, std::string_view name);
std::optional<bool> booleanOf(const Item& item, std::string_view name);
const AttributeValue::Set* stringSetOf(const Item& item, std::string_view name);
// Nothing as well for a number that is not whole, or beyond 64 bits.
std::optional<std::int64_t> integerOf(const Item& item, std::string_view name);
// The nearest double.
std::optional<double> realOf(const Item& item, std::string_view name);

}  // namespace tidemill::dynamo
