#include "consume/tenure.h"

#include <algorithm>
#include <utility>

namespace tidemill::consume {

using namespace std::chrono_literals;
using lease::LeaseWrite;

rt::Duration LeaseTimes::renewEvery() const {
  return std::max<rt::Duration>(failover / 3 - 25ms, failover / 6);
}

rt::Duration LeaseTimes::validFor() const {
  return failover - failover / 50 - std::min<rt::Duration>(25ms, failover / 50);
}

Tenure::Tenure(lease::Lease row, rt::TimePoint sent, LeaseTimes times, rt::Duration checkpointInterval)
    : row_(std::move(row)),
      token_(row_.leaseCounter),
      times_(times),
      sent_(sent),
      validUntil_(rt::laterBy(sent, times.validFor())),
      fence_(std::make_shared<LeaseFence>(validUntil_)),
      checkpoints_(row_.checkpoint, checkpointInterval) {}

void Tenure::prepare(const lease::Checkpoint& pending, std::optional<std::string> state) {
  prepared_ = Prepared{pending, std::move(state)};
}

void Tenure::askedBy(const std::string& worker) {
  row_.wantedBy = worker;
}

std::optional<TenureWrite> Tenure::next(rt::TimePoint now, TenureStage stage) const {
  if (writing_ || now < retryAt_) return std::nullopt;
  if (unsettled_) return unsettled_;
  const bool all = stage == TenureStage::kFinishing || handingOver_;
  const auto moved = all ? checkpoints_.outstanding() : checkpoints_.due(now);
  if (moved) return TenureWrite{lease::checkpointing(row_, moved->to), moved, {}};
  if (prepared_) return TenureWrite{lease::preparing(row_, prepared_->pending, prepared_->state), {}, {}};
  // Nobody renews a finished row, and its owner would seem alive to nobody but count for some.
  if (row_.checkpoint.isShardEnd()) return TenureWrite{lease::releasing(row_), {}, {}};
  if (handingOver_ && !row_.wantedBy.empty()) return TenureWrite{lease::handingOver(row_), {}, {}};
  if (stage == TenureStage::kFinishing) return TenureWrite{lease::releasing(row_), {}, {}};
  if (now >= rt::laterBy(sent_, times_.renewEvery())) return TenureWrite{lease::renewing(row_), {}, {}};
  return std::nullopt;
}

void Tenure::done(const TenureWrite& write, rt::TimePoint sent, rt::TimePoint now) {
  writing_ = false;
  unsettled_.reset();
  retryAt_ = {};
  lease::applyTo(row_, write.write);
  sent_ = sent;
  validUntil_ = rt::laterBy(sent, times_.validFor());
  fence_->moveTo(validUntil_);
  if (write.checkpoint) {
    checkpoints_.written(*write.checkpoint, now);
    if (prepared_ && prepared_->pending <= write.checkpoint->to) prepared_.reset();
  }
  if (write.write.kind == LeaseWrite::Kind::kPrepare && prepared_ &&
      write.write.after.pendingCheckpoint == prepared_->pending) {
    prepared_.reset();
  }
}

void Tenure::unsettled(TenureWrite write, rt::TimePoint retryAt) {
  writing_ = false;
  unsettled_ = std::move(write);
  retryAt_ = retryAt;
}

}  // namespace tidemill::consume
