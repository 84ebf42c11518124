#include "aws/answer_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace tidemill::aws {

namespace json = boost::json;

Error badAnswer(std::string_view what) {
  return Error(Code::kMalformedResponse, fmt::format("the answer {}", what));
}

Result<json::object> readAnswerObject(std::string_view body, std::size_t depthMax) {
  json::parse_options options;
  options.max_depth = depthMax;
  json::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error) return fail(badAnswer(fmt::format("is not JSON ({})", error.message())));
  if (!value.is_object()) return fail(badAnswer("is not a JSON object"));
  return std::move(value.get_object());
}

const json::value* AnswerReader::find(std::string_view name) const {
  const json::value* value = object_.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string AnswerReader::text(std::string_view name) {
  const json::value* value = find(name);
  if (value != nullptr) return textOf(*value, name);
  note(name, "is missing");
  return {};
}

std::string AnswerReader::textIfThere(std::string_view name) {
  const json::value* value = find(name);
  return value == nullptr ? std::string() : textOf(*value, name);
}

std::int64_t AnswerReader::integer(std::string_view name, std::int64_t absent) {
  const json::value* value = find(name);
  if (value == nullptr) return absent;
  if (value->is_int64()) return value->get_int64();
  note(name, "is not an integer");
  return absent;
}

bool AnswerReader::boolean(std::string_view name, bool absent) {
  const json::value* value = find(name);
  if (value == nullptr) return absent;
  if (value->is_bool()) return value->get_bool();
  note(name, "is not true or false");
  return absent;
}

// A double holds today's milliseconds exactly once rounded.
rt::WallTime AnswerReader::time(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  const double seconds = value->is_double()  ? value->get_double()
                         : value->is_int64() ? static_cast<double>(value->get_int64())
                                             : -1;
  if (!(seconds >= 0 && seconds < 1e11)) {
    note(name, "is not a time");
    return {};
  }
  return rt::WallTime(std::chrono::milliseconds(std::llround(seconds * 1000)));
}

const json::object& AnswerReader::object(std::string_view name) {
  if (find(name) == nullptr) note(name, "is missing");
  return objectIfThere(name);
}

const json::object& AnswerReader::objectIfThere(std::string_view name) {
  static const json::object kEmpty;
  const json::value* value = find(name);
  if (value == nullptr) return kEmpty;
  if (value->is_object()) return value->get_object();
  note(name, "is not an object");
  return kEmpty;
}

const json::array& AnswerReader::array(std::string_view name) {
  if (find(name) == nullptr) note(name, "is missing");
  return arrayIfThere(name);
}

const json::array& AnswerReader::arrayIfThere(std::string_view name) {
  static const json::array kEmpty;
  const json::value* value = find(name);
  if (value == nullptr) return kEmpty;
  if (value->is_array()) return value->get_array();
  note(name, "is not an array");
  return kEmpty;
}

void AnswerReader::note(std::string_view name, std::string_view problem) {
  if (!problem_) problem_ = fmt::format("has a member {} that {}", name, problem);
}

std::string AnswerReader::textOf(const json::value& value, std::string_view name) {
  if (value.is_string()) return std::string(value.get_string());
  note(name, "is not a text");
  return {};
}

}  // namespace tidemill::aws
