#include "fake/kinesis_limits.h"

#include <algorithm>

namespace tidemill::fake {
namespace {

// Calls per second of the account, from the service's table of quotas; 0: none that a client meets.
std::int64_t callsPerSecond(std::string_view operation) {
  if (operation == "ListShards") return 1000;
  if (operation == "DescribeStreamSummary") return 20;
  if (operation == "DescribeStream") return 10;
  if (operation == "DescribeLimits") return 1;
  if (operation == "ListStreams" || operation == "CreateStream" || operation == "DeleteStream") return 5;
  if (operation == "SplitShard" || operation == "MergeShards") return 5;
  if (operation == "IncreaseStreamRetentionPeriod" || operation == "DecreaseStreamRetentionPeriod") return 5;
  return 0;
}

}  // namespace

bool RateLimit::allows(std::int64_t amount, rt::WallTime now) {
  const std::int64_t full = perSecond_ * 1000;
  // More than a minute fills any debt that one answer can make, and longer gaps could overflow.
  const auto elapsed = std::clamp<std::int64_t>((now - refilled_).count(), 0, 60'000);
  level_ = std::min(full, level_ + elapsed * perSecond_);
  refilled_ = std::max(refilled_, now);
  return level_ >= std::min(full, amount * 1000);
}

bool ControlLimits::admits(std::string_view operation, rt::WallTime now) {
  const std::int64_t perSecond = callsPerSecond(operation);
  if (perSecond == 0) return true;
  auto found = limits_.find(operation);
  if (found == limits_.end()) found = limits_.emplace(std::string(operation), RateLimit(perSecond)).first;
  if (!found->second.allows(1, now)) return false;
  found->second.take(1);
  return true;
}

}  // namespace tidemill::fake
