// stream/opened_blocks.h: opens the block store of a context, and says what an earlier process has left in
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "block/block_info.h"
#include "block/tiered_block_store.h"
#include "rt/env.h"
#include "rt/task.h"
#include "stream/batch.h"
#include "stream/batch_ledger.h"
#include "stream/far_store.h"
#include "stream/graph.h"
#include "stream/stored_blocks.h"
#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::stream {

struct OpenedBlocks {
  std::unique_ptr<StoredBlocks> blocks;
  // The same store, as long as it is open.
  block::TieredBlockStore* store = nullptr;
  // For each input, in the order in which they were sealed: blocks that an earlier process has stored for it
  // and not processed, and that lease checkpoints may have passed (BlockInfo::owedTo). Others are stale,
  // since their records are read again, and are released. Those that no input reads are told, and stay.
  std::vector<BlockInfoList> left;
  // Larger than the number of any block that was found.
  std::uint64_t firstBlock = 0;
};

// Folders are made only if the level of an input asks for them; one that is there is opened whatever the
// levels are now. Errors: those of blockStoreOptionsOf(), of `openFar` and of the store.
// `fateOf`: what a checkpoint directory says of a block; null: there is none. What is needed stays and is not
// among those left, what is done is released.
rt::Task<Result<OpenedBlocks>> openBlocks(const rt::Env& env, const Conf& conf, const Graph& graph,
                                          std::function<BlockFate(const std::string& id)> fateOf,
                                          OpenFarStore openFar);

}  // namespace tidemill::stream
