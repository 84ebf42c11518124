// block/tiered_source.h: the way to a block that lies in memory, on disk or elsewhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "block/block_files.h"
#include "block/memory_blocks.h"

namespace tidemill::block {

// Tries the memory, then copy after copy in the order in which they were added. It owns what it looks into,
// so it works on while the store forgets the block; files may be gone then.
class TieredSource final : public BlockSource {
 public:
  // Hears of a copy whose bytes are not those of the block, on the thread that read it.
  using OnDamaged = std::function<void(std::size_t place, const std::string& where, const Error& what)>;
  // The place of the copy in memory.
  static constexpr std::size_t kMemory = static_cast<std::size_t>(-1);

  TieredSource(std::shared_ptr<const BlockInfo> info, MemoryCopy memory, OnDamaged onDamaged)
      : info_(std::move(info)), memory_(std::move(memory)), onDamaged_(std::move(onDamaged)) {}

  void add(std::size_t place, std::shared_ptr<const StoredCopy> copy) {
    copies_.emplace_back(place, std::move(copy));
  }
  bool empty() const { return !memory_ && copies_.empty(); }

  // kDamagedBlock: every copy is; kIo: one of them could not be read, and no other is good.
  Result<std::shared_ptr<const Block>> load() const override;

 private:
  using Copy = std::pair<std::size_t, std::shared_ptr<const StoredCopy>>;
  Result<std::shared_ptr<const Block>> checked(Result<std::shared_ptr<const Block>> block) const;

  const std::shared_ptr<const BlockInfo> info_;
  const MemoryCopy memory_;
  const OnDamaged onDamaged_;
  std::vector<Copy> copies_;
};

}  // namespace tidemill::block
