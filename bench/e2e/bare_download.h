// bench/e2e/bare_download.h: GetRecords by libcurl alone, bodies thrown away: the least that a client can do.
#pragma once

#include <string>
#include <vector>

#include "tidemill/result.h"
#include "usage.h"

namespace tidemill::bench {

// One easy handle, one shard after the other, each from its iterator up to the first empty page.
Result<Measured> downloadBare(const std::string& endpoint, const std::vector<std::string>& iterators);

}  // namespace tidemill::bench
