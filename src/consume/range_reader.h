// consume/range_reader.h: reads records that were lost from Kinesis again, by their sequence-number ranges.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block.h"
#include "consume/shard_range_reader.h"

namespace tidemill::consume {

// One range as it was read again.
struct ReadRange {
  // What was found: ends, count and hash. A count of 0: no record is left, and the ends are those asked for.
  SequenceNumberRange range;
  // Its records in order, in memory of their own. Null: none is left, or records are not kept.
  std::shared_ptr<const block::ShardPage> page;
  // kDataLoss: it is not what it was. Only where losses are recorded.
  std::optional<Error> loss;
};

// One block as it was rebuilt.
struct RebuiltBlock {
  // The id, slices, tokens and ends of the block that was lost, and its records. Where records are gone: what
  // is left, with the id, tokens and ends. Never null.
  std::shared_ptr<const block::Block> block;
  // kDataLoss, one for each range that is not what it was. Only where losses are recorded.
  std::vector<Error> losses;
};

// Reads shards side by side and the ranges of a shard in order, at the pace that each shard has left. Several
// reads may run at the same time. Lives on a fetch lane and must outlive its tasks.
//
// Memory: the records that are asked for, and a few answers of up to 10 MiB, see RangeReadOptions.
// It takes nothing from the budget of live reading: blocks that wait to be processed could hold all of it,
// and wait for the block that is to be rebuilt.
//
//   RangeReader reader({loop, api, paces, random, log, faults}, {.streamName = "orders"});
//   for (auto& portion : RangeReader::portionsOf(lost, 32 << 20)) {
//     auto blocks = co_await reader.rebuild(std::move(portion));
//     …
//   }
class RangeReader {
 public:
  RangeReader(RangeReadContext context, RangeReadOptions options)
      : context_(std::move(context)), options_(std::move(options)) {}
  RangeReader(const RangeReader&) = delete;
  RangeReader& operator=(const RangeReader&) = delete;

  // One answer for each range, in the order given. List first what is needed first. kUsage: see planRanges().
  // kDataLoss, naming the range: records are gone and losses are not just recorded. Else what Kinesis
  // refused, or the last failure of a call that was tried often enough.
  rt::Task<Result<std::vector<ReadRange>>> read(std::vector<SequenceNumberRange> ranges);

  // One answer for each block, in the order given. Errors as read(); a block without slices is rebuilt as it
  // is.
  rt::Task<Result<std::vector<RebuiltBlock>>> rebuild(
      std::vector<std::shared_ptr<const block::BlockInfo>> blocks);

  // `blocks` in their order, in portions of at least one block and at most `bytesMax` of payload, so that no
  // more than a portion is in memory at once. A block whose size nobody knows counts as 1 MiB. Pure.
  static std::vector<std::vector<std::shared_ptr<const block::BlockInfo>>> portionsOf(
      const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks, std::int64_t bytesMax);

 private:
  struct Reading;
  rt::Task<Result<std::vector<FoundRange>>> find(std::vector<block::SliceInfo> lost);
  rt::Task<void> readShard(Reading& reading, std::vector<FoundRange*> ranges);

  const RangeReadContext context_;
  const RangeReadOptions options_;
};

}  // namespace tidemill::consume
