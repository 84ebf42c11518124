// bench/disk/made_blocks.h: the blocks that are written, and their payload for those who write without us.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "block/block.h"

namespace tidemill::bench {

struct MadeBlocks {
  std::vector<std::shared_ptr<const block::Block>> blocks;
  // The data of each, `blockBytes` long, one behind the other.
  std::string payload;
  std::size_t blockBytes = 0;

  std::string_view payloadOf(std::size_t i) const {
    return std::string_view(payload).substr(i * blockBytes, blockBytes);
  }
};

// Blocks of about `blockBytes` of records of 1 kB, as many as fit into `bytes`, sealed and hashed. A record
// is text of words that repeat: lz4 makes it about half as large.
MadeBlocks makeBlocks(std::size_t blockBytes, std::size_t bytes);

}  // namespace tidemill::bench
