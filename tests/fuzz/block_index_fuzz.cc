// Feeds arbitrary bytes to the reader of a block index: the file, and the content of its frames.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "block/block_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::block;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const IndexContent content = readIndex(bytes);
  for (const auto& [id, entry] : content.entries) {
    TIDEMILL_CHECK(entry.info != nullptr && entry.info->id == id);
    TIDEMILL_CHECK(content.released.count(id) == 0);
  }
  // Frames have checksums, which a fuzzer does not find: what is in them is read by itself too.
  const auto entry = readIndexEntry(bytes);
  if (entry) TIDEMILL_CHECK(encodeIndexEntry(*entry) == bytes);
  const auto released = readRelease(bytes);
  if (released) TIDEMILL_CHECK(encodeRelease(*released) == bytes);
  return 0;
}
