// stream/block_store_options.h: the block store that a configuration asks for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "block/tiered_block_store.h"
#include "rt/env.h"
#include "stream/far_store.h"
#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::stream {

struct BlockStoreOptions {
  struct Replica {
    std::string name;       // As configured, for events.
    std::string directory;  // Of this worker; a url, if it lies behind a network.
  };

  block::TieredOptions store;
  // Of this worker: workers may be given the same folders.
  std::string directory;
  std::vector<Replica> replicas;
  std::uint64_t segmentBytes = 64 << 20;
  // What the lock files say of this process.
  std::string holder;
};

// kInvalidConfig names the key and what is wrong with it.
Result<BlockStoreOptions> blockStoreOptionsOf(const Conf& conf);

// Nothing is opened yet: call open() of the store. Errors: those of `openFar`, which may be null if no
// replica lies behind a network.
Result<std::unique_ptr<block::TieredBlockStore>> makeBlockStore(const rt::Env& env,
                                                                const BlockStoreOptions& options,
                                                                const OpenFarStore& openFar);

// What compresses blocks and persisted partitions.
block::BlockEncoding blockEncodingOf(const Conf& conf);

// Below spark.local.dir, or in the state folder.
std::string scratchDirectoryOf(const Conf& conf, std::string_view name);

// A name as that of a file: letters, digits, '-', '_' and '.' stay, unless it comes first; all else is %XX.
std::string asFileName(std::string_view name);

}  // namespace tidemill::stream
