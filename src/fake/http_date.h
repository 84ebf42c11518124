// fake/http_date.h: dates as HTTP's headers write them.
#pragma once

#include <fmt/chrono.h>

#include <chrono>
#include <ctime>
#include <string>

namespace tidemill::fake {

// "Tue, 15 Nov 1994 08:12:31 GMT"
inline std::string httpDate(std::chrono::sys_seconds at) {
  const std::time_t seconds = at.time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
}

}  // namespace tidemill::fake
