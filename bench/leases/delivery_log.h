// bench/leases/delivery_log.h: when which shard was delivered.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace tidemill::bench {

using Clock = std::chrono::steady_clock;

struct Deliveries {
  Clock::time_point first;
  Clock::time_point last;
  int batches = 0;
};

// Written by handlers of several threads, read by the one that measures.
class DeliveryLog {
 public:
  void delivered(const std::string& shardId);
  // Nothing if the shard is not delivered within `patience`.
  std::optional<Deliveries> awaitFirst(const std::string& shardId, std::chrono::seconds patience);
  // Of a shard that was delivered.
  Deliveries of(const std::string& shardId) const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Deliveries> shards_;
};

}  // namespace tidemill::bench
