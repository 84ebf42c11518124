// lease/cleanup_plan.h: which rows of finished shards nobody needs any more.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"
#include "rt/time.h"

namespace tidemill::lease {

enum class CleanupReason {
  kCompleted,  // Its children are being read, and what came before it is gone.
  kGarbage,    // The service does not know the shard any more.
};
// "completed" or "garbage": for events.
std::string_view cleanupReasonName(CleanupReason reason);

struct CleanupStep {
  Lease row;  // For LeaseStore::remove(), which refuses if it has changed since.
  CleanupReason reason = CleanupReason::kCompleted;
};

struct CleanupOptions {
  // False keeps every row for ever.
  bool enabled = true;
  // How often each kind is looked for, as KCL does. Range: [1 s, …].
  rt::Duration completedInterval = std::chrono::minutes(5);
  rt::Duration garbageInterval = std::chrono::minutes(30);
};

// When to look. A worker that starts looks after one interval.
class CleanupClock {
 public:
  CleanupClock(CleanupOptions options, rt::TimePoint start);

  bool completedIsDue(rt::TimePoint now) const;
  bool garbageIsDue(rt::TimePoint now) const;
  // The pass was made, with or without anything to delete.
  void completedDone(rt::TimePoint now) { completedLast_ = now; }
  void garbageDone(rt::TimePoint now) { garbageLast_ = now; }

 private:
  const CleanupOptions options_;
  rt::TimePoint completedLast_;
  rt::TimePoint garbageLast_;
};

// Rows at SHARD_END that may go, oldest generation first (KCL's rule is kcl.md 2.12; this one is stricter):
// the children are known and there is at least one, each child's row exists and is at a sequence number or at
// SHARD_END (a sentinel says where to start, not that anybody has), and no parent has a row. So the rows of
// one generation at least stay until all of the next is being read. Where a row does not name its children,
// they are those of the listing, if they own all of its hash keys. Rows of other streams in the table are
// told apart by their keys.
std::vector<CleanupStep> completedRows(const std::vector<Lease>& leases,
                                       const std::vector<kinesis::Shard>& shards);

// Rows at SHARD_END whose shard is not listed: the service is to be asked for each (a listing may be
// incomplete), and those it does not know are garbage.
std::vector<Lease> garbageSuspects(const std::vector<Lease>& leases,
                                   const std::vector<kinesis::Shard>& shards);
// Those of `suspects` whose keys are in `unknown`: the service answered that it has no such shard.
std::vector<CleanupStep> garbageRows(const std::vector<Lease>& suspects,
                                     const std::set<std::string>& unknown);

}  // namespace tidemill::lease
