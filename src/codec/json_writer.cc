#include "codec/json_writer.h"

#include <fmt/format.h>

#include <iterator>

#include "codec/base64.h"
#include "codec/epoch_time.h"
#include "codec/utf8.h"

namespace tidemill::codec {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool isPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void appendEscaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void JsonWriter::comma() {
  if (commaNext_) buffer_ += ',';
  commaNext_ = true;
}

void JsonWriter::begin(char bracket) {
  comma();
  buffer_ += bracket;
  commaNext_ = false;
}

void JsonWriter::end(char bracket) {
  buffer_ += bracket;
  commaNext_ = true;
}

void JsonWriter::key(std::string_view name) {
  comma();
  quoted(name);
  buffer_ += ':';
  commaNext_ = false;
}

void JsonWriter::raw(std::string_view value) {
  comma();
  buffer_.append(value);
}

void JsonWriter::text(std::string_view value) {
  comma();
  quoted(value);
}

void JsonWriter::blob(std::string_view value) {
  comma();
  buffer_ += '"';
  appendBase64(buffer_, value);
  buffer_ += '"';
}

void JsonWriter::integer(std::int64_t value) {
  comma();
  fmt::format_to(std::back_inserter(buffer_), "{}", value);
}

void JsonWriter::timestamp(std::int64_t epochMilliseconds) {
  raw(formatEpochSeconds(epochMilliseconds));
}

void JsonWriter::quoted(std::string_view value) {
  buffer_ += '"';
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain < value.size() && isPlain(value[plain])) ++plain;
    buffer_.append(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;

    std::size_t taken = 1;
    if (static_cast<unsigned char>(value.front()) < 0x80) {
      appendEscaped(buffer_, value.front());
    } else if (const std::size_t size = utf8SequenceSize(value); size > 0) {
      buffer_.append(value.substr(0, size));
      taken = size;
    } else {
      buffer_.append(kReplacement);
    }
    value.remove_prefix(taken);
  }
  buffer_ += '"';
}

}  // namespace tidemill::codec
