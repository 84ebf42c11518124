// sim/workloads/consumer_fleet.h: consumers with handlers that fail, sharing a stream under faults.
#pragma once

#include "sim/runner.h"

namespace tidemill::sim {

// Three consumers share a stream of 4 shards that is split and merged, while they crash, stall for longer
// than their leases, lose calls, and are stopped and started again; handlers throw, ask for retries, name
// dead letters and checkpoint in the middle of a batch. Watches I1, I2, I3, I4, I7 and I10.
Workload consumerFleetWorkload();

}  // namespace tidemill::sim
