// lease/shard_audit.h: whether the unfinished rows cover all hash keys, that is, whether every record is
// read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kinesis/hash_key.h"
#include "kinesis/kinesis_api.h"
#include "lease/lease.h"

namespace tidemill::lease {

// Both inclusive.
struct HashRange {
  kinesis::HashKey first = 0;
  kinesis::HashKey last = 0;

  friend bool operator==(const HashRange&, const HashRange&) = default;
};

// The row's range; nothing if it has none, or nonsense.
std::optional<HashRange> hashRangeOf(const Lease& lease);

// The first hash keys that no range has. Overlaps are no holes: a child may exist beside its parent.
std::optional<HashRange> firstHole(std::vector<HashRange> ranges);

// A row without a range (KCL before 1.14 and 2.3, Spark) and what the listing says of its shard.
struct MissingRange {
  std::string leaseKey;
  std::string startingHashKey;
  std::string endingHashKey;
};

struct AuditReport {
  // To be written with LeaseStore::setHashRange().
  std::vector<MissingRange> missing;
  std::optional<HashRange> hole;
  // Runs in a row that have found this very hole.
  int seen = 0;
  // Rows must be made from a listing now (shard_sync_plan.h).
  bool syncNow = false;
};

// True if a run needs a listing of the shards: an unfinished row has no range.
bool auditNeedsListing(const std::vector<Lease>& leases);

// KCL's periodic audit (kcl.md 2.10), for the leader of the fleet. Pure but for the memory of the last hole;
// a worker that stops leading calls reset().
class ShardAuditor {
 public:
  // `shards` may be empty if auditNeedsListing() is false. A table without rows calls for a sync at once. A
  // hole does after three runs in a row and from then on: the rows of a resharding in progress have one for a
  // moment. Rows whose range is unknown cover nothing.
  AuditReport run(const std::vector<Lease>& leases, const std::vector<kinesis::Shard>& shards);
  void reset();

 private:
  std::optional<HashRange> hole_;
  int seen_ = 0;
};

}  // namespace tidemill::lease
