// cli/settings.h: the options --set KEY=VALUE of commands that run a streaming program.
#pragma once

#include <string>
#include <vector>

#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// Sets each on `conf`. kUsage for one without '='; kInvalidConfig, naming key and value, for one that cannot
// be read.
Result<void> applySettings(Conf& conf, const std::vector<std::string>& settings);

}  // namespace tidemill::cli
