// fake/call_counters.h: how often which operation was called, so that tests can bound it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "rt/time.h"

namespace tidemill::fake {

struct CallCount {
  std::uint64_t total = 0;
  // Of these, answered with an error.
  std::uint64_t refused = 0;
  // The most calls within one second of the service's clock.
  std::uint64_t perSecondMax = 0;

  std::int64_t second = 0;
  std::uint64_t inSecond = 0;

  void add(rt::WallTime now) {
    const auto at = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    inSecond = at == second ? inSecond + 1 : 1;
    second = at;
    ++total;
    perSecondMax = std::max(perSecondMax, inSecond);
  }
};

// Keys: the operation; and stream, shard id, operation for calls that name a shard.
struct CallCounters {
  std::map<std::string, CallCount, std::less<>> byOperation;
  std::map<std::tuple<std::string, std::string, std::string>, CallCount> byShard;
  // Refusals by the type of the error.
  std::map<std::string, std::uint64_t, std::less<>> byError;
  // Answers drawn by FakeAwsOptions::bareEnds, of shards that were open.
  std::uint64_t bareEnds = 0;
};

}  // namespace tidemill::fake
