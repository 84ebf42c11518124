// lease/settled_write.h: conditional lease writes whose outcome is known even when an answer gets lost.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "lease/lease_store.h"
#include "rt/loop.h"

namespace tidemill::lease {

struct SettleContext {
  rt::Loop& loop;
  LeaseStore& store;
  base::Random& random;
  // Tries before the last error is given back. Range: at least 1.
  int attemptsMax = 10;
};

// Each tries until the outcome is certain: after a failure that leaves it open, a consistent read tells
// whether the row is as it was (try again), as we wrote it (success), or another's (kConflict). Without this,
// a lost answer would look like a stolen lease. Errors besides kConflict: the last one, after `attemptsMax`
// tries: the write may have been applied, and only the same write tried again tells.
rt::Task<Result<Lease>> checkpointSettled(SettleContext context, Lease held, Checkpoint to);
rt::Task<Result<Lease>> takeSettled(SettleContext context, Lease seen, std::string owner);
rt::Task<Result<Lease>> releaseSettled(SettleContext context, Lease held);

// Notes when the stream was created, as LeaseStore::claimStream(); idempotent.
rt::Task<Result<rt::WallTime>> claimStreamSettled(SettleContext context, rt::WallTime created);
// Creates the row unless it exists; creating is idempotent, so failures that may pass are simply tried again.
rt::Task<Result<void>> createSettled(SettleContext context, Lease row);
// Writes the children of a row; idempotent as well.
rt::Task<Result<void>> setChildrenSettled(SettleContext context, std::string leaseKey,
                                          std::set<std::string> children);
// Reads all rows.
rt::Task<Result<std::vector<Lease>>> listSettled(SettleContext context);

}  // namespace tidemill::lease
