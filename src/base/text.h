// base/text.h: small helpers on text that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemill::base {

// `text` as it is when it is plain; else in double quotes with \", \\, \n, \r, \t and \xHH escapes, so that
// it is safe in a log line or an error message whatever it holds. Longer than 512 bytes is cut with "…".
std::string quoteIfNeeded(std::string_view text);

// Appends `c`, or if it is an ASCII control character its escape: \n, \r, \t or \xHH.
void appendEscaped(std::string& to, char c);

// The parts between separators; "a,,b" has three, "" has one empty one.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);
std::string toLower(std::string_view text);
// Whether both are the same but for the case of ASCII letters.
bool equalsIgnoringCase(std::string_view a, std::string_view b);

// The whole of `text` as a decimal integer, or nothing.
std::optional<std::int64_t> parseInteger(std::string_view text);

// Lower-case hexadecimal digits of the bytes.
std::string toHex(std::string_view bytes);

// The number of single-character edits between two short texts (Levenshtein).
std::size_t editDistance(std::string_view a, std::string_view b);

}  // namespace tidemill::base
