// consume/checkpoint_tries.h: how often one checkpoint is tried.
#pragma once

#include <functional>

#include "base/random.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill::consume {

struct CheckpointTries {
  Result<void> last;
  // At least 1.
  int tries = 0;
};

// Calls `write` up to `triesMax` times, as long as it fails in a way that may pass (throttling, outages,
// time-outs), with a pause of 0 to 99 ms in between, drawn so that workers which fail together do not come
// back together. What `write` throws is kUserCodeFailed and is not tried again. (Spark: retryRandom)
CheckpointTries tryCheckpoint(int triesMax, base::Random& random, const std::function<void(Duration)>& pause,
                              const std::function<Result<void>()>& write);

}  // namespace tidemill::consume
