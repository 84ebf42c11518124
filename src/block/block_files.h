// block/block_files.h: a place for blocks outside of this process's memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "block/block_codec.h"
#include "block/block_store.h"
#include "rt/task.h"

namespace tidemill::block {

// One copy of a block there, which may be released meanwhile. load() checks ranges and content hashes.
class StoredCopy : public BlockSource {
 public:
  virtual const std::shared_ptr<const BlockInfo>& info() const = 0;
  // What it takes there.
  virtual std::uint64_t bytes() const = 0;
  // For people: the file and where in it.
  virtual std::string where() const = 0;
  // True: it lies behind a network, where no task waits: load() fails, and the block is fetched before its
  // batch.
  virtual bool isFar() const { return false; }
  // Of a far copy, on the control lane: what load() is for others, with the same checks.
  virtual rt::Task<Result<std::shared_ptr<const Block>>> fetch() const { co_return load(); }
};
using StoredCopies = std::vector<std::shared_ptr<const StoredCopy>>;

// Blocking. One call at a time, from whatever thread; copies can be loaded meanwhile, and outlive this.
class BlockFiles {
 public:
  virtual ~BlockFiles() = default;

  // What an earlier process has left there. kConflict: another process has the place; kIo.
  virtual Result<StoredCopies> open() = 0;
  // Stores all or none: their copies in the same order, which survive a power cut. The ids differ. A place
  // that could not be opened is opened now, and what an earlier process has left there is released.
  // kDiskFull; kIo.
  virtual Result<StoredCopies> put(std::span<const std::shared_ptr<const Block>> blocks,
                                   BlockEncoding encoding) = 0;
  // Writes the block anew even if it claims to be there.
  virtual Result<std::shared_ptr<const StoredCopy>> replace(std::shared_ptr<const Block> block,
                                                            BlockEncoding encoding) = 0;
  // Unknown ids do nothing. After a failure room comes back later.
  virtual Result<void> release(std::span<const std::string> ids) = 0;
};

}  // namespace tidemill::block
