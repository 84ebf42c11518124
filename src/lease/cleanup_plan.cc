#include "lease/cleanup_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kinesis/shard_graph.h"

namespace tidemill::lease {
namespace {

std::string shardIdOf(const Lease& lease) {
  return lease.shardId.empty() ? lease.leaseKey : lease.shardId;
}

// The key of another shard's row in the same stream: in tables of several streams, keys begin with the
// stream.
std::string siblingKey(const Lease& lease, const std::string& shardId) {
  const std::string& own = lease.shardId;
  if (own.empty() || !lease.leaseKey.ends_with(own)) return shardId;
  return lease.leaseKey.substr(0, lease.leaseKey.size() - own.size()) + shardId;
}

class Cleaner {
 public:
  Cleaner(const std::vector<Lease>& leases, const std::vector<kinesis::Shard>& shards) {
    for (const Lease& lease : leases) rows_[lease.leaseKey] = &lease;
    // A listing that contradicts itself says nothing.
    if (auto graph = kinesis::ShardGraph::build(shards)) graph_ = std::move(*graph);
  }

  bool isCompleted(const Lease& lease) const {
    if (!lease.checkpoint.isShardEnd()) return false;
    const std::set<std::string> children = childrenOf(lease);
    if (children.empty()) return false;
    const auto isRead = [&](const std::string& child) { return hasBeenRead(siblingKey(lease, child)); };
    const auto hasRow = [&](const std::string& parent) { return rows_.contains(siblingKey(lease, parent)); };
    return std::all_of(children.begin(), children.end(), isRead) &&
           std::none_of(lease.parentShardIds.begin(), lease.parentShardIds.end(), hasRow);
  }

 private:
  std::set<std::string> childrenOf(const Lease& lease) const {
    std::set<std::string> children = lease.childShardIds;
    const std::string id = shardIdOf(lease);
    if (!children.empty() || !graph_.childrenComplete(id)) return children;
    for (const kinesis::Shard* child : graph_.children(id)) children.insert(child->shardId);
    return children;
  }

  bool hasBeenRead(const std::string& key) const {
    const auto row = rows_.find(key);
    if (row == rows_.end()) return false;
    const Checkpoint& checkpoint = row->second->checkpoint;
    return checkpoint.isSequenceNumber() || checkpoint.isShardEnd();
  }

  std::map<std::string, const Lease*> rows_;
  kinesis::ShardGraph graph_;
};

}  // namespace

std::string_view cleanupReasonName(CleanupReason reason) {
  return reason == CleanupReason::kCompleted ? "completed" : "garbage";
}

CleanupClock::CleanupClock(CleanupOptions options, rt::TimePoint start)
    : options_(options), completedLast_(start), garbageLast_(start) {}

bool CleanupClock::completedIsDue(rt::TimePoint now) const {
  return options_.enabled && now >= rt::laterBy(completedLast_, options_.completedInterval);
}

bool CleanupClock::garbageIsDue(rt::TimePoint now) const {
  return options_.enabled && now >= rt::laterBy(garbageLast_, options_.garbageInterval);
}

std::vector<CleanupStep> completedRows(const std::vector<Lease>& leases,
                                       const std::vector<kinesis::Shard>& shards) {
  const Cleaner cleaner(leases, shards);
  std::vector<CleanupStep> steps;
  for (const Lease& lease : leases) {
    if (cleaner.isCompleted(lease)) steps.push_back({lease, CleanupReason::kCompleted});
  }
  return steps;
}

std::vector<Lease> garbageSuspects(const std::vector<Lease>& leases,
                                   const std::vector<kinesis::Shard>& shards) {
  std::set<std::string> listed;
  for (const kinesis::Shard& shard : shards) listed.insert(shard.shardId);
  std::vector<Lease> suspects;
  for (const Lease& lease : leases) {
    if (lease.checkpoint.isShardEnd() && !listed.contains(shardIdOf(lease))) suspects.push_back(lease);
  }
  return suspects;
}

std::vector<CleanupStep> garbageRows(const std::vector<Lease>& suspects,
                                     const std::set<std::string>& unknown) {
  std::vector<CleanupStep> steps;
  for (const Lease& lease : suspects) {
    if (unknown.contains(lease.leaseKey)) steps.push_back({lease, CleanupReason::kGarbage});
  }
  return steps;
}

}  // namespace tidemill::lease
