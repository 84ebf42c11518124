// base/check.h: invariants that must hold; checked in production too.
#pragma once

#include <string_view>

namespace tidemill::base {

// Prints the broken invariant and ends the process. Continuing on a broken invariant could lose records.
[[noreturn]] void checkFailed(const char* expression, const char* file, int line, std::string_view detail);

}  // namespace tidemill::base

// TIDEMILL_CHECK(x > 0) or TIDEMILL_CHECK(x > 0, "why it must hold")
#define TIDEMILL_CHECK(expression, ...) \
  ((expression)                         \
       ? static_cast<void>(0)           \
       : ::tidemill::base::checkFailed(#expression, __FILE__, __LINE__, ::std::string_view{__VA_ARGS__}))
