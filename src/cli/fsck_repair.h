// cli/fsck_repair.h: stored blocks that are damaged or lost are read again from Kinesis.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "block/block_fsck.h"
#include "block/disk_blocks.h"
#include "consume/range_reader.h"
#include "rt/task.h"

namespace tidemill::cli {

struct RepairReport {
  std::size_t rebuilt = 0;
  // One for each block, or place of which nobody knows what block it was, that stays as it is. kDataLoss:
  // records of it are gone (the first loss of the block), or their numbers are not known. Else its stream
  // could not be read.
  std::vector<Error> notRebuilt;

  // Of everything that was not rebuilt; kDataLoss before anything else. Nothing if all was.
  std::optional<Error> failure() const;
};

// What no repair can mend: damage of which nobody knows what block it was.
std::vector<Error> unknownDamage(const block::FsckReport& found);

// Reads `blocks` again, portion by portion and stream by stream, and puts each that is whole in its place in
// `store`. A block of which records are gone, or whose stream cannot be read, is left alone, so nothing is
// removed that cannot be read again; so is one that the store does not have any more. `reader` records
// losses. Errors: those of the disk; what was rebuilt before stays so. References must stay valid until the
// task ends.
rt::Task<Result<RepairReport>> rebuildBlocks(consume::RangeReader& reader, block::DiskBlocks& store,
                                             std::vector<std::shared_ptr<const block::BlockInfo>> blocks);

}  // namespace tidemill::cli
