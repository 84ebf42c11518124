// cli/settings.h: where a command finds its settings: a file, the environment, its options.
#pragma once

#include <string>
#include <vector>

#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// What the file says if there is one, over it the variables TIDEMILL_CONF_…, over both `settings`, as below.
// Errors: those of Conf.
Result<Conf> loadSettings(const std::string& file, const std::vector<std::string>& settings);

// One warning for each key that does nothing.
void warnOfKeys(Conf& conf);

// Sets each on `conf`. kUsage for one without '='; kInvalidConfig, naming key and value, for one that cannot
// be read.
Result<void> applySettings(Conf& conf, const std::vector<std::string>& settings);

}  // namespace tidemill::cli
