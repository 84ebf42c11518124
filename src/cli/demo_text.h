// cli/demo_text.h: the text that the demo counts, and what its words must add up to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/word_count_sink.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// A line and its partition key must fit the 1 MiB of a record.
inline constexpr std::size_t kDemoLineBytesMax = (1u << 20) - 64;

// Writes the text to `path`, and gives its lines without their ends: a copy of `source`, or, if that is
// empty, the licences that Debian ships, repeated to at least `bytesMin`. Without a newline at the end of the
// source one is added. Errors: kIo, kUsage (no text, or a line that no record holds, naming it).
Result<std::vector<std::string>> prepareText(const std::string& source, std::int64_t bytesMin,
                                             const std::string& path);

// Counts the words of the file with `tr`, `sort` and `uniq`: programs that share no code with ours.
Result<std::vector<WordCount>> countByShell(const std::string& path);

// What differs first, in words for a person; empty if nothing does.
std::string firstDifference(const std::vector<WordCount>& ours, const std::vector<WordCount>& theirs);

}  // namespace tidemill::cli
