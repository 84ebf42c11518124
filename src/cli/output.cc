#include "cli/output.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "base/text.h"
#include "codec/json_writer.h"

namespace tidemill::cli {
namespace {

// The errno of the first write to standard output that failed; 0 while all is well.
std::atomic<int> outputErrno = 0;

void rememberOutputFailure() {
  int none = 0;
  outputErrno.compare_exchange_strong(none, errno != 0 ? errno : EIO);
}

void writeLine(std::FILE* file, std::string text) {
  text += '\n';
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool flushed = std::fflush(file) == 0;
  if (file == stdout && !(written && flushed)) rememberOutputFailure();
}

// JSON keys of what is printed with blanks: "shards seen" becomes "shardsSeen".
std::string jsonKey(std::string_view key) {
  std::string name;
  bool upper = false;
  for (const char c : key) {
    if (c == ' ') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

std::string objectOf(const Fields& fields) {
  std::string object = "{";
  for (const auto& [key, value] : fields) {
    if (object.size() > 1) object += ',';
    object += Value(jsonKey(key)).json() + ":" + value.json();
  }
  return object + "}";
}

}  // namespace

std::string Value::json() const {
  if (number_) return text_;
  codec::JsonWriter writer;
  if (members_) {
    writer.beginObject();
    for (const auto& [name, number] : *members_) {
      writer.key(name);
      writer.integer(number);
    }
    writer.endObject();
    return writer.take();
  }
  writer.text(text_);
  return writer.take();
}

void Output::line(std::string_view plain, const Fields& fields) const {
  writeLine(stdout, json_ ? objectOf(fields) : oneLine(plain));
}

void Output::report(const Fields& fields) const {
  if (json_) {
    writeLine(stdout, objectOf(fields));
    return;
  }
  for (const auto& [key, value] : fields) {
    if (!value.members()) writeLine(stdout, oneLine(key + ": " + value.text()));
    for (const auto& [name, number] : value.members().value_or(Value::Members{}))
      writeLine(stdout, oneLine(key + " " + name + ": " + std::to_string(number)));
  }
}

void Output::document(const std::vector<std::string>& lines, std::string_view object) const {
  if (json_) {
    writeLine(stdout, std::string(object));
    return;
  }
  for (const std::string& line : lines) writeLine(stdout, oneLine(line));
}

std::string oneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) base::appendEscaped(line, c);
  return line;
}

Result<void> finishOutput() {
  errno = 0;
  // The command line's help goes to std::cout.
  if (std::fflush(stdout) != 0 || !std::cout.flush()) rememberOutputFailure();
  return outputState();
}

Result<void> outputState() {
  const int error = outputErrno;
  if (error == 0) return {};
  return fail(Code::kIo, std::string("standard output: ") + std::strerror(error),
              "what was printed is not complete; let its reader live longer, or make room on its disk");
}

int printError(const Error& error) {
  std::string text = "error[" + std::string(codeName(error.code())) + "]: " + oneLine(error.message());
  if (!error.hint().empty()) text += "\ntry: " + oneLine(error.hint());
  writeLine(stderr, std::move(text));
  return exitCode(error.code());
}

void printWarning(std::string_view code, std::string_view text) {
  writeLine(stderr, oneLine("warning[" + std::string(code) + "]: " + std::string(text)));
}

void printProgress(std::string_view text) {
  std::string lines;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!lines.empty()) lines += '\n';
    lines += oneLine(line);
  }
  writeLine(stderr, std::move(lines));
}

}  // namespace tidemill::cli
