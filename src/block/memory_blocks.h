// block/memory_blocks.h: the blocks that a process keeps in memory, oldest first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "block/block.h"
#include "codec/body.h"

namespace tidemill::block {

// A block in memory: as it is, or packed (block_codec.h). One of both is set.
struct MemoryCopy {
  std::shared_ptr<const BlockInfo> info;
  std::shared_ptr<const Block> plain = nullptr;
  std::shared_ptr<const codec::Body> packed = nullptr;

  explicit operator bool() const { return info != nullptr; }
  // Unpacks it and compares its hashes if need be: takes time, so it is for workers. kDamagedBlock.
  Result<std::shared_ptr<const Block>> open() const;
};

// Counts what blocks really hold: bodies that several of them share count once. A value, lives on one lane.
class MemoryBlocks {
 public:
  static constexpr std::int64_t kSpillBytes = 8 << 20;

  explicit MemoryBlocks(std::int64_t budgetBytes) : budget_(budgetBytes) {}

  // What adding it would take.
  std::int64_t bytesFor(const MemoryCopy& copy) const;
  bool fits(const MemoryCopy& copy) const { return bytes_ + bytesFor(copy) <= budget_; }
  // It must fit, and its id must be new. `maySpill`: it may be moved to the disk to make room.
  void add(MemoryCopy copy, bool maySpill);
  // No effect if there is none.
  void remove(const std::string& id);
  // Empty if there is none.
  MemoryCopy find(const std::string& id) const;
  // The oldest that may spill, enough to make room for `copy` if they share nothing with those that stay, and
  // kSpillBytes or an eighth of the budget if that is less: one sync serves them all. Empty: no spilling can.
  std::vector<MemoryCopy> toSpill(const MemoryCopy& copy) const;

  std::int64_t bytes() const { return bytes_; }
  // The most at once.
  std::int64_t bytesMost() const { return bytesMost_; }
  std::int64_t budget() const { return budget_; }
  std::size_t size() const { return blocks_.size(); }

 private:
  // A piece of memory that a block keeps alive; only its address is looked at.
  struct Part {
    const void* address = nullptr;
    std::int64_t bytes = 0;
  };
  struct Kept {
    MemoryCopy copy;
    bool maySpill = false;
    std::uint64_t number = 0;  // In which order they came.
  };
  static std::vector<Part> partsOf(const MemoryCopy& copy);

  const std::int64_t budget_;
  std::int64_t bytes_ = 0;
  std::int64_t bytesMost_ = 0;
  std::uint64_t added_ = 0;
  std::map<std::string, Kept> blocks_;
  std::map<std::uint64_t, std::string> byAge_;
  // How many blocks hold a part. Never iterated, so no run depends on addresses.
  std::map<const void*, int> holders_;  // allow(check_determinism): only looked up
};

}  // namespace tidemill::block
