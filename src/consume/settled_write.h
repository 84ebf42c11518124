// consume/settled_write.h: conditional lease writes whose outcome is known even when an answer gets lost.
#pragma once

#include "base/random.h"
#include "consume/backoff.h"
#include "lease/lease_store.h"
#include "rt/loop.h"

namespace tidemill::consume {

struct SettleContext {
  rt::Loop& loop;
  lease::LeaseStore& store;
  base::Random& random;
  // Tries before the last error is given back. Range: at least 1.
  int attemptsMax = 10;
};

// Each tries until the outcome is certain: after a failure that leaves it open, a consistent read tells
// whether the row is as it was (try again), as we wrote it (success), or another's (kConflict). Without this,
// a lost answer would look like a stolen lease. Errors besides kConflict: the last one, after `attemptsMax`
// tries.
rt::Task<Result<lease::Lease>> checkpointSettled(SettleContext context, lease::Lease held,
                                                 lease::Checkpoint to);
rt::Task<Result<lease::Lease>> takeSettled(SettleContext context, lease::Lease seen, std::string owner);
rt::Task<Result<lease::Lease>> releaseSettled(SettleContext context, lease::Lease held);

// Creates the row unless it exists; creating is idempotent, so failures that may pass are simply tried again.
rt::Task<Result<void>> createSettled(SettleContext context, lease::Lease row);
// Writes the children of a row; idempotent as well.
rt::Task<Result<void>> setChildrenSettled(SettleContext context, std::string leaseKey,
                                          std::set<std::string> children);
// Reads all rows.
rt::Task<Result<std::vector<lease::Lease>>> listSettled(SettleContext context);

}  // namespace tidemill::consume
