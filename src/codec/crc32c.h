// codec/crc32c.h: the checksum of frames in files.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemill::codec {

// CRC-32C (Castagnoli, RFC 3720): crc32c("123456789") is 0xe3069283. By the processor's own instruction where
// it has one (x86-64 with SSE 4.2), else by tables.
//
// Pieces: crc32c(b, crc32c(a)) is that of a and b together.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The two ways, for tests.
bool hasCrc32cInstruction();
std::uint32_t crc32cByInstruction(std::string_view bytes, std::uint32_t before);
std::uint32_t crc32cByTables(std::string_view bytes, std::uint32_t before);

}  // namespace tidemill::codec
