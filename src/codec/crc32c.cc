#include "codec/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tidemill::codec {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

// The polynomial with its bits in reverse, as the algorithm takes the low bit first.
constexpr std::uint32_t kCastagnoli = 0x82f63b78u;
using Table = std::array<std::uint32_t, 256>;

// tables[k][b]: what byte b does to the remainder when k more zero bytes follow it.
constexpr std::array<Table, 8> makeTables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ ((remainder & 1u) != 0 ? kCastagnoli : 0u);
    tables[0][byte] = remainder;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >> 8) ^ tables[0][shorter & 0xffu];
    }
  }
  return tables;
}

constexpr std::array<Table, 8> kTables = makeTables();

std::uint64_t wordAt(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

#if defined(__x86_64__)

// The instruction takes three cycles and can begin anew in each, so three stretches of this many bytes are
// run side by side; then their remainders are joined.
constexpr std::size_t kStretch = 1024;

// shift[k][b]: what byte k of a remainder becomes when kStretch zero bytes follow.
constexpr std::array<Table, 4> makeShift() {
  // Of each single bit first: a shift is linear.
  std::array<std::uint32_t, 32> bits{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t remainder = 1u << bit;
    for (std::size_t i = 0; i < kStretch; ++i) remainder = (remainder >> 8) ^ kTables[0][remainder & 0xffu];
    bits[bit] = remainder;
  }
  std::array<Table, 4> shift{};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      for (std::size_t bit = 0; bit < 8; ++bit)
        if ((byte >> bit & 1u) != 0) shift[k][byte] ^= bits[8 * k + bit];
    }
  }
  return shift;
}

constexpr std::array<Table, 4> kShift = makeShift();

std::uint32_t overStretch(std::uint64_t remainder) {
  return kShift[0][remainder & 0xffu] ^ kShift[1][remainder >> 8 & 0xffu] ^
         kShift[2][remainder >> 16 & 0xffu] ^ kShift[3][remainder >> 24 & 0xffu];
}

#endif

}  // namespace

std::uint32_t crc32cByTables(std::string_view bytes, std::uint32_t before) {
  std::uint32_t remainder = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = wordAt(at) ^ remainder;
    remainder = 0;
    for (std::size_t k = 0; k < 8; ++k) remainder ^= kTables[7 - k][word >> (8 * k) & 0xffu];
  }
  for (; left > 0; --left, ++at)
    remainder = (remainder >> 8) ^ kTables[0][(remainder ^ static_cast<unsigned char>(*at)) & 0xffu];
  return ~remainder;
}

#if defined(__x86_64__)

bool hasCrc32cInstruction() {
  return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) std::uint32_t crc32cByInstruction(std::string_view bytes,
                                                                    std::uint32_t before) {
  std::uint64_t remainder = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kStretch; left -= 3 * kStretch, at += 3 * kStretch) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kStretch; i += 8) {
      remainder = _mm_crc32_u64(remainder, wordAt(at + i));
      second = _mm_crc32_u64(second, wordAt(at + kStretch + i));
      third = _mm_crc32_u64(third, wordAt(at + 2 * kStretch + i));
    }
    remainder = overStretch(overStretch(remainder) ^ second) ^ third;
  }
  for (; left >= 8; left -= 8, at += 8) remainder = _mm_crc32_u64(remainder, wordAt(at));
  auto narrow = static_cast<std::uint32_t>(remainder);
  for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}

#else

bool hasCrc32cInstruction() {
  return false;
}

std::uint32_t crc32cByInstruction(std::string_view bytes, std::uint32_t before) {
  return crc32cByTables(bytes, before);
}

#endif

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static const bool instruction = hasCrc32cInstruction();
  return instruction ? crc32cByInstruction(bytes, before) : crc32cByTables(bytes, before);
}

}  // namespace tidemill::codec
