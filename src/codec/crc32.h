// codec/crc32.h: the checksum that DynamoDB sends with its answers.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemill::codec {

// CRC-32 of IEEE 802.3, as zip and zlib have it: crc32("123456789") is 0xcbf43926.
std::uint32_t crc32(std::string_view bytes);

}  // namespace tidemill::codec
