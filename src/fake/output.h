// fake/output.h: writes one answer as JSON or as CBOR, whichever the client speaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/cbor_writer.h"
#include "codec/json_writer.h"
#include "rt/time.h"

namespace tidemill::fake {

enum class Wire { kJson, kCbor };

// The value of the Content-Type header.
std::string_view contentType(Wire wire);

// The caller keeps containers balanced. Exactly as AWS: in CBOR containers of indefinite
// length, blobs as byte strings and times as tag 1 with integer milliseconds; in JSON base64 and decimal
// seconds.
//
//   Output out(Wire::kJson);
//   out.beginMap(); out.key("ShardId"); out.text("shardId-000000000000"); out.endMap();
class Output {
 public:
  explicit Output(Wire wire) : wire_(wire) {}

  Wire wire() const { return wire_; }

  void reserve(std::size_t size);
  void beginMap() { isCbor() ? cbor_.beginMap() : json_.beginObject(); }
  void endMap() { isCbor() ? cbor_.end() : json_.endObject(); }
  void beginList() { isCbor() ? cbor_.beginArray() : json_.beginArray(); }
  void endList() { isCbor() ? cbor_.end() : json_.endArray(); }
  void key(std::string_view name) { isCbor() ? cbor_.text(name) : json_.key(name); }
  void text(std::string_view value) { isCbor() ? cbor_.text(value) : json_.text(value); }
  void bytes(std::string_view value) { isCbor() ? cbor_.bytes(value) : json_.blob(value); }
  void integer(std::int64_t value) { isCbor() ? cbor_.integer(value) : json_.integer(value); }
  void boolean(bool value) { isCbor() ? cbor_.boolean(value) : json_.boolean(value); }
  void null() { isCbor() ? cbor_.null() : json_.null(); }
  void timestamp(rt::WallTime value);

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  // Without this overload a literal would become a bool.
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, std::int64_t value) { key(name), integer(value); }
  void member(std::string_view name, int value) { key(name), integer(value); }
  void member(std::string_view name, bool value) { key(name), boolean(value); }
  void member(std::string_view name, rt::WallTime value) { key(name), timestamp(value); }

  std::string take() { return isCbor() ? cbor_.take() : json_.take(); }

 private:
  bool isCbor() const { return wire_ == Wire::kCbor; }

  const Wire wire_;
  // Only the one of `wire_` is used.
  codec::CborWriter cbor_;
  codec::JsonWriter json_;
};

}  // namespace tidemill::fake
