#include "codec/crc32.h"

#include <array>
#include <cstddef>

namespace tidemill::codec {
namespace {

// The polynomial with its bits in reverse, as the algorithm takes the low bit first.
constexpr std::uint32_t kIeee = 0xedb88320u;

constexpr std::array<std::uint32_t, 256> makeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1u) != 0 ? kIeee : 0u);
    }
    table[byte] = remainder;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = makeTable();

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t remainder = 0xffffffffu;
  for (const char byte : bytes) {
    const std::uint32_t index = (remainder ^ static_cast<unsigned char>(byte)) & 0xffu;
    remainder = (remainder >> 8) ^ kTable[index];
  }
  return remainder ^ 0xffffffffu;
}

}  // namespace tidemill::codec
