// stream/batch.h: the blocks that one batch consists of.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "stream/batch_timing.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// What is known of blocks; their records lie in the block store, or are read again from Kinesis.
using BlockInfoList = std::vector<std::shared_ptr<const block::BlockInfo>>;

struct Batch {
  Time time{};
  // By input id; each in the order in which the blocks were sealed.
  std::vector<BlockInfoList> inputs;
  BatchTiming timing = {};
  // Times under which a checkpoint directory knows it; empty: its own.
  std::vector<Time> logged = {};
  // By the uid of the stream of files that reads them: paths.
  std::map<std::string, std::vector<std::string>> files = {};

  std::int64_t records() const {
    std::int64_t total = 0;
    for (const BlockInfoList& blocks : inputs) {
      for (const auto& block : blocks) total += block->recordCount();
    }
    return total;
  }
  std::vector<std::string> blockIds() const {
    std::vector<std::string> ids;
    for (const BlockInfoList& blocks : inputs) {
      for (const auto& block : blocks) ids.push_back(block->id);
    }
    return ids;
  }
};

}  // namespace tidemill::stream
