// codec/utf8.h: what is a character in UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidemill::codec {

// The size in bytes (1 to 4) of the character that `text` begins with, or 0 if it begins with none: a stray
// or missing continuation byte, an overlong form, a surrogate, or more than U+10FFFF. 0 for an empty text.
std::size_t utf8SequenceSize(std::string_view text);

bool isUtf8(std::string_view text);

}  // namespace tidemill::codec
