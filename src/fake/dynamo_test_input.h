// fake/dynamo_test_input.h: requests and items for tests, written as JSON.
#pragma once

#include <string>
#include <string_view>

#include "fake/dynamo_parameters.h"

namespace tidemill::fake {

inline InputValue inputOf(std::string_view json) {
  auto input = readJsonInput(json);
  return input ? std::move(*input) : InputValue();
}

inline Item itemOf(std::string_view json) {
  return readItem(inputOf(json)).value();
}

inline std::string jsonOf(const Item& item) {
  codec::JsonWriter out;
  writeItem(out, item);
  return out.take();
}

// The message of a refusal, "type: message" unless it is a ValidationException, "accepted" if it is none.
template <class T>
std::string refusalOf(const Outcome<T>& outcome) {
  if (outcome) return "accepted";
  const ServiceError& error = outcome.error();
  return error.type == "ValidationException" ? error.message : error.type + ": " + error.message;
}

}  // namespace tidemill::fake
