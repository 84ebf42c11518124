#include "consume/start_plan.h"

#include <algorithm>

namespace tidemill::consume {

std::vector<std::string> shardsToStart(const std::map<std::string, lease::Lease>& leases,
                                       const std::vector<std::string>& held,
                                       const std::set<std::string>& started,
                                       const StartPlanOptions& options) {
  const auto blocks = [&](const std::string& parent) {
    if (options.unknown.contains(parent)) return true;
    const auto row = leases.find(parent);
    return row != leases.end() && !row->second.checkpoint.isShardEnd();
  };
  std::vector<std::string> ready;
  for (const std::string& key : held) {
    const lease::Lease& lease = leases.at(key);
    if (lease.checkpoint.isShardEnd() || started.contains(key)) continue;
    const auto& parents = lease.parentShardIds;
    if (options.ignoreParents || std::none_of(parents.begin(), parents.end(), blocks)) ready.push_back(key);
  }
  return ready;
}

kinesis::IteratorPosition positionOf(const lease::Lease& lease, rt::WallTime configured) {
  using Type = kinesis::IteratorPosition::Type;
  kinesis::IteratorPosition position;
  if (lease.checkpoint.isSequenceNumber()) {
    position.type = Type::kAtSequenceNumber;
    position.sequenceNumber = lease.checkpoint.sequenceNumber();
  } else if (lease.checkpoint.kind() == lease::Checkpoint::Kind::kTrimHorizon) {
    // A row that began at a time keeps it, also when an operator rewinds it to the oldest record.
    position.type = Type::kTrimHorizon;
  } else if (lease.startsAt) {
    position.type = Type::kAtTimestamp;
    position.timestamp = *lease.startsAt;
  } else if (lease.checkpoint.kind() == lease::Checkpoint::Kind::kLatest) {
    position.type = Type::kLatest;
  } else if (lease.checkpoint.kind() == lease::Checkpoint::Kind::kAtTimestamp) {
    position.type = Type::kAtTimestamp;
    position.timestamp = configured;
  }
  return position;
}

}  // namespace tidemill::consume
