// fake/input_value.h: the input of an operation as a tree, whichever format it came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rt/time.h"

namespace tidemill::fake {

struct InputMember;

// Members keep their order; of two with one name the later wins. A null member counts as absent everywhere.
struct InputValue {
  enum class Kind { kNull, kBoolean, kInteger, kDouble, kText, kBytes, kTime, kList, kMap };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;  // Also epoch milliseconds of kTime.
  double real = 0;
  std::string text;  // Also the content of kBytes.
  std::vector<InputValue> items;
  std::vector<InputMember> members;

  // Null if absent.
  const InputValue* find(std::string_view name) const;
  InputValue* find(std::string_view name) {
    return const_cast<InputValue*>(static_cast<const InputValue*>(this)->find(name));
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  // For members whose type has been checked against the operation's model.
  std::optional<std::string_view> textOf(std::string_view name) const;
  std::optional<std::int64_t> integerOf(std::string_view name) const;
  // False if absent.
  bool isTrue(std::string_view name) const;
  std::optional<rt::WallTime> timeOf(std::string_view name) const;
};

struct InputMember {
  std::string name;
  InputValue value;
};

// The tree of a request's body, or nothing if it does not parse, is nested deeper than `depthMax` or is no
// map.
std::optional<InputValue> readJsonInput(std::string_view body, std::size_t depthMax = 32);
std::optional<InputValue> readCborInput(std::string_view body);

}  // namespace tidemill::fake
