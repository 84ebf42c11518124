// sim/workloads/block_recovery.h: blocks in every kind of store, lost and read again, under faults.
#pragma once

#include "sim/runner.h"

namespace tidemill::sim {

// One or two workers with a drawn storage level, little memory and small files read a stream that is split
// and merged, some of its records packed into one, a few of those damaged. Blocks are lost on purpose, disks
// are full, syncs fail, bits of stored blocks flip, hosts lose power, calls are throttled, lost and answered
// late. Watches I1, I2, I3 (with checkpoints that follow the store: of what disks hold after the worst power
// cut), I4, I7, I9, I10, I13 (of the store, and of what is held beside it) and I15.
//
// In some seeds the stream keeps records for a few seconds only, so that lost blocks cannot be rebuilt, and
// that is recorded. What a lease has still to read stays all the same: live reading that falls behind the
// retention ends with kDataLoss only if the whole shard is gone, and cannot tell otherwise, so that here only
// recovery meets the end of the retention. Elsewhere nothing is trimmed, and no loss may be told.
Workload blockRecoveryWorkload();

}  // namespace tidemill::sim
