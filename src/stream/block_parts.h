// stream/block_parts.h: blocks that come in parts, since the leases of their shards came at different times.
#pragma once

#include <memory>

#include "block/block_info.h"

namespace tidemill::stream {

// One block with the slices, and the ends of shards, of two parts of it.
inline std::shared_ptr<const block::BlockInfo> joinParts(const block::BlockInfo& one,
                                                         const block::BlockInfo& other) {
  auto both = std::make_shared<block::BlockInfo>(one);
  both->slices.insert(both->slices.end(), other.slices.begin(), other.slices.end());
  both->ends.insert(both->ends.end(), other.ends.begin(), other.ends.end());
  return both;
}

}  // namespace tidemill::stream
