// codec/base64.h: standard base64 with padding (RFC 4648 section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill::codec {

std::string encodeBase64(std::string_view bytes);
// The same, appended to `text`.
void appendBase64(std::string& text, std::string_view bytes);

// Upper bound of the decoded size of `size` characters.
constexpr std::size_t decodedBase64Max(std::size_t size) {
  return size / 4 * 3 + 3;
}

// Decodes into `out`, which has room for decodedBase64Max(text.size()) bytes. Returns the bytes written, or
// nothing if `text` is not canonical base64 with padding. Reads and writes only inside the two ranges.
std::optional<std::size_t> decodeBase64(std::string_view text, char* out);

}  // namespace tidemill::codec
