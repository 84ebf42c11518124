// lease/lease_watch.h: how long each lease's counter has stood still, by this worker's own clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lease/lease.h"
#include "rt/time.h"

namespace tidemill::lease {

// True if nobody owns the row. While a handoff of KCL 3 is pending, `checkpointOwner` is the present owner.
bool isUnowned(const Lease& lease);

// A row holds no time that others could trust: an owner is alive as long as its counter moves, and each
// worker times on its own monotonic clock how long it has seen the same counter (kcl.md 2.1, 2.3). A time
// counts from the moment the read COMPLETED: the row may have been read any time before, so the wait is never
// too short (reliability.md 5.1). Pure; not thread safe.
//
//   watch.observe(listing.leases, env.loop.now());  // After each listing.
//   if (watch.isAvailable(row, now, failover)) …
class LeaseWatch {
 public:
  // `leases` are all rows of the table: what is missing is forgotten, and is new if it comes back. A counter
  // that differs in any direction is a sign of life; a row that was made again restarts at 0.
  void observe(const std::vector<Lease>& leases, rt::TimePoint readCompleted);
  // The same for one row that was read alone; forgets nothing.
  void observeRow(const Lease& lease, rt::TimePoint readCompleted);

  // How long the counter has stood still; Duration::max() for a row that nobody owned when it was first seen
  // and that has not moved since. Nothing for a row that was never seen.
  std::optional<rt::Duration> ageOf(const std::string& leaseKey, rt::TimePoint now) const;
  // How long this worker has watched the same counter: what ageOf() says without its exception, and zero for
  // a row that was never seen.
  rt::Duration waited(const std::string& leaseKey, rt::TimePoint now) const;
  // How long the row has asked for the same `wantedBy`; zero if for nobody.
  rt::Duration askedFor(const Lease& lease, rt::TimePoint now) const;

  // Nobody owns it, or its counter is the one that has stood still for more than `failover`. False for an
  // owned row that was never seen, or that has another counter than when it was seen last.
  bool isAvailable(const Lease& lease, rt::TimePoint now, rt::Duration failover) const;

 private:
  struct Seen {
    std::int64_t counter = 0;
    rt::TimePoint since{};
    bool neverOwned = false;
    std::string wantedBy;
    rt::TimePoint wantedSince{};
  };

  std::map<std::string, Seen> rows_;
};

}  // namespace tidemill::lease
