// consume/checkpoint_state.h: how far one shard is, and whether its lease checkpoint is due.
#pragma once

#include <cstdint>
#include <optional>

#include "lease/checkpoint.h"
#include "rt/time.h"

namespace tidemill::consume {

// A write of the checkpoint of a lease row: the records of this run that it covers are `records`.
struct CheckpointWrite {
  lease::Checkpoint to;
  std::int64_t records = 0;

  friend bool operator==(const CheckpointWrite&, const CheckpointWrite&) = default;
};

// Pure: all times are passed in. Invariant: written <= processed, and both only grow.
class CheckpointState {
 public:
  // `written` is what the lease row says at the start. The first checkpoint is due at once, later ones at
  // least `interval` after the one before, except the end of the shard, which is due at once again.
  CheckpointState(lease::Checkpoint written, rt::Duration interval)
      : processed_(written), written_(std::move(written)), interval_(interval) {}

  // The outputs of everything up to `to`, `records` more than before, have succeeded.
  void processed(const lease::Checkpoint& to, std::int64_t records);

  // The write to make now; nothing if nothing is new or the interval is not over.
  std::optional<CheckpointWrite> due(rt::TimePoint now) const;
  // The same without looking at the interval: for the last pass.
  std::optional<CheckpointWrite> outstanding() const;

  // `write` was made at `now`; it came from due() or outstanding().
  void written(const CheckpointWrite& write, rt::TimePoint now);

  const lease::Checkpoint& processedUpTo() const { return processed_; }
  std::int64_t recordsProcessed() const { return recordsProcessed_; }
  // Records of this run that the written checkpoint covers.
  std::int64_t recordsWritten() const { return recordsWritten_; }

 private:
  lease::Checkpoint processed_;
  lease::Checkpoint written_;
  const rt::Duration interval_;
  std::optional<rt::TimePoint> lastWrite_;
  std::int64_t recordsProcessed_ = 0;
  std::int64_t recordsWritten_ = 0;
};

}  // namespace tidemill::consume
