// tidemill/content_hash.h: tells whether records that were read again are those that were lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill {

// XXH3-128 over everything that a record consists of, record by record: two equal hashes mean the same
// records in the same order. Not a protection against forgery.
struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // 32 hexadecimal digits in lower case, the high half first.
  std::string text() const {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string digits(32, '0');
    for (int i = 0; i < 16; ++i) {
      digits[static_cast<std::size_t>(15 - i)] = kDigits[(high >> (4 * i)) & 15];
      digits[static_cast<std::size_t>(31 - i)] = kDigits[(low >> (4 * i)) & 15];
    }
    return digits;
  }

  // The inverse of text(); nothing if `digits` is anything else.
  static std::optional<ContentHash> parse(std::string_view digits) {
    if (digits.size() != 32) return std::nullopt;
    ContentHash hash;
    for (std::size_t i = 0; i < 32; ++i) {
      const char digit = digits[i];
      std::uint64_t value = 0;
      if (digit >= '0' && digit <= '9') {
        value = static_cast<std::uint64_t>(digit - '0');
      } else if (digit >= 'a' && digit <= 'f') {
        value = static_cast<std::uint64_t>(digit - 'a') + 10;
      } else {
        return std::nullopt;
      }
      std::uint64_t& half = i < 16 ? hash.high : hash.low;
      half = half << 4 | value;
    }
    return hash;
  }

  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

}  // namespace tidemill
