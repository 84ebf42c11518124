// block/block_store.h: where sealed blocks lie until they are released.
#pragma once

#include <memory>
#include <string>

#include "block/block.h"
#include "rt/task.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"

namespace tidemill::block {

// Where a block lies.
struct Placement {
  bool memory = false;
  bool disk = false;
  // Copies in all; the one of this process, in memory or on its disk, counts as one.
  int copies = 0;

  // False: less was achieved than `level` asks for. A level with memory and disk is reached by either.
  bool reaches(StorageLevel level) const;
  // "memory+disk, 2 copies": for events.
  std::string text() const;

  friend bool operator==(const Placement&, const Placement&) = default;
};

// The way to the records of one stored block, which may be released meanwhile.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Blocking, callable from any thread: a task reads and checks what lies on disk by itself. kDamagedBlock:
  // every copy is damaged; kIo.
  virtual Result<std::shared_ptr<const Block>> load() const = 0;
};

// Lives on the control lane. A block is immutable, and found by its id until release().
class BlockStore {
 public:
  virtual ~BlockStore() = default;

  // Keeps the block. When this returns, it lies where the placement says: what is on disk survives a power
  // cut. Fewer replicas than asked for are no failure: compare with Placement::reaches(). Putting a known id
  // again does nothing. kDiskFull: there is no room now, try again; kIo.
  virtual rt::Task<Result<Placement>> put(std::shared_ptr<const Block> block, StorageLevel level) = 0;

  // The way to the block, wherever it lies. Null: it is nowhere, or only where fetch() gets it from.
  virtual std::shared_ptr<const BlockSource> find(const std::string& id) const = 0;

  // The block from a place behind a network, checked. kNotFound: it lies in none; kDamagedBlock; else the
  // errors of a place, which may pass. What is damaged is not looked for there again.
  virtual rt::Task<Result<std::shared_ptr<const Block>>> fetch(std::string id) {
    co_return fail(Code::kNotFound, "block " + id + " lies in no place behind a network", "");
  }

  // No copy of the block can be read, so that find() gives null until it is put again; fetch() may have it
  // still.
  virtual void markLost(const std::string& id) = 0;

  // Forgets the block; room comes back soon. An unknown id does nothing.
  virtual void release(const std::string& id) = 0;
};

}  // namespace tidemill::block
