// cli/demo_text.h: the text that the demo counts, and what its words must add up to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/word_count_sink.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// Writes the text to `path`: a copy of `source`, or, if that is empty, the licences that Debian ships,
// repeated to at least `bytesMin`. Without a newline at the end of the source one is added. Errors: kIo,
// kUsage (no text).
Result<void> prepareText(const std::string& source, std::int64_t bytesMin, const std::string& path);

// The lines of a file, without their ends.
Result<std::vector<std::string>> linesOf(const std::string& path);

// Counts the words of the file with `tr`, `sort` and `uniq`: programs that share no code with ours.
Result<std::vector<WordCount>> countByShell(const std::string& path);

}  // namespace tidemill::cli
