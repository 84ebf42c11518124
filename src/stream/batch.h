// stream/batch.h: the blocks that one batch consists of.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "block/block.h"
#include "tidemill/time.h"

namespace tidemill::stream {

using BlockList = std::vector<std::shared_ptr<const block::Block>>;

struct Batch {
  Time time{};
  // By input id; each in the order in which the blocks were sealed.
  std::vector<BlockList> inputs;

  std::int64_t records() const {
    std::int64_t total = 0;
    for (const BlockList& blocks : inputs) {
      for (const auto& block : blocks) total += block->recordCount();
    }
    return total;
  }
};

}  // namespace tidemill::stream
