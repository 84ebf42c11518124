// codec/base64_simd.h: the two ways that base64 is decoded; inside codec only, for base64.cc and its test.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tidemill::codec {

// By tables, on every processor. The contract is that of decodeBase64().
std::optional<std::size_t> decodeBase64Scalar(std::string_view text, char* out);

// Whether decodeBase64Blocks() may be called on this processor.
bool hasFastBase64();

// Decodes whole blocks of 32 characters by AVX2 and returns how many characters it took, a multiple of 32. It
// stops before a block with a character outside the alphabet and leaves at least the last 16 characters,
// padding among them, to the scalar decoder. Writes only inside decodedBase64Max(text.size()) bytes.
std::size_t decodeBase64Blocks(std::string_view text, char* out);

}  // namespace tidemill::codec
