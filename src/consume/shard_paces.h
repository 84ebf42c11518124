// consume/shard_paces.h: what everything that reads a shard in this process shares of its limits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "consume/pace.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::consume {

// Of one shard. The service counts calls of GetShardIterator apart from those of GetRecords.
struct ShardPace {
  explicit ShardPace(PaceOptions options)
      : reads(options),
        iterators(
            {options.callsPerSecond, 0, options.idle, options.afterThrottle, options.afterThrottleMax}) {}

  Pace reads;
  Pace iterators;
  // Readers of lost blocks that wait for a turn of `reads` now. A batch waits for them.
  int recoveriesWaiting = 0;
  bool lastReadWasLive = false;
};

// Waits until `pace` allows a call and counts it, in one step, so that no two callers take the same turn.
rt::Task<void> takeTurn(rt::Loop& loop, Pace& pace);

// The same for the live reader, which lets a recovery that waits go first every other time: else it could win
// each turn, since a recovery also waits for room for the answer.
rt::Task<void> takeLiveTurn(rt::Loop& loop, ShardPace& pace);

// Gives the live reader of a shard and the recovery of the same shard one pace. Lives on one fetch lane.
class ShardPaces {
 public:
  explicit ShardPaces(PaceOptions options) : options_(options) {}

  // The same for the same shard as long as anybody keeps it, or it has something to say at `now`.
  std::shared_ptr<ShardPace> of(const std::string& stream, const std::string& shardId, rt::TimePoint now);

 private:
  const PaceOptions options_;
  // Swept when it has doubled: bounded by twice the shards that are being read.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<ShardPace>> paces_;
  std::size_t sweepAt_ = 64;
};

}  // namespace tidemill::consume
