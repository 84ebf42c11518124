#include "lease/lease_changes.h"

namespace tidemill::lease {

Lease afterTake(const Lease& seen, const std::string& owner) {
  Lease taken = seen;
  if (!seen.leaseOwner.empty() && seen.leaseOwner != owner) ++taken.ownerSwitchesSinceCheckpoint;
  taken.leaseOwner = owner;
  ++taken.leaseCounter;
  return taken;
}

Lease afterRelease(const Lease& held) {
  Lease released = held;
  released.leaseOwner.clear();
  ++released.leaseCounter;
  return released;
}

Lease afterCheckpoint(const Lease& held, const Checkpoint& to) {
  Lease moved = held;
  moved.checkpoint = to;
  moved.ownerSwitchesSinceCheckpoint = 0;
  ++moved.leaseCounter;
  return moved;
}

void applyChange(Lease& row, const Lease& to) {
  row.leaseOwner = to.leaseOwner;
  row.leaseCounter = to.leaseCounter;
  row.ownerSwitchesSinceCheckpoint = to.ownerSwitchesSinceCheckpoint;
  row.checkpoint = to.checkpoint;
}

}  // namespace tidemill::lease
