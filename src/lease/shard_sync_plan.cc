#include "lease/shard_sync_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tidemill/sequence_number.h"

namespace tidemill::lease {
namespace {

// See childLease().
void startBelow(Lease& child, const std::vector<Lease>& parents) {
  child.checkpoint = Checkpoint::trimHorizon();
  std::optional<rt::WallTime> earliest;
  for (const Lease& parent : parents) {
    if (parent.checkpoint.kind() != Checkpoint::Kind::kAtTimestamp || !parent.startsAt) return;
    if (!earliest || *parent.startsAt < *earliest) earliest = parent.startsAt;
  }
  if (!earliest) return;
  child.checkpoint = Checkpoint::atTimestamp();
  child.startsAt = earliest;
}

// What the walk over the ancestors of an open shard finds; memoised, because shards share ancestors.
class Planner {
 public:
  Planner(const std::vector<kinesis::Shard>& shards, const std::vector<Lease>& leases,
          const KinesisInitialPosition& initial, rt::WallTime serverNow)
      : initial_(initial), serverNow_(serverNow) {
    for (const kinesis::Shard& shard : shards) shards_[shard.shardId] = &shard;
    for (const Lease& lease : leases) leased_[lease.leaseKey] = &lease;
  }

  std::vector<Lease> plan() {
    for (const auto& [id, shard] : shards_) {
      if (shard->open() && !leased_.contains(id)) planFor(*shard);
    }
    std::vector<const kinesis::Shard*> order;
    for (const auto& [id, atInitial] : wanted_) order.push_back(shards_.at(id));
    std::sort(order.begin(), order.end(), [](const kinesis::Shard* a, const kinesis::Shard* b) {
      const auto byStart = compareSequenceNumbers(a->startingSequenceNumber, b->startingSequenceNumber);
      return byStart != 0 ? byStart < 0 : a->shardId < b->shardId;
    });
    std::vector<Lease> rows;
    for (const kinesis::Shard* shard : order) rows.push_back(rowFor(*shard, wanted_.at(shard->shardId)));
    return rows;
  }

 private:
  std::vector<std::string> listedParents(const kinesis::Shard& shard) const {
    std::vector<std::string> parents;
    for (const std::string& id : {shard.parentShardId, shard.adjacentParentShardId}) {
      if (!id.empty() && (shards_.contains(id) || leased_.contains(id))) parents.push_back(id);
    }
    return parents;
  }

  // True if the shard has a lease, or some ancestor has.
  bool descendsFromLease(const std::string& id) {
    if (leased_.contains(id)) return true;
    const auto known = descends_.find(id);
    if (known != descends_.end()) return known->second;
    descends_[id] = false;  // A cycle in a hostile listing ends here.
    const auto shard = shards_.find(id);
    bool result = false;
    if (shard != shards_.end()) {
      for (const std::string& parent : listedParents(*shard->second))
        result = descendsFromLease(parent) || result;
    }
    descends_[id] = result;
    return result;
  }

  void planFor(const kinesis::Shard& open) {
    if (descendsFromLease(open.shardId)) {
      std::set<std::string> seen;
      addFirstMissingGeneration(open, seen);
    } else if (initial_.kind() == KinesisInitialPosition::Kind::kLatest) {
      wanted_[open.shardId] = true;
    } else {
      std::set<std::string> seen;
      addOldestAncestors(open, seen, true);
    }
  }

  // Below a leased ancestor only the generation next to it is made; the rest follows at its SHARD_END. A side
  // of a merge without any leased ancestor must be read from its oldest shard.
  void addFirstMissingGeneration(const kinesis::Shard& shard, std::set<std::string>& seen) {
    if (!seen.insert(shard.shardId).second) return;
    bool everyParentDone = true;
    for (const std::string& parent : listedParents(shard)) {
      if (leased_.contains(parent)) {
        everyParentDone = everyParentDone && !isBeingRead(parent);
        continue;
      }
      everyParentDone = false;
      const kinesis::Shard& unleased = *shards_.at(parent);
      if (descendsFromLease(parent)) {
        addFirstMissingGeneration(unleased, seen);
      } else {
        addOldestAncestors(unleased, seen, false);
      }
    }
    if (everyParentDone) wanted_.emplace(shard.shardId, false);
  }

  // Its reader makes the rows of the children at its end. A shard that the service has forgotten has none.
  bool isBeingRead(const std::string& leased) const {
    return shards_.contains(leased) && !leased_.at(leased)->checkpoint.isShardEnd();
  }

  void addOldestAncestors(const kinesis::Shard& shard, std::set<std::string>& seen, bool atInitialPosition) {
    if (!seen.insert(shard.shardId).second) return;
    const std::vector<std::string> parents = listedParents(shard);
    for (const std::string& parent : parents)
      addOldestAncestors(*shards_.at(parent), seen, atInitialPosition);
    if (parents.empty()) wanted_[shard.shardId] = atInitialPosition;
  }

  Lease rowFor(const kinesis::Shard& shard, bool atInitialPosition) const {
    Lease row;
    row.leaseKey = shard.shardId;
    row.startingHashKey = shard.startingHashKey;
    row.endingHashKey = shard.endingHashKey;
    for (const std::string& parent : listedParents(shard)) row.parentShardIds.insert(parent);
    if (!atInitialPosition) {
      startBelow(row, leasedParents(shard));
    } else if (initial_.kind() == KinesisInitialPosition::Kind::kAtTimestamp) {
      row.checkpoint = Checkpoint::atTimestamp();
      row.startsAt = initial_.timestamp();
    } else if (initial_.kind() == KinesisInitialPosition::Kind::kLatest) {
      row.checkpoint = Checkpoint::latest();
      row.startsAt = serverNow_;
    }
    return row;
  }

  std::vector<Lease> leasedParents(const kinesis::Shard& shard) const {
    std::vector<Lease> parents;
    for (const std::string& id : listedParents(shard)) {
      const auto row = leased_.find(id);
      if (row != leased_.end()) parents.push_back(*row->second);
    }
    return parents;
  }

  const KinesisInitialPosition initial_;
  const rt::WallTime serverNow_;
  std::map<std::string, const kinesis::Shard*> shards_;
  std::map<std::string, const Lease*> leased_;
  std::map<std::string, bool> descends_;
  // Shard id to "starts at the initial position".
  std::map<std::string, bool> wanted_;
};

}  // namespace

std::vector<Lease> leasesToCreate(const std::vector<kinesis::Shard>& shards, const std::vector<Lease>& leases,
                                  const KinesisInitialPosition& initial, rt::WallTime serverNow) {
  return Planner(shards, leases, initial, serverNow).plan();
}

std::optional<std::string> openParentProblem(const std::vector<kinesis::Shard>& shards) {
  std::set<std::string> open;
  for (const kinesis::Shard& shard : shards) {
    if (shard.open()) open.insert(shard.shardId);
  }
  for (const kinesis::Shard& shard : shards) {
    for (const std::string& parent : {shard.parentShardId, shard.adjacentParentShardId}) {
      if (open.contains(parent))
        return "shard " + shard.shardId + " is listed while its parent " + parent + " is open";
    }
  }
  return std::nullopt;
}

Lease childLease(const codec::ChildShard& child, const std::vector<Lease>& parents) {
  Lease row;
  row.leaseKey = child.shardId;
  startBelow(row, parents);
  row.parentShardIds.insert(child.parentShards.begin(), child.parentShards.end());
  row.startingHashKey = child.startingHashKey;
  row.endingHashKey = child.endingHashKey;
  return row;
}

}  // namespace tidemill::lease
