// consume/lease_taker.h: looks at the lease table now and then, and takes what the plan says.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "consume/lease_book.h"
#include "lease/lease_watch.h"
#include "lease/take_plan.h"
#include "rt/env.h"
#include "rt/task.h"

namespace tidemill::consume {

struct LeaseTakerOptions {
  // Time between two looks at the table. Shorter notices a dead worker sooner, and reads the table more
  // often. Range: 50 ms to 1 h.
  rt::Duration scanEvery = std::chrono::seconds(5);
  // `self`, `failover`, `held` and `leftAlone` are filled in.
  lease::TakeOptions take;
  LeaseTimes times;
  // Of the process that had this worker's id before and is certain to have ended; its leases are taken at
  // once. Empty: unknown.
  std::string previousIncarnation;
};

// Lives on the control lane, beside its book.
//
// A row in this worker's own name that it does not hold was left by an earlier process of that id, or is held
// by another process that was given the same id. Unless the earlier process is known to be dead, the row is
// watched for a renewal period before it is taken; if its counter keeps moving, this process stops.
class LeaseTaker {
 public:
  // References outlive this object.
  LeaseTaker(const rt::Env& env, LeaseBook& book, LeaseTakerOptions options);

  // One look: rows, plan, takes. Errors: those of the store.
  rt::Task<Result<void>> round();
  // Takes rows that were just made, unless this worker has enough.
  rt::Task<Result<void>> takeMade(std::vector<std::string> leaseKeys);
  // When the next look is due.
  rt::TimePoint nextRound() const { return nextRound_; }
  // A lease may have come free.
  void hurry();
  // Leases that others were asked for in the last look.
  const std::set<std::string>& asked() const { return asked_; }
  // These rows were read: the next look is due at once if one of them was handed over.
  void lookAtAsked();
  // Whether this worker does what one worker does for all (kcl.md 2.4).
  bool leads() const;

 private:
  // Whether a row in our own name may be taken, or must be watched first.
  bool mayAdopt(const lease::Lease& row, rt::TimePoint now);

  const rt::Env env_;
  LeaseBook& book_;
  const LeaseTakerOptions options_;
  lease::LeaseWatch watch_;
  struct OwnRow {
    std::int64_t counter = 0;
    int moves = 0;
  };
  // Rows in our own name that are being watched.
  std::map<std::string, OwnRow> ownSeen_;
  std::set<std::string> asked_;
  rt::TimePoint nextRound_{};
};

}  // namespace tidemill::consume
