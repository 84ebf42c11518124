// sim/workloads/driver_restart.h: drivers that crash in the middle of batches, and what their successors make
// of what they have left.
#pragma once

#include "sim/runner.h"

namespace tidemill::sim {

// One or two drivers read a stream that is split and merged, with a window and state in the job, and with a
// checkpoint directory on their disks, in an object store, or none. They crash at any await of a batch's life
// and of their start, are down for up to 1,000 batches, work more slowly than batches come, are stalled until
// their leases are gone, have their clocks moved and are stopped gracefully; disks lose what was not synced
// and fail to sync, the object store is out of order, loses answers and carries requests out late, the newest
// metadata is damaged. Two drivers share one object store: who has lost it to the other is kept out.
//
// Watches I1, I2, I3 (of lease checkpoints and of the block log), I4, I6 (of the block log), I7, I10 (of the
// sink, of windows and state, and that what was logged as completed is not delivered again), I13 and I18.
Workload driverRestartWorkload();

}  // namespace tidemill::sim
