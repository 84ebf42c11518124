#include "codec/hash_key.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace tidemill::codec {

std::optional<HashKey> decimalHashKey(std::string_view text) {
  if (text.empty()) return std::nullopt;
  HashKey key = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (__builtin_mul_overflow(key, HashKey{10}, &key) || __builtin_add_overflow(key, HashKey{digit}, &key))
      return std::nullopt;
  }
  return key;
}

HashKey hashKeyOf(const Md5& ofPartitionKey) {
  static_assert(std::endian::native == std::endian::little);
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), ofPartitionKey.data(), sizeof halves);
  return HashKey{__builtin_bswap64(halves[0])} << 64 | __builtin_bswap64(halves[1]);
}

std::optional<HashRange> hashRangeOf(std::string_view first, std::string_view last) {
  const auto from = decimalHashKey(first);
  const auto to = decimalHashKey(last);
  if (!from || !to) return std::nullopt;
  return HashRange{*from, *to};
}

}  // namespace tidemill::codec
