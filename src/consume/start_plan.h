// consume/start_plan.h: which shards may be read now.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lease/lease.h"

namespace tidemill::consume {

struct StartPlanOptions {
  // A planted bug for simulation: children start while their parents are still being read.
  bool ignoreParents = false;
};

// Keys of the leases of `worker` that are not finished, not started yet, and whose parents are all at
// SHARD_END or have no row (they ended before this application began, or their rows were cleaned up). In key
// order. Pure.
std::vector<std::string> shardsToStart(const std::map<std::string, lease::Lease>& leases,
                                       const std::set<std::string>& started, const std::string& worker,
                                       StartPlanOptions options = {});

}  // namespace tidemill::consume
