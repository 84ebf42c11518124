// block/block.h: sealed records with the sequence numbers that they cover.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "block/memory_budget.h"
#include "codec/records_page.h"
#include "tidemill/record.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::block {

// One page of one shard, shared by the blocks that were cut from it. The budget is charged once, for the
// whole body, and gets it back when the last block that looks into the page is gone.
struct ShardPage {
  std::string streamName;
  std::string shardId;
  // The fencing token of the lease under which it was read: records of an earlier tenure are not delivered.
  std::int64_t token = 0;
  codec::RecordsPage page;
  BudgetHold hold;
};

// Consecutive records of a page: [begin, end), never empty.
struct BlockSlice {
  std::shared_ptr<const ShardPage> page;
  std::size_t begin = 0;
  std::size_t end = 0;

  std::size_t size() const { return end - begin; }
  // The record at `index` (0 is `begin`), with its shard filled in.
  Record record(std::size_t index) const;
  // Its range with count, sub-sequence ends and content hash: reads every byte.
  SliceInfo info() const;
};

// Immutable once sealed; its pointer travels from the fetch lane over the control lane to a worker. The end
// of a shard travels in the same order as its records, so it cannot be acted on before they are processed.
class Block {
 public:
  // Reads every record, for the hashes. `owedTo` as BlockInfo::owedTo.
  Block(std::string id, std::vector<BlockSlice> slices, std::vector<ShardEnd> ends, std::string owedTo = {});
  // `info` is of exactly these slices.
  Block(std::shared_ptr<const BlockInfo> info, std::vector<BlockSlice> slices);

  const std::string& id() const { return info_->id; }
  const std::shared_ptr<const BlockInfo>& info() const { return info_; }
  const std::vector<BlockSlice>& slices() const { return slices_; }
  const std::vector<ShardEnd>& ends() const { return info_->ends; }
  std::int64_t recordCount() const { return recordCount_; }
  std::int64_t payloadBytes() const { return payloadBytes_; }
  SequenceNumberRanges ranges() const { return info_->ranges(); }

  // Calls `visit(const Record&)` for each record in arrival order.
  template <class Visit>
  void forEach(Visit&& visit) const {
    for (const BlockSlice& slice : slices_) {
      for (std::size_t i = 0; i < slice.size(); ++i) visit(slice.record(i));
    }
  }

 private:
  const std::shared_ptr<const BlockInfo> info_;
  const std::vector<BlockSlice> slices_;
  const std::int64_t recordCount_;
  const std::int64_t payloadBytes_;
};

// What `wanted` says yes to: `block` itself if that is all of it, null if it is nothing. The id stays the
// same.
std::shared_ptr<const Block> keepOnly(const std::shared_ptr<const Block>& block, const SliceFilter& wanted);

}  // namespace tidemill::block
