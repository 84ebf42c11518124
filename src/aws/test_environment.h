// aws/test_environment.h: environments made for a test.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aws/environment.h"

namespace tidemill::aws {

// An environment with these variables and no others.
inline Environment environmentOf(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace tidemill::aws
