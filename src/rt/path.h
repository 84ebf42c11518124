// rt/path.h: what a path says by itself, without a look at any file.
#pragma once

#include <string>

namespace tidemill::rt {

// "a/b" of "a/b/c"; "." of "c"; "/" of "/c".
std::string directoryOf(const std::string& path);

}  // namespace tidemill::rt
