#include "block/compressed.h"

#include <lz4.h>
#include <zstd.h>

#include <cstring>
#include <new>

#include "base/check.h"

namespace tidemill::block {
namespace {

// Spark's default for zstd.
constexpr int kZstdLevel = 1;

}  // namespace

std::string compressed(std::string_view raw, BlockEncoding encoding) {
  std::string result;
  switch (encoding) {
    case BlockEncoding::kNone:
      result = raw;
      break;
    case BlockEncoding::kLz4: {
      result.resize(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw.size()))));
      const int size = LZ4_compress_default(raw.data(), result.data(), static_cast<int>(raw.size()),
                                            static_cast<int>(result.size()));
      TIDEMILL_CHECK(size > 0, "there is room for the worst case");
      result.resize(static_cast<std::size_t>(size));
      break;
    }
    case BlockEncoding::kZstd: {
      result.resize(ZSTD_compressBound(raw.size()));
      const std::size_t size =
          ZSTD_compress(result.data(), result.size(), raw.data(), raw.size(), kZstdLevel);
      if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // There is room: nothing else can fail.
      result.resize(size);
      break;
    }
  }
  return result;
}

bool canBecome(std::uint64_t rawBytes, std::string_view compressed, BlockEncoding encoding) {
  switch (encoding) {
    case BlockEncoding::kNone:
      return compressed.size() == rawBytes;
    case BlockEncoding::kLz4:  // A byte stands for at most 255.
      return rawBytes / 255 <= compressed.size();
    case BlockEncoding::kZstd:
      return ZSTD_getFrameContentSize(compressed.data(), compressed.size()) == rawBytes;
  }
  return false;
}

bool decompress(std::string_view compressed, BlockEncoding encoding, char* to, std::size_t size) {
  switch (encoding) {
    case BlockEncoding::kNone:
      if (compressed.size() != size) return false;
      if (size > 0) std::memcpy(to, compressed.data(), size);
      return true;
    case BlockEncoding::kLz4: {
      const int got = LZ4_decompress_safe(compressed.data(), to, static_cast<int>(compressed.size()),
                                          static_cast<int>(size));
      return got >= 0 && static_cast<std::size_t>(got) == size;
    }
    case BlockEncoding::kZstd: {
      const std::size_t got = ZSTD_decompress(to, size, compressed.data(), compressed.size());
      return ZSTD_isError(got) == 0 && got == size;
    }
  }
  return false;
}

}  // namespace tidemill::block
