// codec/cbor_value.h: a small CBOR item as a tree of values; for requests and errors, not for records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::codec {

// A value that owns what it holds. Integers and strings of any CBOR width, definite and indefinite
// containers, strings in chunks. Tag 1 makes a timestamp in AWS's epoch milliseconds; any other tag is
// dropped and its content kept.
//
//   auto request = parseCbor(body);
//   if (!request) return request.error();
//   const CborValue* stream = request->find("StreamName");
//   if (stream == nullptr || stream->text() == nullptr) …
class CborValue {
 public:
  struct Timestamp {
    std::int64_t milliseconds = 0;
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
  };
  struct Bytes {
    std::string content;
    friend bool operator==(const Bytes&, const Bytes&) = default;
  };
  using Array = std::vector<CborValue>;
  using Map = std::vector<std::pair<std::string, CborValue>>;  // In the order of the bytes.

  CborValue() = default;
  explicit CborValue(bool value) : value_(value) {}
  explicit CborValue(std::int64_t value) : value_(value) {}
  explicit CborValue(double value) : value_(value) {}
  explicit CborValue(std::string value) : value_(std::move(value)) {}
  explicit CborValue(Bytes value) : value_(std::move(value)) {}
  explicit CborValue(Timestamp value) : value_(value) {}
  explicit CborValue(Array value);
  explicit CborValue(Map value);

  // Each gives null (or nothing) if the value is of another kind.
  bool isNull() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const std::string* bytes() const;
  const Timestamp* timestamp() const { return std::get_if<Timestamp>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Map* map() const { return std::get_if<Map>(&value_); }

  // The member of that name; null if there is none, if it is null, or if this is no map.
  const CborValue* find(std::string_view name) const;

  // "a map", "a text", …: for messages.
  std::string_view kindName() const;

  bool operator==(const CborValue& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Timestamp, Array, Map> value_;
};

struct CborLimits {
  // Values in all, map keys not counted. Each costs some 80 bytes of memory, even if it is one byte of CBOR.
  std::size_t valuesMax = 100'000;
};

// Reads one item that fills `bytes`. kMalformedResponse with the byte offset if it is truncated, nested more
// than 32 deep, beyond the limits, has a key that is no text or that appears twice, or if anything follows.
Result<CborValue> parseCbor(std::string_view bytes, CborLimits limits = {});

}  // namespace tidemill::codec
