// lease/lease.h: one row of the lease table: who reads a shard, and how far it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "lease/checkpoint.h"
#include "rt/time.h"

namespace tidemill::lease {

// Attributes as KCL names them (kcl.md 1.2); which of its versions writes which is told there. Everything but
// the key, the counter and the checkpoint may be missing.
struct Lease {
  std::string leaseKey;    // The shard id.
  std::string leaseOwner;  // Worker id; empty: nobody.
  // Grows by one with every renewal, take and checkpoint; every write is conditional on it. Its value at the
  // take is the fencing token.
  std::int64_t leaseCounter = 0;
  std::int64_t ownerSwitchesSinceCheckpoint = 0;
  Checkpoint checkpoint;
  // Prepared and not committed yet.
  std::optional<Checkpoint> pendingCheckpoint;
  // The application's own bytes beside a prepared checkpoint; nothing if it gave none.
  std::optional<std::string> pendingCheckpointState;
  std::set<std::string> parentShardIds;
  std::set<std::string> childShardIds;
  std::string startingHashKey;  // Decimal, inclusive; empty if unknown.
  std::string endingHashKey;    // Decimal, inclusive; empty if unknown.
  // An attribute of ours: where LATEST or AT_TIMESTAMP stands for, fixed when the row was made. Without it a
  // worker that dies before its first checkpoint would start at a later LATEST and skip what came between.
  std::optional<rt::WallTime> startsAt;
  // An attribute of ours: which process of that worker id took it, as "id/unique". Tells a worker's own
  // write, whose answer was lost, from that of another process with the same id.
  std::string incarnation;
  // An attribute of ours: the worker that asks the owner to hand the lease over, which it does when
  // everything it has read is processed. Empty: nobody.
  std::string wantedBy;

  // Written by fleets of KCL 3 and respected; a take by us removes it.
  std::string checkpointOwner;  // Set: a graceful handoff is pending, and this is the present owner.
  std::optional<double> throughputKBps;
  // "LEASE" on rows that KCL 3.5 made; empty on older ones.
  std::string entityType;
  // Of fleets that read several streams.
  std::string streamName;
  std::string shardId;

  // Attributes that nobody here knows, as DynamoDB's JSON, by name. Every write leaves them alone; create()
  // writes them, so that an exported row comes back whole.
  std::map<std::string, std::string> unknownAttributes;

  friend bool operator==(const Lease&, const Lease&) = default;
};

// True if the owner is a tidemill worker, which understands `wantedBy`: `incarnation` begins with its id, and
// a take by another program leaves it as it was.
inline bool ownerHandsOver(const Lease& lease) {
  return !lease.leaseOwner.empty() && lease.incarnation.starts_with(lease.leaseOwner + "/");
}

}  // namespace tidemill::lease
