// lease/lease_write.h: the conditional writes of a lease row as values, the same for every store
// (kcl.md 1.5).
#pragma once

#include <optional>
#include <string>

#include "lease/lease.h"

namespace tidemill::lease {

// One process that may own leases.
struct Worker {
  std::string id;           // Unique among the workers of an application, stable across restarts.
  std::string incarnation;  // Unique among processes: "id/unique".
};

// What a write expects and what it makes of the row. Every one is conditional on the counter of `before` and
// adds one to it, so it is applied once at most, however often it is sent.
struct LeaseWrite {
  enum class Kind { kRenew, kTake, kRelease, kHandOver, kCheckpoint, kPrepare, kRewind };

  Kind kind = Kind::kRenew;
  Lease before;
  Lease after;
  // A planted bug for simulation: the row is written whatever its counter says.
  bool ignoreCounter = false;
};

// The owner is alive.
LeaseWrite renewing(const Lease& held);
// `by` becomes the owner; a handoff that was pending is over.
LeaseWrite taking(const Lease& seen, const Worker& by);
// Nobody owns it any more.
LeaseWrite releasing(const Lease& held);
// Makes the worker that asked for it the owner. `held.wantedBy` must not be empty.
LeaseWrite handingOver(const Lease& held);
// Moves the checkpoint and forgets what was prepared. Refused where the row is at SHARD_END and `to` is not.
LeaseWrite checkpointing(const Lease& held, const Checkpoint& to);
// Notes a checkpoint that is to be committed later, with the application's own bytes.
LeaseWrite preparing(const Lease& held, const Checkpoint& pending, std::optional<std::string> state);
// By the operator's command alone: the checkpoint may move back, and nobody owns the row afterwards. Refused
// if an owner has come since.
LeaseWrite rewinding(const Lease& seen, const Checkpoint& to);

// Why `row` refuses `write`; nothing if the condition holds.
std::optional<std::string> refusalOf(const LeaseWrite& write, const Lease& row);
// Changes of `row` what `write` changes; the rest belongs to other writes, which may have come between.
void applyTo(Lease& row, const LeaseWrite& write);
// Whether `row` is as `write` leaves it.
bool isAppliedTo(const LeaseWrite& write, const Lease& row);

}  // namespace tidemill::lease
