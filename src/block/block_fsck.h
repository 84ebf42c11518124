// block/block_fsck.h: a full check of a store of blocks, byte by byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "rt/file_system.h"

namespace tidemill::block {

// One thing that is not as it should be.
struct FsckFinding {
  enum class Kind {
    kDamaged,  // A block, or a part of the index, is not what was written.
    kTorn,     // A file ends inside a frame: what a crash leaves.
    kLost,     // A block that the index knows lay in a tail that is gone.
  };
  Kind kind = Kind::kDamaged;
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string what;
  // What is known of the block; null if nothing is.
  std::shared_ptr<const BlockInfo> block;
  // kDamaged and kLost: it can be made again: a block from Kinesis by its ranges (one that holds no records
  // from what is known of it), an index from the segments.
  bool rebuildable = false;

  // "damaged: input-0-7 in FILE at byte 1234: why; SequenceNumberRanges(…)"
  std::string text() const;
};
std::string_view findingName(FsckFinding::Kind kind);

struct FsckReport {
  // Stored and whole.
  std::size_t blocks = 0;
  std::size_t damaged = 0;
  // Of the damaged.
  std::size_t rebuildable = 0;
  // Files.
  std::size_t torn = 0;
  // Blocks; not counted as damaged.
  std::size_t lost = 0;
  // Whole blocks that the index does not know: released, or never stored.
  std::size_t unindexed = 0;
  std::vector<FsckFinding> findings;

  // What must be read from Kinesis again: damaged and lost blocks whose ranges are known.
  std::vector<std::shared_ptr<const BlockInfo>> toRebuild() const;
};

struct FsckOptions {
  // Cuts torn tails of segments off, unless a stored block lay there. Damaged and lost blocks stay as they
  // are: read them again, and DiskBlocks::replace() them. An index is mended by DiskBlocks::open().
  bool repair = false;
  // What the lock file says meanwhile.
  std::string holder = "tidemill fsck";
};

// Reads every byte of the store in `directory`. Blocking. Writes nothing but the lock, unless it repairs; a
// store on a disk that cannot be written is checked without the lock. kConflict: a process is using it.
// kUsage: this is no block store; the hint names those that lie in it.
Result<FsckReport> checkStore(rt::FileSystem& files, const std::string& directory,
                              const FsckOptions& options = {});

}  // namespace tidemill::block
