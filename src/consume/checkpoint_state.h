// consume/checkpoint_state.h: how far one shard is, and whether its lease checkpoint is due.
#pragma once

#include <cstdint>
#include <optional>

#include "lease/checkpoint.h"
#include "rt/time.h"

namespace tidemill::consume {

// Pure: all times are passed in. Invariant: written <= processed, and both only grow.
class CheckpointState {
 public:
  // `written` is what the lease row says at the start. The first checkpoint is due at once, later ones at
  // least `interval` after the one before.
  CheckpointState(lease::Checkpoint written, rt::Duration interval)
      : processed_(written), written_(std::move(written)), interval_(interval) {}

  // The outputs of everything up to `to`, `records` more than before, have succeeded.
  void processed(const lease::Checkpoint& to, std::int64_t records);

  // The checkpoint to write now; nothing if nothing is new or the interval is not over.
  std::optional<lease::Checkpoint> due(rt::TimePoint now) const;
  // The same without looking at the interval: for the last pass.
  std::optional<lease::Checkpoint> outstanding() const;

  // `to` was written at `now`; it came from due() or outstanding(), when `recordsProcessed()` was `records`.
  void written(const lease::Checkpoint& to, std::int64_t records, rt::TimePoint now);

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
