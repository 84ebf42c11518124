// block/compressed.h: bytes made smaller, for files and for compressed levels in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemill::block {

// The numbers lie in files: never change one.
enum class BlockEncoding : std::uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

// `raw` has less than 2 GiB.
std::string compressed(std::string_view raw, BlockEncoding encoding);

// Whether so few bytes can become as many: memory is taken only then.
bool canBecome(std::uint64_t rawBytes, std::string_view compressed, BlockEncoding encoding);
// The inverse of compressed(), into `size` bytes at `to`. False: the bytes are none that compressed() gives
// for as many.
bool decompress(std::string_view compressed, BlockEncoding encoding, char* to, std::size_t size);

}  // namespace tidemill::block
