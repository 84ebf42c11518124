#include "fake/input_value.h"

#include <boost/json.hpp>

#include "codec/cbor_value.h"

namespace tidemill::fake {
namespace {

namespace json = boost::json;
using ValueKind = InputValue::Kind;

InputValue fromJson(const json::value& value) {
  InputValue out;
  switch (value.kind()) {
    case json::kind::null:
      break;
    case json::kind::bool_:
      out.kind = ValueKind::kBoolean;
      out.boolean = value.get_bool();
      break;
    case json::kind::int64:
      out.kind = ValueKind::kInteger;
      out.integer = value.get_int64();
      break;
    case json::kind::uint64:
      // Beyond 63 bits: as a double it is refused by every range there is.
      out.kind = ValueKind::kDouble;
      out.real = static_cast<double>(value.get_uint64());
      break;
    case json::kind::double_:
      out.kind = ValueKind::kDouble;
      out.real = value.get_double();
      break;
    case json::kind::string:
      out.kind = ValueKind::kText;
      out.text = value.get_string();
      break;
    case json::kind::array:
      out.kind = ValueKind::kList;
      out.items.reserve(value.get_array().size());
      for (const auto& item : value.get_array()) out.items.push_back(fromJson(item));
      break;
    case json::kind::object:
      out.kind = ValueKind::kMap;
      out.members.reserve(value.get_object().size());
      for (const auto& member : value.get_object()) {
        out.members.push_back({std::string(member.key()), fromJson(member.value())});
      }
      break;
  }
  return out;
}

InputValue fromCbor(const codec::CborValue& value) {
  InputValue out;
  if (const auto* boolean = value.boolean()) {
    out.kind = ValueKind::kBoolean;
    out.boolean = *boolean;
  } else if (const auto* integer = value.integer()) {
    out.kind = ValueKind::kInteger;
    out.integer = *integer;
  } else if (const auto* real = value.real()) {
    out.kind = ValueKind::kDouble;
    out.real = *real;
  } else if (const auto* text = value.text()) {
    out.kind = ValueKind::kText;
    out.text = *text;
  } else if (const auto* bytes = value.bytes()) {
    out.kind = ValueKind::kBytes;
    out.text = *bytes;
  } else if (const auto* time = value.timestamp()) {
    out.kind = ValueKind::kTime;
    out.integer = time->milliseconds;
  } else if (const auto* items = value.array()) {
    out.kind = ValueKind::kList;
    out.items.reserve(items->size());
    for (const auto& item : *items) out.items.push_back(fromCbor(item));
  } else if (const auto* members = value.map()) {
    out.kind = ValueKind::kMap;
    out.members.reserve(members->size());
    for (const auto& [name, member] : *members) out.members.push_back({name, fromCbor(member)});
  }
  return out;
}

}  // namespace

const InputValue* InputValue::find(std::string_view name) const {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->name == name) return member->value.kind == ValueKind::kNull ? nullptr : &member->value;
  }
  return nullptr;
}

std::optional<std::string_view> InputValue::textOf(std::string_view name) const {
  const InputValue* value = find(name);
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(value->text);
}

std::optional<std::int64_t> InputValue::integerOf(std::string_view name) const {
  const InputValue* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(value->integer);
}

bool InputValue::isTrue(std::string_view name) const {
  const InputValue* value = find(name);
  return value != nullptr && value->boolean;
}

std::optional<rt::WallTime> InputValue::timeOf(std::string_view name) const {
  const InputValue* value = find(name);
  if (value == nullptr) return std::nullopt;
  return rt::WallTime(std::chrono::milliseconds(value->integer));
}

std::optional<InputValue> readJsonInput(std::string_view body, std::size_t depthMax) {
  json::parse_options options;
  options.max_depth = depthMax;
  json::error_code error;
  const json::value parsed = json::parse(body, error, {}, options);
  if (error || !parsed.is_object()) return std::nullopt;
  return fromJson(parsed);
}

std::optional<InputValue> readCborInput(std::string_view body) {
  const auto parsed = codec::parseCbor(body);
  if (!parsed || parsed->map() == nullptr) return std::nullopt;
  return fromCbor(*parsed);
}

}  // namespace tidemill::fake
