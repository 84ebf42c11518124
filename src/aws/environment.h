// aws/environment.h: the variables of the process, as a function that tests can replace.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill::aws {

// The value of a variable. Absent and empty are the same: AWS's tools treat them so.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// Reads the real environment. Call it before threads that might change it.
Environment processEnvironment();

}  // namespace tidemill::aws
