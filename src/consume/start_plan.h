// consume/start_plan.h: which shards may be read now.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"

namespace tidemill::consume {

struct StartPlanOptions {
  // A planted bug for simulation: children start while their parents are still being read.
  bool ignoreParents = false;
  // Parents of which nobody knows whether they have ended: their rows are there and cannot be read.
  std::set<std::string> unknown{};
};

// Those of the `held` leases that are not finished, not started yet, and whose parents are all at SHARD_END
// or have no row (they ended before this application began, or their rows were cleaned up). In key order.
// Pure.
std::vector<std::string> shardsToStart(const std::map<std::string, lease::Lease>& leases,
                                       const std::vector<std::string>& held,
                                       const std::set<std::string>& started,
                                       const StartPlanOptions& options = {});

// Where reading starts for a row: at the record of a checkpoint, of which only a part may have been
// processed, since nobody knows yet whether it is an aggregated one. `configured` is the time of an
// AT_TIMESTAMP row that holds none, as other programs write them.
kinesis::IteratorPosition positionOf(const lease::Lease& lease, rt::WallTime configured);

}  // namespace tidemill::consume
