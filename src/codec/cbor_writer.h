// codec/cbor_writer.h: writes CBOR as AWS does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemill::codec {

// Appends to a buffer of its own. Containers are of indefinite length, as the service and the Java SDK write
// them. The caller keeps maps balanced: key, value, key, value, end().
//
//   CborWriter w;
//   w.beginMap(); w.text("StreamName"); w.text("orders"); w.text("Limit"); w.integer(100); w.end();
class CborWriter {
 public:
  void beginMap() { byte(0xbf); }
  void beginArray() { byte(0x9f); }
  void end() { byte(0xff); }
  void text(std::string_view value);
  void bytes(std::string_view value);
  void integer(std::int64_t value);
  void boolean(bool value) { byte(value ? 0xf5 : 0xf4); }
  void null() { byte(0xf6); }
  // Tag 1 with an integer of epoch milliseconds: AWS's form, not the RFC's seconds.
  void timestamp(std::int64_t epochMilliseconds);

  const std::string& buffer() const { return buffer_; }
  std::string take() { return std::move(buffer_); }
  void reserve(std::size_t size) { buffer_.reserve(size); }

 private:
  void byte(unsigned value) { buffer_ += static_cast<char>(value); }
  void head(unsigned major, std::uint64_t value);

  std::string buffer_;
};

}  // namespace tidemill::codec
