// lease/lease_changes.h: what each conditional write does to a row, the same in every store.
#pragma once

#include <string>

#include "lease/lease.h"

namespace tidemill::lease {

// The row after `owner` took it.
Lease afterTake(const Lease& seen, const std::string& owner);
// The row after its owner let it go.
Lease afterRelease(const Lease& held);
// The row after a checkpoint.
Lease afterCheckpoint(const Lease& held, const Checkpoint& to);

// What the writes above change of a row, taken from `to`; the rest belongs to other writes, which may have
// come between.
void applyChange(Lease& row, const Lease& to);

}  // namespace tidemill::lease
