// block/copied_block.h: a block made of records that lie anywhere.
#pragma once

#include <span>
#include <string>

#include "block/block.h"
#include "tidemill/record.h"

namespace tidemill::block {

// A page of these records, all of one shard, in one piece of memory as large as they are.
std::shared_ptr<const ShardPage> copiedPage(std::string streamName, std::string shardId, std::int64_t token,
                                            std::span<const Record> records);

// Copies everything that the records look at. Consecutive records of one shard become one slice, with lease
// token 0. Null if there is no record.
std::shared_ptr<const Block> copiedBlock(std::string id, const std::string& streamName,
                                         std::span<const Record> records);

}  // namespace tidemill::block
