// cli/word_count_job.h: the program of `tidemill count`: lines in, words counted exactly once.
#pragma once

#include <atomic>
#include <string>

#include "cli/word_count_sink.h"
#include "tidemill/kinesis_utils.h"

namespace tidemill::cli {

struct WordCountOptions {
  std::string application;
  std::string stream;
  std::string endpoint;
  std::string region;
  KinesisInitialPosition initialPosition = KinesisInitialPosition::TrimHorizon();
  Duration checkpointInterval = Seconds(1);
  // Loses one record on purpose, so that a comparison of the counts can be seen to fail.
  bool dropRecord = false;
};

// Defines the stream and its one output on `context`. `sink` and this object outlive the context.
class WordCountJob {
 public:
  WordCountJob(StreamingContext& context, WordCountSink& sink, const WordCountOptions& options);

 private:
  WordCountSink& sink_;
  std::atomic<bool> dropNext_;
};

}  // namespace tidemill::cli
