// stream/block_ids.h: what the id of a block tells the process that finds it: input, number, and whether
// lease checkpoints have passed it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "tidemill/shard_watermarks.h"

namespace tidemill::stream {

struct BlockId {
  std::size_t input = 0;
  std::uint64_t number = 0;
  // Its lease checkpoints followed the store: nobody reads its records again.
  bool afterStored = false;
};

constexpr std::string_view kIdAfterProcessed = "input";
constexpr std::string_view kIdAfterStored = "stored";

// What a block::BlockBuilder puts in front of its numbers.
inline std::string blockIdPrefix(std::size_t input, CheckpointAfter after) {
  const std::string_view kind = after == CheckpointAfter::kStored ? kIdAfterStored : kIdAfterProcessed;
  return std::string(kind) + "-" + std::to_string(input);
}

// "input-0-1764201600123" or "stored-0-1764201600123"; nothing for any other.
inline std::optional<BlockId> parseBlockId(std::string_view id) {
  const auto parts = base::split(id, '-');
  if (parts.size() != 3 || (parts[0] != kIdAfterProcessed && parts[0] != kIdAfterStored)) return std::nullopt;
  const auto input = base::parseInteger(parts[1]);
  const auto number = base::parseInteger(parts[2]);
  if (!input || !number || *input < 0 || *number < 0) return std::nullopt;
  return BlockId{static_cast<std::size_t>(*input), static_cast<std::uint64_t>(*number),
                 parts[0] == kIdAfterStored};
}

}  // namespace tidemill::stream
