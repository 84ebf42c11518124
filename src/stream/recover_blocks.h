// stream/recover_blocks.h: reads blocks from Kinesis again for whoever stands on a Context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block_store.h"
#include "consume/range_reader.h"
#include "rt/task.h"
#include "stream/context_world.h"
#include "tidemill/credentials.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"

namespace tidemill::stream {

struct RecoverOptions {
  // As in KinesisSource.
  std::string regionName;
  std::string endpointUrl;
  std::optional<AwsCredentials> credentials;

  // A deadline is that of one block.
  consume::RangeReadOptions read;
  // Whether what was read goes into the block store, at this level. What there is no room for is held.
  bool keepRebuilt = true;
  StorageLevel level = StorageLevel::MEMORY_AND_DISK;
};

// The ways to the records of these blocks, in their order, for as long as somebody holds them. Of a block's
// slices ranges are enough. Lives on the control lane; `world` outlives the task. Errors: kInvalidConfig,
// kNoCredentials, those of consume::RangeReader.
rt::Task<Result<std::vector<std::shared_ptr<const block::BlockSource>>>> recoverBlocks(
    ContextWorld& world, RecoverOptions options, std::vector<std::shared_ptr<const block::BlockInfo>> lost);

}  // namespace tidemill::stream
