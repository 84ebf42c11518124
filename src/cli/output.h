// cli/output.h: how every command prints results, warnings and errors.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemill/error.h"

namespace tidemill::cli {

// A value of a result: text or a number.
class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor): fields are written as {"key", value}.
  Value(std::string_view text) : text_(text) {}
  Value(const std::string& text) : text_(text) {}
  Value(const char* text) : text_(text) {}
  Value(std::int64_t number) : text_(std::to_string(number)), number_(true) {}
  // NOLINTEND(google-explicit-constructor)

  const std::string& text() const { return text_; }
  std::string json() const;

 private:
  std::string text_;
  bool number_ = false;
};

using Fields = std::vector<std::pair<std::string, Value>>;

// Results go to standard output, one line at once: `key: value`, or with --json one object per line. Keys are
// stable.
class Output {
 public:
  explicit Output(bool json) : json_(json) {}

  bool json() const { return json_; }
  // Plain: `line`. JSON: an object of `fields`.
  void line(std::string_view plain, const Fields& fields) const;
  // Plain: a line for each field. JSON: one object of all.
  void report(const Fields& fields) const;

 private:
  const bool json_;
};

// `error[Code]: what` and `try: what to do` on standard error. Returns the process exit code.
int printError(const Error& error);
// `warning[Code]: text` on standard error.
void printWarning(std::string_view code, std::string_view text);
// A line of progress on standard error.
void printProgress(std::string_view text);

}  // namespace tidemill::cli
