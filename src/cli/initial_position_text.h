// cli/initial_position_text.h: where to start reading, as it is written on the command line.
#pragma once

#include <string_view>

#include "tidemill/initial_position.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// TRIM_HORIZON, LATEST or AT_TIMESTAMP=T, where T is a time like 2026-11-24T03:20:00Z (fractions of seconds
// and offsets like +02:00 may be given) or the milliseconds since 1970. kUsage for anything else.
Result<KinesisInitialPosition> parseInitialPosition(std::string_view text);

}  // namespace tidemill::cli
