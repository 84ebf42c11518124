#include "consume/shard_end.h"

#include <algorithm>
#include <utility>

#include "lease/shard_sync_plan.h"

namespace tidemill::consume {
namespace {

using lease::Lease;
using Step = ShardEndPlan::Step;

ShardEndPlan askListing() {
  return {Step::kAskListing, {}, {}};
}
ShardEndPlan waitBecause(std::string reason) {
  return {Step::kWait, {}, std::move(reason)};
}

codec::ChildShard asChild(const kinesis::Shard& shard) {
  codec::ChildShard child{shard.shardId, {shard.parentShardId}, shard.startingHashKey, shard.endingHashKey};
  if (!shard.adjacentParentShardId.empty()) child.parentShards.push_back(shard.adjacentParentShardId);
  return child;
}

// Why the listing cannot name all children of the shard yet; empty if it can, or never will.
std::string childrenUnknown(const std::string& shardId, const kinesis::ShardGraph& listing, bool giveUp) {
  if (giveUp || listing.childrenComplete(shardId)) return {};
  return "the listing lacks its children";
}

// Why the parents of `child` are not certain; empty if they are.
std::string parentsUnknown(const Lease& child, const std::map<std::string, Lease>& leases,
                           const kinesis::ShardGraph& listing) {
  for (const std::string& parent : child.parentShardIds) {
    if (leases.contains(parent)) continue;
    if (listing.find(child.leaseKey) == nullptr) return "the listing lacks " + child.leaseKey;
    if (listing.find(parent) != nullptr) return "the other parent " + parent + " has no lease yet";
    // What a listing with the child lacks has been trimmed.
  }
  return {};
}

bool hasOrphan(const std::vector<Lease>& children, const std::map<std::string, Lease>& leases) {
  return std::any_of(children.begin(), children.end(), [&leases](const Lease& child) {
    const auto& parents = child.parentShardIds;
    return std::any_of(parents.begin(), parents.end(),
                       [&leases](const std::string& id) { return !leases.contains(id); });
  });
}

// A parent stands where it was processed, which its row may not say yet.
Lease rowOf(const codec::ChildShard& child, const ShardEndFacts& facts) {
  std::vector<Lease> parents;
  for (const std::string& id : child.parentShards) {
    const auto row = facts.leases.find(id);
    if (row == facts.leases.end()) continue;
    parents.push_back(row->second);
    if (id == facts.end.shardId) parents.back().checkpoint = facts.processed;
  }
  return lease::childLease(child, parents);
}

}  // namespace

ShardEndPlan planShardEnd(const ShardEndFacts& facts) {
  const std::string& shardId = facts.end.shardId;
  std::vector<codec::ChildShard> named = facts.end.children;
  if (named.empty()) {
    if (facts.listing == nullptr) return askListing();
    const kinesis::Shard* shard = facts.listing->find(shardId);
    if (shard != nullptr && shard->open()) return {Step::kContradicted, {}, "the listing has the shard open"};
    std::string unknown = childrenUnknown(shardId, *facts.listing, facts.giveUp);
    if (!unknown.empty()) return waitBecause(std::move(unknown));
    for (const kinesis::Shard* child : facts.listing->children(shardId)) named.push_back(asChild(*child));
  }
  std::vector<Lease> children;
  for (const codec::ChildShard& child : named) children.push_back(rowOf(child, facts));
  if (!hasOrphan(children, facts.leases)) return {Step::kWrite, std::move(children), {}};
  if (facts.listing == nullptr) return askListing();
  for (const Lease& child : children) {
    std::string unknown = parentsUnknown(child, facts.leases, *facts.listing);
    if (!unknown.empty()) return waitBecause(std::move(unknown));
  }
  return {Step::kWrite, std::move(children), {}};
}

}  // namespace tidemill::consume
