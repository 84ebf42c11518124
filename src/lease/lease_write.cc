#include "lease/lease_write.h"

#include <utility>

#include "base/check.h"

namespace tidemill::lease {
namespace {

LeaseWrite from(LeaseWrite::Kind kind, const Lease& before) {
  LeaseWrite write{kind, before, before};
  ++write.after.leaseCounter;
  return write;
}

void moveTo(Lease& row, const Checkpoint& to) {
  row.checkpoint = to;
  row.ownerSwitchesSinceCheckpoint = 0;
  row.pendingCheckpoint.reset();
  row.pendingCheckpointState.reset();
}

}  // namespace

LeaseWrite renewing(const Lease& held) {
  return from(LeaseWrite::Kind::kRenew, held);
}

LeaseWrite taking(const Lease& seen, const Worker& by) {
  LeaseWrite write = from(LeaseWrite::Kind::kTake, seen);
  const bool fromAnother = !seen.leaseOwner.empty() && seen.leaseOwner != by.id;
  if (fromAnother || seen.checkpointOwner == by.id) ++write.after.ownerSwitchesSinceCheckpoint;
  write.after.leaseOwner = by.id;
  write.after.incarnation = by.incarnation;
  write.after.checkpointOwner.clear();
  write.after.wantedBy.clear();
  return write;
}

LeaseWrite releasing(const Lease& held) {
  LeaseWrite write = from(LeaseWrite::Kind::kRelease, held);
  write.after.leaseOwner.clear();
  write.after.wantedBy.clear();
  return write;
}

LeaseWrite handingOver(const Lease& held) {
  TIDEMILL_CHECK(!held.wantedBy.empty());
  LeaseWrite write = from(LeaseWrite::Kind::kHandOver, held);
  write.after.leaseOwner = held.wantedBy;
  write.after.wantedBy.clear();
  ++write.after.ownerSwitchesSinceCheckpoint;
  return write;
}

LeaseWrite checkpointing(const Lease& held, const Checkpoint& to) {
  LeaseWrite write = from(LeaseWrite::Kind::kCheckpoint, held);
  moveTo(write.after, to);
  return write;
}

LeaseWrite preparing(const Lease& held, const Checkpoint& pending, std::optional<std::string> state) {
  LeaseWrite write = from(LeaseWrite::Kind::kPrepare, held);
  write.after.pendingCheckpoint = pending;
  write.after.pendingCheckpointState = std::move(state);
  return write;
}

LeaseWrite rewinding(const Lease& seen, const Checkpoint& to) {
  LeaseWrite write = from(LeaseWrite::Kind::kRewind, seen);
  moveTo(write.after, to);
  write.after.leaseOwner.clear();
  write.after.checkpointOwner.clear();
  write.after.wantedBy.clear();
  return write;
}

std::optional<std::string> refusalOf(const LeaseWrite& write, const Lease& row) {
  if (!write.ignoreCounter && row.leaseCounter != write.before.leaseCounter) return "the counter has moved";
  const bool moves = write.kind == LeaseWrite::Kind::kCheckpoint || write.kind == LeaseWrite::Kind::kPrepare;
  if (moves && row.checkpoint.isShardEnd() && !write.after.checkpoint.isShardEnd()) {
    return "the shard is finished";
  }
  return std::nullopt;
}

void applyTo(Lease& row, const LeaseWrite& write) {
  row.leaseOwner = write.after.leaseOwner;
  row.leaseCounter = write.after.leaseCounter;
  row.ownerSwitchesSinceCheckpoint = write.after.ownerSwitchesSinceCheckpoint;
  row.checkpoint = write.after.checkpoint;
  row.pendingCheckpoint = write.after.pendingCheckpoint;
  row.pendingCheckpointState = write.after.pendingCheckpointState;
  row.checkpointOwner = write.after.checkpointOwner;
  if (write.kind == LeaseWrite::Kind::kTake) row.incarnation = write.after.incarnation;
  // Whoever asks meanwhile is heard: only a change of owner answers.
  if (write.after.leaseOwner != write.before.leaseOwner) row.wantedBy.clear();
}

bool isAppliedTo(const LeaseWrite& write, const Lease& row) {
  Lease expected = row;
  applyTo(expected, write);
  expected.wantedBy = row.wantedBy;  // Somebody may have asked since.
  return expected == row && row.incarnation == write.after.incarnation;
}

}  // namespace tidemill::lease
