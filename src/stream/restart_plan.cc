#include "stream/restart_plan.h"

#include <algorithm>

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDelayMax = 60s;
constexpr rt::Duration kHealthyAfter = 60s;

}  // namespace

bool mayPass(const Error& error) {
  switch (error.code()) {
    case Code::kNoCredentials:
    case Code::kExpiredToken:
    case Code::kResourceInUse:
    case Code::kLimitExceeded:
    case Code::kExpiredIterator:
    case Code::kExpiredNextToken:
    case Code::kTlsFailed:
    case Code::kMalformedResponse:
      return true;
    default:
      return error.retryable();
  }
}

std::optional<Duration> RestartPlan::failed(const std::string& shardId, const Error& error,
                                            rt::TimePoint now) {
  if (!mayPass(error)) return std::nullopt;
  if (shardId.empty() && restarted_ && now - *restarted_ >= kHealthyAfter) failures_ = 0;
  if (failures_ >= options_.restartsMax) return std::nullopt;
  failedShard_ = shardId;
  Duration delay = options_.delay;
  for (int i = 0; i < failures_ && delay < kDelayMax; ++i) delay = std::min(delay * 2, kDelayMax);
  ++failures_;
  return delay;
}

void RestartPlan::sealed(const block::BlockInfo& block) {
  if (failures_ == 0 || failedShard_.empty()) return;
  const auto ofShard = [this](const std::string& shardId) { return shardId == failedShard_; };
  const bool records =
      std::any_of(block.slices.begin(), block.slices.end(),
                  [&](const block::SliceInfo& slice) { return ofShard(slice.range.shardId); });
  const bool end = std::any_of(block.ends.begin(), block.ends.end(),
                               [&](const block::ShardEnd& one) { return ofShard(one.shardId); });
  if (records || end) failures_ = 0;
}

}  // namespace tidemill::stream
