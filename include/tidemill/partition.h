// tidemill/partition.h: what one partition of an RDD is computed from.
#pragma once

#include <cstddef>
#include <string>

#include "tidemill/sequence_number_range.h"

namespace tidemill {

// (Spark: KinesisBackedBlockRDDPartition)
struct Partition {
  std::size_t index = 0;
  // Empty: it is not computed from one block, e.g. behind a reduceByKey().
  std::string blockId = {};
  // False: the block store is not asked for the block, its records are read from Kinesis straight away. Of a
  // stream's RDD: the block was lost and is not back in the store; its records are held for the batch alone.
  bool isBlockIdValid = true;
  // Which records the block holds, as far as the RDD knows.
  SequenceNumberRanges seqNumberRanges = {};

  friend bool operator==(const Partition&, const Partition&) = default;
};

}  // namespace tidemill
