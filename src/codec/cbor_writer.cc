#include "codec/cbor_writer.h"

namespace tidemill::codec {
namespace {

constexpr unsigned kUnsignedMajor = 0;
constexpr unsigned kNegativeMajor = 1;
constexpr unsigned kBytesMajor = 2;
constexpr unsigned kTextMajor = 3;
constexpr unsigned kTagMajor = 6;
constexpr unsigned kEpochTimeTag = 1;

}  // namespace

// The shortest form that holds `value`: in the first byte, or in 1, 2, 4 or 8 bytes behind it.
void CborWriter::head(unsigned major, std::uint64_t value) {
  if (value < 24) {
    byte(major << 5 | static_cast<unsigned>(value));
    return;
  }
  unsigned widthLog2 = 0;
  while (widthLog2 < 3 && value >> (8u << widthLog2) != 0) ++widthLog2;
  byte(major << 5 | (24 + widthLog2));
  for (int shift = (8 << widthLog2) - 8; shift >= 0; shift -= 8) {
    byte(static_cast<unsigned>(value >> shift & 0xff));
  }
}

void CborWriter::text(std::string_view value) {
  head(kTextMajor, value.size());
  buffer_.append(value);
}

void CborWriter::bytes(std::string_view value) {
  head(kBytesMajor, value.size());
  buffer_.append(value);
}

void CborWriter::integer(std::int64_t value) {
  // CBOR writes a negative n as -1 - n, which is the complement of its bits.
  if (value < 0) {
    head(kNegativeMajor, ~static_cast<std::uint64_t>(value));
  } else {
    head(kUnsignedMajor, static_cast<std::uint64_t>(value));
  }
}

void CborWriter::timestamp(std::int64_t epochMilliseconds) {
  head(kTagMajor, kEpochTimeTag);
  integer(epochMilliseconds);
}

}  // namespace tidemill::codec
