#include "dynamo/attribute_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "codec/base64.h"

namespace tidemill::dynamo {
namespace {

namespace json = boost::json;
using Type = AttributeValue::Type;

std::optional<Type> typeNamed(std::string_view name) {
  for (const Type type : {Type::kString, Type::kNumber, Type::kBinary, Type::kBoolean, Type::kNull,
                          Type::kStringSet, Type::kNumberSet, Type::kBinarySet, Type::kList, Type::kMap}) {
    if (typeName(type) == name) return type;
  }
  return std::nullopt;
}

std::string_view viewOf(json::string_view text) {
  return {text.data(), text.size()};
}

// Of texts, numbers and bytes, alone or in a set. Nothing if `value` is none.
std::optional<std::string> readScalar(Type type, const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  std::string text(viewOf(value.get_string()));
  if (type == Type::kString) return text;
  if (type == Type::kNumber) return isNumberText(text) ? std::optional(std::move(text)) : std::nullopt;
  std::string bytes(codec::decodedBase64Max(text.size()), '\0');
  const auto size = codec::decodeBase64(text, bytes.data());
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::optional<AttributeValue::Set> readSet(Type of, const json::value& value) {
  if (!value.is_array()) return std::nullopt;
  AttributeValue::Set set;
  for (const json::value& element : value.get_array()) {
    std::optional<std::string> scalar = readScalar(of, element);
    if (!scalar) return std::nullopt;
    set.insert(std::move(*scalar));
  }
  return set;
}

// Reads one item; the path from it to the value at hand stands in errors.
class ItemReader {
 public:
  Result<Item> item(const json::value& value, int level) {
    if (!value.is_object()) return fail(bad("is not an object of attributes"));
    if (level > kNestingMax) return fail(bad(fmt::format("is nested more than {} deep", kNestingMax)));
    Item result;
    for (const auto& member : value.get_object()) {
      const std::size_t outer =
          enter(fmt::format("{}{}", path_.empty() ? "" : ".", base::quoteIfNeeded(viewOf(member.key()))));
      Result<AttributeValue> read = attribute(member.value(), level);
      if (!read) return fail(read.error());
      path_.resize(outer);
      result.emplace(viewOf(member.key()), std::move(*read));
    }
    return result;
  }

 private:
  Result<AttributeValue> attribute(const json::value& value, int level) {
    if (!value.is_object() || value.get_object().size() != 1) {
      return fail(bad("is not an object of one member, its type"));
    }
    const auto& tagged = *value.get_object().begin();
    const std::optional<Type> type = typeNamed(viewOf(tagged.key()));
    if (!type) {
      return fail(bad(fmt::format("has the unknown type {}", base::quoteIfNeeded(viewOf(tagged.key())))));
    }
    if (*type == Type::kList) return list(tagged.value(), level + 1);
    if (*type == Type::kMap) {
      Result<Item> map = item(tagged.value(), level + 1);
      if (!map) return fail(map.error());
      return AttributeValue::map(std::move(*map));
    }
    std::optional<AttributeValue> leaf = leafOf(*type, tagged.value());
    if (!leaf) return fail(bad(fmt::format("is not of the type {} that it says", typeName(*type))));
    return std::move(*leaf);
  }

  Result<AttributeValue> list(const json::value& value, int level) {
    if (!value.is_array()) return fail(bad("is not of the type L that it says"));
    if (level > kNestingMax) return fail(bad(fmt::format("is nested more than {} deep", kNestingMax)));
    AttributeValue::List values;
    for (const json::value& element : value.get_array()) {
      const std::size_t outer = enter(fmt::format("[{}]", values.size()));
      Result<AttributeValue> read = attribute(element, level);
      if (!read) return fail(read.error());
      path_.resize(outer);
      values.push_back(std::move(*read));
    }
    return AttributeValue::list(std::move(values));
  }

  static std::optional<AttributeValue> leafOf(Type type, const json::value& value) {
    if (type == Type::kBoolean && value.is_bool()) return AttributeValue::boolean(value.get_bool());
    if (type == Type::kNull && value.is_bool() && value.get_bool()) return AttributeValue::null();
    if (type == Type::kString || type == Type::kNumber || type == Type::kBinary) {
      return scalar(type, readScalar(type, value));
    }
    if (type == Type::kStringSet) return set(type, readSet(Type::kString, value));
    if (type == Type::kNumberSet) return set(type, readSet(Type::kNumber, value));
    if (type == Type::kBinarySet) return set(type, readSet(Type::kBinary, value));
    return std::nullopt;
  }
  static std::optional<AttributeValue> scalar(Type type, std::optional<std::string> text) {
    if (!text) return std::nullopt;
    if (type == Type::kString) return AttributeValue::string(std::move(*text));
    if (type == Type::kNumber) return AttributeValue::numberText(std::move(*text));
    return AttributeValue::binary(std::move(*text));
  }
  static std::optional<AttributeValue> set(Type type, std::optional<AttributeValue::Set> elements) {
    if (!elements) return std::nullopt;
    if (type == Type::kStringSet) return AttributeValue::stringSet(std::move(*elements));
    if (type == Type::kNumberSet) return AttributeValue::numberSet(std::move(*elements));
    return AttributeValue::binarySet(std::move(*elements));
  }

  // Gives what to resize the path to afterwards.
  std::size_t enter(std::string_view step) {
    const std::size_t outer = path_.size();
    path_ += step;
    return outer;
  }
  Error bad(std::string_view problem) const {
    if (path_.empty()) return Error(Code::kMalformedResponse, fmt::format("an item {}", problem));
    return Error(Code::kMalformedResponse, fmt::format("an item's attribute {} {}", path_, problem));
  }

  std::string path_;
};

void writeSet(codec::JsonWriter& to, const AttributeValue::Set& set, bool binary) {
  to.beginArray();
  for (const std::string& element : set) {
    if (binary) {
      to.blob(element);
    } else {
      to.text(element);
    }
  }
  to.endArray();
}

void writeContent(codec::JsonWriter& to, const AttributeValue& value) {
  switch (value.type()) {
    case Type::kString:
      return to.text(*value.asString());
    case Type::kNumber:
      return to.text(*value.asNumber());
    case Type::kBinary:
      return to.blob(*value.asBinary());
    case Type::kBoolean:
      return to.boolean(*value.asBoolean());
    case Type::kNull:
      return to.boolean(true);
    case Type::kStringSet:
      return writeSet(to, *value.asStringSet(), false);
    case Type::kNumberSet:
      return writeSet(to, *value.asNumberSet(), false);
    case Type::kBinarySet:
      return writeSet(to, *value.asBinarySet(), true);
    case Type::kList:
      to.beginArray();
      for (const AttributeValue& element : *value.asList()) writeValue(to, element);
      return to.endArray();
    case Type::kMap:
      return writeItem(to, *value.asMap());
  }
}

}  // namespace

void writeValue(codec::JsonWriter& to, const AttributeValue& value) {
  to.beginObject();
  to.key(typeName(value.type()));
  writeContent(to, value);
  to.endObject();
}

void writeItem(codec::JsonWriter& to, const Item& item) {
  to.beginObject();
  for (const auto& [name, value] : item) {
    to.key(name);
    writeValue(to, value);
  }
  to.endObject();
}

std::string formatItem(const Item& item) {
  codec::JsonWriter writer;
  writeItem(writer, item);
  return writer.take();
}

Result<Item> readItem(const json::value& value) {
  return ItemReader().item(value, 1);
}

Result<Item> parseItem(std::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) {
    return fail(Code::kMalformedResponse, fmt::format("an item is not JSON ({})", error.message()));
  }
  return readItem(value);
}

}  // namespace tidemill::dynamo
