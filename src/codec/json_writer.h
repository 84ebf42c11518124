// codec/json_writer.h: writes JSON as Kinesis reads and writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemill::codec {

// Appends to a buffer of its own, without white space; puts the commas itself. The caller keeps containers
// balanced and gives each member a key.
//
//   JsonWriter w;
//   w.beginObject(); w.key("StreamName"); w.text("orders"); w.key("Limit"); w.integer(100); w.endObject();
class JsonWriter {
 public:
  void beginObject() { begin('{'); }
  void endObject() { end('}'); }
  void beginArray() { begin('['); }
  void endArray() { end(']'); }
  // The name of the member that follows.
  void key(std::string_view name);

  // UTF-8. Bytes that are not become U+FFFD, so that the result is JSON whatever the text holds.
  void text(std::string_view value);
  // Bytes, as a string of base64.
  void blob(std::string_view value);
  void integer(std::int64_t value);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  // A number of seconds with three digits behind the point, e.g. 1459799926.480.
  void timestamp(std::int64_t epochMilliseconds);

  const std::string& buffer() const { return buffer_; }
  std::string take() { return std::move(buffer_); }
  void reserve(std::size_t size) { buffer_.reserve(size); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void comma();
  void raw(std::string_view value);
  void quoted(std::string_view value);

  std::string buffer_;
  bool commaNext_ = false;
};

}  // namespace tidemill::codec
