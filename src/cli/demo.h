// cli/demo.h: the main job, end to end, with real processes and sockets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/lease_access.h"
#include "cli/output.h"
#include "cli/word_count_sink.h"
#include "tidemill/result.h"

namespace tidemill::cli {

struct DemoOptions {
  std::string text;  // Empty: a text of at least 2 MB is made.
  std::uint64_t seed = 1;
  std::string plant;
  // The fake's DynamoDB, unless another is named: there a table of the run's own stays behind.
  LeaseStoreFlags leases;
  std::string storageLevel = "MEMORY_AND_DISK_2";
  std::string loseBlocks = "30%";
  // Of the consumer: a url, or a scheme alone as for kill9. Empty: none.
  std::string checkpointDirectory;
  std::vector<std::string> settings;
};

struct DemoResult {
  CountTotals totals;
  std::int64_t shards = 0;
  std::int64_t kills = 0;
  // Blocks that were lost on purpose and read again, over both lives of the consumer.
  std::int64_t blocksLost = 0;
  std::int64_t blocksRebuilt = 0;
  std::vector<WordCount> top;
  bool exact = false;
  // SIGTERM or SIGINT: the run ended before its end, and nothing above counts. Else 0.
  int interruptedBy = 0;

  Fields fields() const;
};

// Starts a fake AWS, makes a stream of 4 shards, puts the text line by line, counts its words in batches of
// one second, splits a shard, merges two others, loses a part of the blocks, kills the consumer half way and
// starts it again; then compares the counts with those of the shell's tools. Progress goes to standard error.
// Everything lives in a temporary folder, which is removed unless the run went wrong half way. A signal ends
// the consumer, then the fake. On the main thread, which is the one that the child processes live with.
Result<DemoResult> runDemo(const DemoOptions& options);

}  // namespace tidemill::cli
