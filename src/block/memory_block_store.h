// block/memory_block_store.h: blocks in the memory of this process, and nowhere else.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "block/block_store.h"

namespace tidemill::block {

// A block that is held where its records lie already: loading it costs nothing and cannot fail.
class HeldBlock final : public BlockSource {
 public:
  explicit HeldBlock(std::shared_ptr<const Block> block) : block_(std::move(block)) {}
  Result<std::shared_ptr<const Block>> load() const override { return block_; }

 private:
  const std::shared_ptr<const Block> block_;
};

// Keeps what it is given, whatever the level; bounded by whoever fills it (a block holds its part of the
// MemoryBudget). Lives on the control lane.
class MemoryBlockStore final : public BlockStore {
 public:
  rt::Task<Result<Placement>> put(std::shared_ptr<const Block> block, StorageLevel level) override;
  std::shared_ptr<const BlockSource> find(const std::string& id) const override;
  void markLost(const std::string& id) override { blocks_.erase(id); }
  void release(const std::string& id) override { blocks_.erase(id); }

  std::size_t size() const { return blocks_.size(); }

 private:
  std::map<std::string, std::shared_ptr<const BlockSource>> blocks_;
};

}  // namespace tidemill::block
