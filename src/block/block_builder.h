// block/block_builder.h: collects what arrives until it is sealed into a block.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "block/block.h"

namespace tidemill::block {

struct BlockBuilderOptions {
  // A block that has reached this many payload bytes asks to be sealed. Range: at least 1. A larger value
  // makes fewer, larger tasks.
  std::int64_t sealBytes = 16 << 20;
  // BlockInfo::owedTo of every block.
  std::string owedTo = {};
};

// Lives on the fetch lane. A page is atomic: all its records lie in the same block.
class BlockBuilder {
 public:
  // `idPrefix` names the input ("input-0"); ids count up from prefix-`firstNumber`.
  BlockBuilder(std::string idPrefix, BlockBuilderOptions options, std::uint64_t firstNumber = 1)
      : idPrefix_(std::move(idPrefix)), options_(std::move(options)), nextNumber_(firstNumber) {}

  void add(std::shared_ptr<const ShardPage> page);
  void addEnd(ShardEnd end) { ends_.push_back(std::move(end)); }

  bool empty() const { return slices_.empty() && ends_.empty(); }
  // True once the limit is reached: seal() now.
  bool full() const { return payloadBytes_ >= options_.sealBytes; }
  // Everything since the last call as a block; null if there was nothing.
  std::shared_ptr<const Block> seal();

 private:
  const std::string idPrefix_;
  const BlockBuilderOptions options_;
  std::uint64_t nextNumber_;
  std::vector<BlockSlice> slices_;
  std::vector<ShardEnd> ends_;
  std::int64_t payloadBytes_ = 0;
};

}  // namespace tidemill::block
