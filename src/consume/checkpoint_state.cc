#include "consume/checkpoint_state.h"

#include "base/check.h"

namespace tidemill::consume {

void CheckpointState::processed(const lease::Checkpoint& to, std::int64_t records) {
  TIDEMILL_CHECK(to >= processed_, "a shard is processed in order");
  processed_ = to;
  recordsProcessed_ += records;
}

std::optional<lease::Checkpoint> CheckpointState::due(rt::TimePoint now) const {
  if (lastWrite_ && now < *lastWrite_ + interval_) return std::nullopt;
  return outstanding();
}

std::optional<lease::Checkpoint> CheckpointState::outstanding() const {
  if (processed_ == written_) return std::nullopt;
  return processed_;
}

void CheckpointState::written(const lease::Checkpoint& to, std::int64_t records, rt::TimePoint now) {
  TIDEMILL_CHECK(to >= written_ && to <= processed_, "a lease checkpoint never goes back and never ahead");
  written_ = to;
  recordsWritten_ = records;
  lastWrite_ = now;
}

}  // namespace tidemill::consume
