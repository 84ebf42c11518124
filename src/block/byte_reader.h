// block/byte_reader.h: numbers and texts in the bytes of a file, read with every bound checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tidemill::block {

// Reads on from piece to piece. The first piece that does not fit makes it fail, and then it gives zeros: ask
// failed() once at the end, but before anything is sized by what was read. Numbers are little-endian.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    Number value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view bytes(std::uint64_t count) {
    if (!has(count)) return {};
    const std::string_view piece = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += piece.size();
    return piece;
  }
  // A text with its length before it, as appendText() writes it.
  std::string text() { return std::string(bytes(number<std::uint32_t>())); }
  // A count of things of which each takes at least `bytesEach`: never more than there is room for.
  std::uint64_t count(std::uint64_t bytesEach) {
    const std::uint64_t value = number<std::uint32_t>();
    if (value > left() / bytesEach) failed_ = true;
    return failed_ ? 0 : value;
  }
  bool flag() {
    const auto value = number<std::uint8_t>();
    if (value > 1) failed_ = true;
    return value == 1;
  }

  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t at() const { return at_; }
  // Nothing failed and nothing is left.
  bool complete() const { return !failed_ && left() == 0; }

 private:
  bool has(std::uint64_t count) {
    if (count > left()) failed_ = true;
    return !failed_;
  }

  const std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

template <class Number>
void appendNumber(Number value, std::string& to) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void appendText(std::string_view text, std::string& to) {
  appendNumber(static_cast<std::uint32_t>(text.size()), to);
  to.append(text);
}

}  // namespace tidemill::block
