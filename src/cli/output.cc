#include "cli/output.h"

#include <cstdio>

#include "codec/json_writer.h"

namespace tidemill::cli {
namespace {

void writeLine(std::FILE* file, std::string text) {
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
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
  writer.text(text_);
  return writer.take();
}

void Output::line(std::string_view plain, const Fields& fields) const {
  writeLine(stdout, json_ ? objectOf(fields) : std::string(plain));
}

void Output::report(const Fields& fields) const {
  if (json_) {
    writeLine(stdout, objectOf(fields));
    return;
  }
  for (const auto& [key, value] : fields) writeLine(stdout, key + ": " + value.text());
}

int printError(const Error& error) {
  std::string text = "error[" + std::string(codeName(error.code())) + "]: " + error.message();
  if (!error.hint().empty()) text += "\ntry: " + error.hint();
  writeLine(stderr, std::move(text));
  return exitCode(error.code());
}

void printWarning(std::string_view code, std::string_view text) {
  writeLine(stderr, "warning[" + std::string(code) + "]: " + std::string(text));
}

void printProgress(std::string_view text) {
  writeLine(stderr, std::string(text));
}

}  // namespace tidemill::cli
