// tidemill/batch_info.h: what an output operation may know of the batch that it runs for.
#pragma once

#include <cstdint>

#include "tidemill/sequence_number_range.h"
#include "tidemill/time.h"

namespace tidemill {

struct BatchInfo {
  Time time{};
  // Every record of the batch lies in exactly one of these, in order per shard. A sink that stores them in
  // the same transaction as its results knows at a restart what it has already done.
  SequenceNumberRangeList ranges;
  std::int64_t records = 0;
  // 1 for the first try; a batch whose output failed is tried again with the same records.
  int attempt = 1;
};

}  // namespace tidemill
