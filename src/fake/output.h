// fake/output.h: writes one answer as JSON or as CBOR, whichever the client speaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/cbor_writer.h"
#include "rt/time.h"

namespace tidemill::fake {

enum class Wire { kJson, kCbor };

// The value of the Content-Type header.
std::string_view contentType(Wire wire);

// The caller keeps containers balanced; commas are put here. Exactly as AWS: in CBOR containers of indefinite
// length, blobs as byte strings and times as tag 1 with integer milliseconds; in JSON base64 and decimal
// seconds.
//
//   Output out(Wire::kJson);
//   out.beginMap(); out.key("ShardId"); out.text("shardId-000000000000"); out.endMap();
class Output {
 public:
  explicit Output(Wire wire) : wire_(wire) {}

  Wire wire() const { return wire_; }

  void beginMap();
  void endMap();
  void beginList();
  void endList();
  void key(std::string_view name);
  void text(std::string_view value);
  void bytes(std::string_view value);
  void integer(std::int64_t value);
  void boolean(bool value);
  void null();
  void timestamp(rt::WallTime value);

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  // Without this overload a literal would become a bool.
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, std::int64_t value) { key(name), integer(value); }
  void member(std::string_view name, int value) { key(name), integer(value); }
  void member(std::string_view name, bool value) { key(name), boolean(value); }
  void member(std::string_view name, rt::WallTime value) { key(name), timestamp(value); }

  std::string take() { return wire_ == Wire::kCbor ? cbor_.take() : std::move(json_); }

 private:
  void separate();
  void quote(std::string_view value);

  const Wire wire_;
  codec::CborWriter cbor_;
  std::string json_;
  // True if the next JSON value or key follows another one.
  bool comma_ = false;
};

}  // namespace tidemill::fake
