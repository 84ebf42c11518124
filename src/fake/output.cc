#include "fake/output.h"

#include <fmt/format.h>

#include "codec/base64.h"

namespace tidemill::fake {

std::string_view contentType(Wire wire) {
  return wire == Wire::kJson ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

void Output::separate() {
  if (comma_) json_ += ',';
  comma_ = true;
}

void Output::quote(std::string_view value) {
  json_ += '"';
  for (const char c : value) {
    switch (c) {
      case '"': json_ += "\\\""; break;
      case '\\': json_ += "\\\\"; break;
      case '\n': json_ += "\\n"; break;
      case '\r': json_ += "\\r"; break;
      case '\t': json_ += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          json_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          json_ += c;
        }
    }
  }
  json_ += '"';
}

void Output::beginMap() {
  if (wire_ == Wire::kCbor) return cbor_.beginMap();
  separate();
  json_ += '{';
  comma_ = false;
}

void Output::endMap() {
  if (wire_ == Wire::kCbor) return cbor_.end();
  json_ += '}';
  comma_ = true;
}

void Output::beginList() {
  if (wire_ == Wire::kCbor) return cbor_.beginArray();
  separate();
  json_ += '[';
  comma_ = false;
}

void Output::endList() {
  if (wire_ == Wire::kCbor) return cbor_.end();
  json_ += ']';
  comma_ = true;
}

void Output::key(std::string_view name) {
  if (wire_ == Wire::kCbor) return cbor_.text(name);
  separate();
  quote(name);
  json_ += ':';
  comma_ = false;
}

void Output::text(std::string_view value) {
  if (wire_ == Wire::kCbor) return cbor_.text(value);
  separate();
  quote(value);
}

void Output::bytes(std::string_view value) {
  if (wire_ == Wire::kCbor) return cbor_.bytes(value);
  separate();
  json_ += '"';
  json_ += codec::encodeBase64(value);
  json_ += '"';
}

void Output::integer(std::int64_t value) {
  if (wire_ == Wire::kCbor) return cbor_.integer(value);
  separate();
  fmt::format_to(std::back_inserter(json_), "{}", value);
}

void Output::boolean(bool value) {
  if (wire_ == Wire::kCbor) return cbor_.boolean(value);
  separate();
  json_ += value ? "true" : "false";
}

void Output::null() {
  if (wire_ == Wire::kCbor) return cbor_.null();
  separate();
  json_ += "null";
}

void Output::timestamp(rt::WallTime value) {
  const std::int64_t ms = value.time_since_epoch().count();
  if (wire_ == Wire::kCbor) return cbor_.timestamp(ms);
  separate();
  fmt::format_to(std::back_inserter(json_), "{}.{:03d}", ms / 1000, ms % 1000);
}

}  // namespace tidemill::fake
