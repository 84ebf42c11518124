// sim/workloads/word_count.h: the main job under faults: every record in a committed batch, in order per
// shard.
#pragma once

#include "sim/runner.h"

namespace tidemill::sim {

// One worker counts the words of a stream of 4 shards that is split and merged, while processes crash, calls
// are throttled, lost and answered late, clocks jump and outputs throw. Watches I1, I2, I3, I4, I7 and I10.
Workload wordCountWorkload();

}  // namespace tidemill::sim
