// cli/conf_document.h: the keys of a configuration, as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tidemill/conf.h"

namespace tidemill::cli {

// docs/CONFIGURATION.md.
std::string confDocument();

// `key: value` of a key; with `explain` also where the value comes from, which it may be, and what it does.
std::vector<std::string> confLines(const Conf& conf, const ConfKey& key, bool explain);
// {"keys":[{"key":…,"value":…,"origin":…,"type":…,"unit":…,"default":…,"range":…,"acts":…,
// "variable":…,"meaning":…},…]}
std::string confJson(const Conf& conf, const std::vector<ConfKey>& keys);

}  // namespace tidemill::cli
