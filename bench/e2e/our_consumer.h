// bench/e2e/our_consumer.h: the whole stream, counted by a streaming program as users write it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemill/result.h"
#include "usage.h"

namespace tidemill::bench {

// Ends once `records` records were counted in batches, its graceful stop included. `settings` are key=value.
// kUsage or kInvalidConfig for a setting that is refused.
Result<Measured> consumeOurs(const std::string& endpoint, std::int64_t records,
                             const std::vector<std::string>& settings);

}  // namespace tidemill::bench
