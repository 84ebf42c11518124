// lease/take_plan.h: which leases a worker takes now: its own, those of the dead, and its fair share.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "lease/lease.h"
#include "lease/lease_watch.h"
#include "rt/time.h"

namespace tidemill::lease {

struct TakeOptions {
  std::string self{};  // This worker's id.
  // A lease whose counter stands still for longer is dead. All workers of a fleet must agree on it.
  rt::Duration failover = std::chrono::seconds(10);
  // This worker never takes more. Range: [1, …].
  int maxLeases = std::numeric_limits<int>::max();
  // At most so many are stolen in one pass beside workers of another program, all from one owner, as KCL
  // does. More converges faster, and interrupts more shards at once. Range: [1, …].
  int maxLeasesToSteal = 1;
  // The same for asking tidemill workers, which loses nothing; from several owners at once.
  int maxLeasesToAsk = 10;
  // Very old leases (3 x failover) are taken whatever the fair share says: somebody must read them.
  bool enablePriority = true;
  // As KCL 2 does: a row that nobody owned when it was first seen counts as very old. Whoever scans first
  // then gets all new shards, and balance comes later by stealing.
  bool greedyStart = false;
  // An owner that has not handed a lease over for so long after it was asked is stolen from.
  rt::Duration handOverTimeout = std::chrono::seconds(30);
  // Held by this process now: counted as its own, never taken.
  std::set<std::string> held{};
  // Not to be taken: shards that this worker gave up on purpose.
  std::set<std::string> leftAlone{};
};

enum class TakeReason {
  kOwn,      // The row names this worker, which does not hold it: a restart, or a take whose answer was lost.
  kUnowned,  // Nobody has it.
  kExpired,  // Its owner's counter stood still for longer than the failover time.
  kVeryOld,  // As kExpired, for three times as long.
  kSteal,    // From a living owner that has more than its share: a conditional take.
  kAsk,      // As kSteal, but the owner hands over when asked: LeaseStore::ask(), not a take.
};
// "own", "unowned", "expired", "very_old", "steal", "ask": for events and metrics.
std::string_view takeReasonName(TakeReason reason);

struct LeaseTake {
  std::string leaseKey;
  TakeReason reason = TakeReason::kUnowned;
  std::string from;  // The owner before; empty: nobody.
  // How long this worker has seen the same counter.
  rt::Duration waited{};
  // What it had in the listing. The take must be conditional on the counter of a consistent read, and for
  // kExpired and kVeryOld that one must still be this.
  std::int64_t seenCounter = 0;
};

struct TakePlan {
  std::vector<LeaseTake> takes;  // In the order to try.
  // This worker's fair share.
  int target = 0;
  // What of the fair share `maxLeases` keeps it from taking.
  int spillover = 0;
};

// The decisions of KCL's lease taker (kcl.md 2.3), with these differences:
// - Rows at SHARD_END are never taken: KCL wants them for its cleanup, which here needs no owner. Beside KCL
//   they count in the fair share as they do there, or we would steal back and forth; but never more than the
//   fair share of the unfinished is stolen. In a fleet of our own only unfinished rows count.
// - A row whose handoff is pending (KCL 3) is left alone until its counter stands still.
// - A tidemill worker is asked, and stolen from only after `handOverTimeout`. Who has asked counts as owner.
// - Taking very old leases does not keep from taking others in the same pass.
// `leases` are all rows, observed by `watch` before. The same input and state of `random` give the same plan.
TakePlan planTakes(const std::vector<Lease>& leases, const LeaseWatch& watch, const TakeOptions& options,
                   rt::TimePoint now, base::Random& random);

}  // namespace tidemill::lease
