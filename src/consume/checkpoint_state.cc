#include "consume/checkpoint_state.h"

#include "base/check.h"

namespace tidemill::consume {

void CheckpointState::processed(const lease::Checkpoint& to, std::int64_t records) {
  TIDEMILL_CHECK(to >= processed_, "a shard is processed in order");
  processed_ = to;
  recordsProcessed_ += records;
}

std::optional<CheckpointWrite> CheckpointState::due(rt::TimePoint now) const {
  const bool early = lastWrite_ && now < rt::laterBy(*lastWrite_, interval_);
  if (early && !processed_.isShardEnd()) return std::nullopt;
  return outstanding();
}

std::optional<CheckpointWrite> CheckpointState::outstanding() const {
  if (processed_ == written_) return std::nullopt;
  return CheckpointWrite{processed_, recordsProcessed_};
}

void CheckpointState::written(const CheckpointWrite& write, rt::TimePoint now) {
  TIDEMILL_CHECK(write.to >= written_ && write.to <= processed_,
                 "a lease checkpoint never goes back and never ahead");
  written_ = write.to;
  recordsWritten_ = write.records;
  lastWrite_ = now;
}

}  // namespace tidemill::consume
