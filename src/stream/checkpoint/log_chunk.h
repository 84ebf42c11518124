// stream/checkpoint/log_chunk.h: one value of the block log: a group of entries that were committed together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/checkpoint/ledger_entry.h"
#include "tidemill/result.h"

namespace tidemill::stream {

struct LogChunk {
  // Of its writer.
  std::uint64_t epoch = 0;
  std::vector<LedgerEntry> entries;
};

// `entries` as appendEntry() has made them.
std::string encodeChunk(std::uint64_t epoch, std::uint64_t number, std::string entries);
// kCheckpointUnreadable.
Result<LogChunk> readChunk(std::uint64_t number, std::string_view bytes);

}  // namespace tidemill::stream
