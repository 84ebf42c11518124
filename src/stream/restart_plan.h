// stream/restart_plan.h: whether a receiver that failed is started again, and when.
#pragma once

#include <optional>
#include <string>

#include "block/block_info.h"
#include "rt/time.h"
#include "tidemill/error.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// False for failures that need a person: configuration, permission, a stream or table that does not exist,
// records that are gone, another owner, the machine's disk. True for those of services and networks, however
// stubborn, and of credentials that a provider renews.
bool mayPass(const Error& error);

struct RestartOptions {
  // Before the first restart; it doubles with each. (Spark: spark.streaming.receiverRestartDelay)
  Duration delay{2000};
  // In a row. (tidemill.receiver.maxRestarts)
  int restartsMax = 10;
};

// Counts the failures in a row: they are over when the shard that failed has brought a record or its end, or,
// if no shard did, when all has gone well for a minute. A value; `now` is passed in.
class RestartPlan {
 public:
  explicit RestartPlan(const RestartOptions& options) : options_(options) {}

  // The wait before the restart; nothing: the receiver has failed for good. `shardId`: where reading failed;
  // empty: the leases.
  std::optional<Duration> failed(const std::string& shardId, const Error& error, rt::TimePoint now);
  void restarted(rt::TimePoint now) { restarted_ = now; }
  void sealed(const block::BlockInfo& block);

  // Since they began to fail.
  int failures() const { return failures_; }

 private:
  const RestartOptions options_;
  int failures_ = 0;
  std::string failedShard_;
  std::optional<rt::TimePoint> restarted_;
};

}  // namespace tidemill::stream
