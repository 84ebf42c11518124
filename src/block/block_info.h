// block/block_info.h: what is known of a block without its records: ranges, hashes, leases, shard ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codec/records_page.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::block {

// Where reading a shard has ended, right behind the last record that was read.
struct ShardEnd {
  enum class Kind {
    kShardEnd,  // Nothing comes after it.
    kHandOver,  // Another worker reads on.
  };
  std::string shardId;
  std::vector<codec::ChildShard> children = {};
  std::int64_t token = 0;  // As ShardPage::token.
  Kind kind = Kind::kShardEnd;
};

// Consecutive records of one shard in a block.
struct SliceInfo {
  // With count, sub-sequence ends and content hash.
  SequenceNumberRange range;
  // The fencing token of the lease under which it was read.
  std::int64_t token = 0;
  // Data and partition keys.
  std::int64_t payloadBytes = 0;

  friend bool operator==(const SliceInfo&, const SliceInfo&) = default;
};

// A value that outlives the block's records: with it a lost block can be read again, and compared.
struct BlockInfo {
  std::string id;
  std::vector<SliceInfo> slices;
  std::vector<ShardEnd> ends;
  // The application whose lease checkpoints follow the store: they may have passed these records, so until
  // their batch has succeeded this block is all that remembers them. Empty: checkpoints wait for the batch.
  std::string owedTo = {};

  std::int64_t recordCount() const;
  std::int64_t payloadBytes() const;
  // One for each slice, in arrival order.
  SequenceNumberRanges ranges() const;
};

// Of its records, which are of one stream; empty if it holds only ends of shards.
std::string streamOf(const BlockInfo& block);

// Says yes to what may be delivered.
using SliceFilter = std::function<bool(const std::string& shardId, std::int64_t token)>;

// What `wanted` says yes to: `info` itself if that is all of it, null if it is nothing. The id stays.
std::shared_ptr<const BlockInfo> keepOnly(const std::shared_ptr<const BlockInfo>& info,
                                          const SliceFilter& wanted);

}  // namespace tidemill::block
