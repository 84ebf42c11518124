// tidemill/sequence_number_range.h: which records of a shard a block or a batch holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tidemill {

// A run of records of one shard, both ends inclusive. Sequence numbers have gaps, so the difference of the
// ends says nothing about the count. (Spark: SequenceNumberRange)
struct SequenceNumberRange {
  std::string streamName;
  std::string shardId;
  std::string fromSeqNumber;
  std::string toSeqNumber;
  // Number of records; 0 means unknown.
  std::int64_t recordCount = 0;

  friend bool operator==(const SequenceNumberRange&, const SequenceNumberRange&) = default;
};

// Ranges in the order in which their records arrived; several may be of the same shard.
using SequenceNumberRangeList = std::vector<SequenceNumberRange>;

}  // namespace tidemill
