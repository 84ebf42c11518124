// codec/digest.h: hashes, by OpenSSL.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tidemill::codec {

using Sha256 = std::array<unsigned char, 32>;
using Md5 = std::array<unsigned char, 16>;

Sha256 sha256(std::string_view bytes);
Sha256 hmacSha256(std::string_view key, std::string_view bytes);
// For hash keys of partition keys and for KPL checksums: the service's choice, not a protection.
Md5 md5(std::string_view bytes);

// Lower-case hexadecimal SHA-256.
std::string sha256Hex(std::string_view bytes);

}  // namespace tidemill::codec
