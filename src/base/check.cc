#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tidemill::base {

void checkFailed(const char* expression, const char* file, int line, std::string_view detail) {
  std::fprintf(stderr,
               "error[Bug]: broken invariant %s at %s:%d %.*s\ntry: report this; a restart resumes safely\n",
               expression, file, line, static_cast<int>(detail.size()), detail.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace tidemill::base
