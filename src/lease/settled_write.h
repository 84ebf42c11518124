// lease/settled_write.h: conditional lease writes whose outcome is known even when an answer gets lost.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/random.h"
#include "lease/lease_store.h"
#include "rt/backoff.h"
#include "rt/loop.h"

namespace tidemill::lease {

struct SettleContext {
  rt::Loop& loop;
  LeaseStore& store;
  base::Random& random;
  // Tries before the last error is given back. Range: at least 1.
  int attemptsMax = 10;
  // Between them.
  rt::BackoffOptions backoff = {};
  // A planted bug for simulation: the row is never looked into, and a conflict is believed, although an
  // earlier answer may have been lost.
  bool conflictIsTheft = false;
};

// A write that was made.
struct SettledWrite {
  Lease row;
  // Not later than the moment when the attempt that was applied left: the lease runs from here.
  rt::TimePoint sent{};
};

// Tries until the outcome is certain: after a failure that leaves it open, a consistent read tells whether
// the row is as it was (try again), as we wrote it (success), or another's (kConflict). Without this, a lost
// answer would look like a stolen lease. Errors besides kConflict: the last one, after `attemptsMax` tries:
// the write may have been applied, and only the same write tried again tells.
rt::Task<Result<SettledWrite>> writeSettled(SettleContext context, LeaseWrite write);

// Notes when the stream was created, as LeaseStore::claimStream(); idempotent.
rt::Task<Result<rt::WallTime>> claimStreamSettled(SettleContext context, rt::WallTime created);
// Creates the row unless it exists; creating is idempotent, so failures that may pass are simply tried again.
rt::Task<Result<void>> createSettled(SettleContext context, Lease row);
// Writes the children of a row; idempotent as well.
rt::Task<Result<void>> setChildrenSettled(SettleContext context, std::string leaseKey,
                                          std::set<std::string> children);
rt::Task<Result<void>> setHashRangeSettled(SettleContext context, std::string leaseKey, std::string starting,
                                           std::string ending);
// Deletes a finished row; idempotent too. kConflict if it has changed.
rt::Task<Result<void>> removeSettled(SettleContext context, Lease seen);
// Reads a row, or all rows.
rt::Task<Result<std::optional<Lease>>> getSettled(SettleContext context, std::string leaseKey);
rt::Task<Result<LeaseListing>> listSettled(SettleContext context);

}  // namespace tidemill::lease
