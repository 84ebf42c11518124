// http/http_date.h: the Date header of an answer.
#pragma once

#include <optional>
#include <string_view>

#include "rt/time.h"

namespace tidemill::http {

// The moment of "Sun, 06 Nov 1994 08:49:37 GMT", the one form that today's servers send (RFC 9110, 5.6.7).
// Nothing for any other text.
std::optional<rt::WallTime> parseHttpDate(std::string_view text);

}  // namespace tidemill::http
