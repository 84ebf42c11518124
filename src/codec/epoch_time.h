// codec/epoch_time.h: times as Kinesis writes them in JSON, in seconds with a fraction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill::codec {

// Milliseconds of a JSON number of seconds, e.g. 1459799926480 for "1459799926.480" and "1.45979992648E9".
// Exact: the digits are never turned into a floating point number. What lies behind the milliseconds is
// rounded to the nearest. Nothing if the text is not a JSON number or does not fit.
std::optional<std::int64_t> parseEpochSeconds(std::string_view text);

// "1459799926.480": always three digits behind the point.
std::string formatEpochSeconds(std::int64_t epochMilliseconds);

}  // namespace tidemill::codec
