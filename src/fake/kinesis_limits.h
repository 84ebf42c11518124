// fake/kinesis_limits.h: how much the service lets a client do in a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "rt/time.h"

namespace tidemill::fake {

// A bucket that holds at most one second's worth. What is taken may exceed what is there: then the bucket is
// in debt, and everything is refused until time has paid it. Time does not go back.
class RateLimit {
 public:
  explicit RateLimit(std::int64_t perSecond) : perSecond_(perSecond), level_(perSecond * 1000) {}

  // True if `amount`, or a full bucket's worth of it, is there.
  bool allows(std::int64_t amount, rt::WallTime now);
  void take(std::int64_t amount) { level_ -= amount * 1000; }

 private:
  std::int64_t perSecond_;
  // Thousandths, so that milliseconds refill without rounding.
  std::int64_t level_;
  rt::WallTime refilled_{};
};

// The limits of one shard.
struct ShardLimits {
  RateLimit reads{5};
  RateLimit readBytes{2 << 20};
  RateLimit iterators{5};
  RateLimit writeBytes{1 << 20};
  RateLimit writeRecords{1000};
};

// The limits of control operations, per account.
class ControlLimits {
 public:
  // False if `operation` has a limit and it is used up; takes one call otherwise.
  bool admits(std::string_view operation, rt::WallTime now);

 private:
  std::map<std::string, RateLimit, std::less<>> limits_;
};

}  // namespace tidemill::fake
