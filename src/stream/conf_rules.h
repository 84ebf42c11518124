// stream/conf_rules.h: what settings say of each other.
#pragma once

#include <string>
#include <vector>

#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// Before a context starts. kInvalidConfig, naming both keys and where they were set: settings that exclude
// each other, or one that needs what is not there.
Result<void> checkTogether(const Conf& conf, bool hasCheckpointDirectory);

// Settings that are set, and do less than they seem to because of another. One sentence each.
struct OverriddenKey {
  std::string key;
  std::string by;
  std::string effect;
};
std::vector<OverriddenKey> overriddenKeys(const Conf& conf);

}  // namespace tidemill::stream
