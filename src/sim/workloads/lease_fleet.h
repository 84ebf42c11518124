// sim/workloads/lease_fleet.h: several workers share a stream through one lease table in DynamoDB.
#pragma once

#include "sim/runner.h"

namespace tidemill::sim {

// Three to five workers, the production engine each, with crashes, stalls longer than a lease, clean stops,
// outages of DynamoDB alone, throttling and reshardings; see lease_checker.h and delivery_checker.h for what
// must hold.
Workload leaseFleetWorkload();

}  // namespace tidemill::sim
