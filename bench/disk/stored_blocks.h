// bench/disk/stored_blocks.h: blocks through the block store, as a stream puts them there.
#pragma once

#include <cstdint>
#include <string>

#include "block/block_codec.h"
#include "http/production_env.h"
#include "made_blocks.h"
#include "tidemill/storage_level.h"

namespace tidemill::bench {

struct StoreCase {
  StorageLevel level = StorageLevel::DISK_ONLY;
  block::BlockEncoding encoding = block::BlockEncoding::kNone;
  // Of what is put, this part fits the memory; the rest moves to the disk.
  double memoryPart = 0;
  // Blocks that are on their way into the store at once. Streams have up to 8.
  int underWay = 8;
};

struct Stored {
  // Until every block is where its level wants it.
  double seconds = 0;
  // Of this process, all threads.
  double cpuSeconds = 0;
  // Payload of the blocks that lie on the disk of the store, and what they and those of replicas take.
  std::int64_t payloadBytes = 0;
  std::int64_t fileBytes = 0;
};

// Into new folders below `folder`, with a replica in another one if the level has one; opening them is not
// measured.
Stored storeBlocks(http::ProductionEnv& production, const std::string& folder, const StoreCase& what,
                   const MadeBlocks& made);

}  // namespace tidemill::bench
