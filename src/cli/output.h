// cli/output.h: how every command prints results, warnings and errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidemill/error.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// A value of a result: text, a number, or numbers by name.
class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor): fields are written as {"key", value}.
  Value(std::string_view text) : text_(text) {}
  Value(const std::string& text) : text_(text) {}
  Value(const char* text) : text_(text) {}
  Value(std::int64_t number) : text_(std::to_string(number)), number_(true) {}
  using Members = std::vector<std::pair<std::string, std::int64_t>>;
  Value(Members members) : members_(std::move(members)) {}
  // NOLINTEND(google-explicit-constructor)

  const std::string& text() const { return text_; }
  // None if it is text or a number.
  const std::optional<Members>& members() const { return members_; }
  std::string json() const;

 private:
  std::string text_;
  bool number_ = false;
  std::optional<Members> members_;
};

using Fields = std::vector<std::pair<std::string, Value>>;

// Results go to standard output, one line at once: `key: value`, or with --json one object per line. Keys are
// stable. Whatever a value holds, a line stays one line: see oneLine(). A line that cannot be written is
// remembered: see outputState(). Takes calls from any thread.
class Output {
 public:
  explicit Output(bool json) : json_(json) {}

  bool json() const { return json_; }
  // Plain: `line`. JSON: an object of `fields`.
  void line(std::string_view plain, const Fields& fields) const;
  // Plain: a line for each field, and `key name: number` for each member. JSON: one object of all.
  void report(const Fields& fields) const;
  // Plain: these lines. JSON: `object`, which is one already.
  void document(const std::vector<std::string>& lines, std::string_view object) const;

 private:
  const bool json_;
};

// `text` with its control characters written as \n, \r, \t and \xHH, so that it cannot end the line it is in.
std::string oneLine(std::string_view text);

// kIo once anything could not be written to standard output: its reader is gone, or its disk is full. Of the
// whole process; returns at once.
Result<void> outputState();
// The same when the command has ended: what others left to be written is written first.
Result<void> finishOutput();

// `error[Code]: what` and `try: what to do` on standard error. Returns the process exit code.
int printError(const Error& error);
// `warning[Code]: text` on standard error.
void printWarning(std::string_view code, std::string_view text);
// Progress on standard error; may be several lines.
void printProgress(std::string_view text);

}  // namespace tidemill::cli
