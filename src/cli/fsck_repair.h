// cli/fsck_repair.h: stored blocks that are damaged or lost are read again from Kinesis.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "block/disk_blocks.h"
#include "consume/range_reader.h"
#include "rt/task.h"

namespace tidemill::cli {

struct RepairReport {
  std::size_t rebuilt = 0;
  // One for each block that stays as it is, because records of it are gone: the first loss of the block.
  std::vector<Error> notRebuilt;
};

// Reads `blocks` again, portion by portion, and puts each that is whole in its place in `store`. A block of
// which records are gone is left alone, so nothing is removed that cannot be read again. `reader` records
// losses. Errors: those of Kinesis and of the disk; what was rebuilt before stays so. References must stay
// valid until the task ends.
rt::Task<Result<RepairReport>> rebuildBlocks(consume::RangeReader& reader, block::DiskBlocks& store,
                                             std::vector<std::shared_ptr<const block::BlockInfo>> blocks);

}  // namespace tidemill::cli
