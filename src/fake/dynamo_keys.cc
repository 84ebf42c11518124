#include "fake/dynamo_keys.h"

#include <fmt/format.h>

namespace tidemill::fake {
namespace {

constexpr std::size_t kHashBytesMax = 2048;
constexpr std::size_t kSortBytesMax = 1024;

bool isEmptyText(const AttributeValue& value) {
  return value.type != ValueType::kNumber && value.text.empty();
}

std::string_view emptyKind(const AttributeValue& value) {
  return value.type == ValueType::kBinary ? "binary" : "string";
}

Outcome<void> checkSizes(const TableKeys& keys, const Item& item) {
  if (sizeBytes(item.at(keys.hash.name)) > kHashBytesMax) {
    return invalidRequest(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit "
        "of2048 bytes");
  }
  if (keys.sort && sizeBytes(item.at(keys.sort->name)) > kSortBytesMax) {
    return invalidRequest(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size "
        "limit of 1024 bytes");
  }
  return {};
}

Outcome<void> checkEmpty(const TableKeys& keys, const Item& item) {
  for (const KeyPart& part : keys.parts()) {
    const AttributeValue& value = item.at(part.name);
    if (!isEmptyText(value)) continue;
    return invalidRequest(
        fmt::format("One or more parameter values are not valid. The AttributeValue for a key attribute "
                    "cannot contain an empty {} value. Key: {}",
                    emptyKind(value), part.name));
  }
  return {};
}

Outcome<void> checkIndexKey(const FakeIndex& index, const KeyPart& part, const AttributeValue& value,
                            std::size_t bytesMax) {
  if (value.type != part.type) {
    return invalidRequest(
        fmt::format("One or more parameter values were invalid: Type mismatch for Index Key {} Expected: {} "
                    "Actual: {} IndexName: {}",
                    part.name, typeName(part.type), typeName(value.type), index.name));
  }
  if (isEmptyText(value)) {
    return invalidRequest(
        fmt::format("One or more parameter values are not valid. A value specified for a secondary index "
                    "key is not supported. The AttributeValue for a key attribute cannot contain an empty {} "
                    "value. IndexName: {}, IndexKey: {}",
                    emptyKind(value), index.name, part.name));
  }
  if (sizeBytes(value) > bytesMax) {
    return invalidRequest(
        fmt::format("One or more parameter values were invalid: Size of {} has exceeded the maximum size "
                    "limit of {} bytes for index: {}",
                    part.name, bytesMax, index.name));
  }
  return {};
}

// As many attributes as the keys have, each of the right type.
bool fits(const TableKeys& keys, const Item& key) {
  for (const KeyPart& part : keys.parts()) {
    const auto found = key.find(part.name);
    if (found == key.end() || found->second.type != part.type) return false;
  }
  return true;
}

std::size_t attributesOfPage(const FakeTable& table, const FakeIndex* index) {
  std::size_t number = table.keys.parts().size();
  if (index == nullptr) return number;
  for (const KeyPart& part : index->keys.parts()) number += table.keys.has(part.name) ? 0 : 1;
  return number;
}

}  // namespace

Outcome<void> checkItemKeys(const FakeTable& table, const Item& item) {
  for (const KeyPart& part : table.keys.parts()) {
    const auto found = item.find(part.name);
    if (found == item.end()) {
      return invalidRequest(fmt::format(
          "One or more parameter values were invalid: Missing the key {} in the item", part.name));
    }
    if (found->second.type != part.type) {
      return invalidRequest(
          fmt::format("One or more parameter values were invalid: Type mismatch for key {} expected: {} "
                      "actual: {}",
                      part.name, typeName(part.type), typeName(found->second.type)));
    }
  }
  if (auto filled = checkEmpty(table.keys, item); !filled) return filled;
  if (auto small = checkSizes(table.keys, item); !small) return small;
  return checkIndexKeys(table, item);
}

Outcome<void> checkIndexKeys(const FakeTable& table, const Item& item) {
  for (const FakeIndex& index : table.indexes) {
    for (const KeyPart& part : index.keys.parts()) {
      const auto found = item.find(part.name);
      if (found == item.end() || table.keys.has(part.name)) continue;
      const std::size_t most = part.name == index.keys.hash.name ? kHashBytesMax : kSortBytesMax;
      if (auto right = checkIndexKey(index, part, found->second, most); !right) return right;
    }
  }
  return {};
}

Outcome<void> checkKey(const TableKeys& keys, const Item& key) {
  if (key.size() != keys.parts().size() || !fits(keys, key)) {
    return invalidRequest("The provided key element does not match the schema");
  }
  if (auto filled = checkEmpty(keys, key); !filled) return filled;
  return checkSizes(keys, key);
}

Outcome<std::string> checkStartKey(const FakeTable& table, const FakeIndex* index, const Item& key) {
  const bool whole = key.size() == attributesOfPage(table, index) && fits(table.keys, key) &&
                     (index == nullptr || fits(index->keys, key));
  if (!whole) {
    return invalidRequest(
        index == nullptr
            ? "The provided starting key is invalid: The provided key element does not match the schema"
            : "The provided starting key is invalid");
  }
  return index == nullptr ? table.orderOf(key) : *table.orderIn(*index, key);
}

Item pageKeyOf(const FakeTable& table, const FakeIndex* index, const Item& item) {
  Item key;
  for (const KeyPart& part : table.keys.parts()) key.emplace(part.name, item.at(part.name));
  if (index == nullptr) return key;
  for (const KeyPart& part : index->keys.parts()) key.emplace(part.name, item.at(part.name));
  return key;
}

}  // namespace tidemill::fake
