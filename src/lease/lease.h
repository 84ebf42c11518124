// lease/lease.h: one row of the lease table: who reads a shard, and how far it is.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "lease/checkpoint.h"
#include "rt/time.h"

namespace tidemill::lease {

// Attributes as KCL names them (kcl.md 1.2). Pending checkpoints come with the DynamoDB store.
struct Lease {
  std::string leaseKey;    // The shard id.
  std::string leaseOwner;  // Worker id; empty: nobody.
  // Grows by one with every renewal, take and checkpoint; every write is conditional on it. Its value at the
  // take is the fencing token.
  std::int64_t leaseCounter = 0;
  std::int64_t ownerSwitchesSinceCheckpoint = 0;
  Checkpoint checkpoint;
  std::set<std::string> parentShardIds;
  std::set<std::string> childShardIds;
  std::string startingHashKey;  // Decimal, inclusive; empty if unknown.
  std::string endingHashKey;    // Decimal, inclusive; empty if unknown.
  // An attribute of ours: where LATEST or AT_TIMESTAMP stands for, fixed when the row was made. Without it a
  // worker that dies before its first checkpoint would start at a later LATEST and skip what came between.
  std::optional<rt::WallTime> startsAt;

  friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace tidemill::lease
