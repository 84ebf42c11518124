// Feeds arbitrary bytes to the readers of a checkpoint directory: values, and the content of their frames.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "stream/checkpoint/ledger_names.h"
#include "stream/checkpoint/log_chunk.h"
#include "stream/checkpoint/metadata_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::stream;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(readChunk(1, bytes));
  // Frames have checksums, which a fuzzer does not find: what is in them is read by itself too.
  const auto entries = readEntries(bytes);
  if (entries) {
    std::string again;
    LedgerState state;
    for (const LedgerEntry& entry : *entries) {
      appendEntry(entry, again);
      state.apply(entry);
    }
    TIDEMILL_CHECK(again == bytes);
    const std::string metadata = MetadataCodec::encode({{}, state});
    const auto read = MetadataCodec::read(metadata);
    TIDEMILL_CHECK(read && MetadataCodec::encode(*read) == metadata);
  }
  const auto metadata = MetadataCodec::read(bytes);
  if (metadata) TIDEMILL_CHECK(MetadataCodec::encode(*metadata) == bytes);
  const auto name = parseStateName(bytes);
  if (name) TIDEMILL_CHECK(stateName(*name) == "state/" + std::string(bytes));
  return 0;
}
