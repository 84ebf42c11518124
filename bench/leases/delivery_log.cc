#include "delivery_log.h"

namespace tidemill::bench {

void DeliveryLog::delivered(const std::string& shardId) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto [shard, isNew] = shards_.try_emplace(shardId, Deliveries{now, now, 0});
  shard->second.last = now;
  ++shard->second.batches;
  if (isNew) changed_.notify_all();
}

std::optional<Deliveries> DeliveryLog::awaitFirst(const std::string& shardId, std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  const bool there = changed_.wait_for(lock, patience, [&] { return shards_.contains(shardId); });
  if (!there) return std::nullopt;
  return shards_.at(shardId);
}

Deliveries DeliveryLog::of(const std::string& shardId) const {
  const std::lock_guard lock(mutex_);
  return shards_.at(shardId);
}

}  // namespace tidemill::bench
