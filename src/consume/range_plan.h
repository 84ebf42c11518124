// consume/range_plan.h: which ranges are read from which shard, and in which order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tidemill/record.h"
#include "tidemill/result.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::consume {

// The ranges of one shard, as indexes into the list that was planned, in the order of their numbers.
struct ShardRanges {
  std::string streamName;
  std::string shardId;
  std::vector<std::size_t> indexes;
};

// kUsage, naming the range: no stream, no shard, an end that is no sequence number, ends that are swapped, a
// negative count; or it is of another stream than `stream` (empty: any).
Result<void> checkRange(const SequenceNumberRange& range, const std::string& stream);

// One entry for each shard. Shards come in the order in which the list needs them first, so whoever needs the
// newest data most lists it first. kUsage as checkRange(), and for an empty list. Pure.
Result<std::vector<ShardRanges>> planRanges(std::span<const SequenceNumberRange> ranges,
                                            const std::string& stream);

// Where a record lies, seen from a range of its shard. By sequence number, then by the sub-sequence ends.
enum class RangePlace { kBefore, kInside, kBehind };
RangePlace placeOf(const Record& record, const SequenceNumberRange& range);

// "range 4951 to 4977 of shard shardId-000000000000 of stream orders": how errors name a range.
std::string rangeContext(const SequenceNumberRange& range);

}  // namespace tidemill::consume
