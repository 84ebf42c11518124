// cli/kill9.h: a real consumer that is killed at random moments, run after run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output.h"
#include "tidemill/result.h"

namespace tidemill::cli {

struct Kill9Options {
  // Range: 1 to 10,000.
  int runs = 20;
  // Of the moments, of the text and of the fake AWS.
  std::uint64_t seed = 1;
  // Url under which each run has a checkpoint directory of its own; "file:" alone: in the temporary folder;
  // "s3:" or "hdfs:" alone: in a store that the fake AWS serves. Empty: none.
  std::string checkpointDirectory;
  std::vector<std::string> settings;
};

struct Kill9Result {
  int runs = 0;
  int exact = 0;
  std::int64_t kills = 0;
  std::int64_t records = 0;
  std::int64_t duplicates = 0;
  // SIGTERM or SIGINT: the run ended before its end. Else 0.
  int interruptedBy = 0;

  Fields fields() const;
};

// Each run: a stream of its own on one fake AWS, text that is put in while the consumer counts it, one to
// three kills with SIGKILL at random moments of its life, and in the end the counts against those of the
// shell's tools. Progress goes to standard error. Folders of runs that were not exact stay. On the main
// thread, which is the one that the child processes live with.
Result<Kill9Result> runKill9(const Kill9Options& options);

}  // namespace tidemill::cli
