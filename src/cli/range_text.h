// cli/range_text.h: a range of records as it is written on the command line.
#pragma once

#include <string_view>

#include "tidemill/result.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::cli {

// STREAM/SHARD:FROM:TO, both ends inclusive, e.g. orders/shardId-000000000000:4951:4977. An end inside of an
// aggregated record has the number of the part behind a point: 4951.3. kUsage for anything else. Whether the
// ends are in order is for whoever reads the range.
Result<SequenceNumberRange> parseRange(std::string_view text);

}  // namespace tidemill::cli
