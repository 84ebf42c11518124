// cli/word_count_job.h: the program of `tidemill count`: lines in, words counted exactly once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/word_count_sink.h"
#include "tidemill/kinesis_utils.h"

namespace tidemill::cli {

// A view of one record: enough to tell whether it was counted before, and to show where it came from.
struct Line {
  std::string_view shardId;
  std::string_view sequenceNumber;
  std::string_view text;
  std::uint64_t subSequenceNumber = 0;
  Aggregation aggregation = Aggregation::kNone;
};

// What is shown of one record: a copy, since a record's bytes may be gone when a task has ended.
struct ShownLine {
  std::string shardId;
  std::string sequenceNumber;
  std::int64_t bytes = 0;
  std::uint64_t subSequenceNumber = 0;
  Aggregation aggregation = Aggregation::kNone;
};

enum class ShownRecords {
  kNone,
  kAggregated,  // Parts of aggregated records, and such records that cannot be read.
  kAll,
};

struct WordCountOptions {
  std::string application;
  std::string stream;
  std::string endpoint;
  std::string region;
  KinesisInitialPosition initialPosition = KinesisInitialPosition::TrimHorizon();
  Duration checkpointInterval = Seconds(1);
  StorageLevel storageLevel = StorageLevel::MEMORY_AND_DISK;
  // Loses one record on purpose, so that a comparison of the counts can be seen to fail.
  bool dropRecord = false;
  // Each batch with records takes so much longer before its counts are in.
  std::chrono::milliseconds slowness{0};
  // Which records are shown once their batch is counted, and to whom: in the order of arrival, on a worker
  // thread. Records may be shown twice after a crash, as they may be delivered twice.
  ShownRecords shown = ShownRecords::kNone;
  std::function<void(const BatchInfo& batch, const std::vector<ShownLine>& lines)> show = {};
};

// Defines the stream and its one output on `context`. The output shares the sink, so that one which the
// context has abandoned still finds it.
void defineWordCount(StreamingContext& context, std::shared_ptr<WordCountSink> sink,
                     const WordCountOptions& options);

// Counts what is fresh in one batch and commits it; counts again when somebody else commits meanwhile. The
// first fresh line is left out if `dropNext` is set, which it then no longer is. Throws Error: what the sink
// says.
void countBatch(WordCountSink& sink, const RDD<Line>& lines, const BatchInfo& batch,
                std::atomic<bool>& dropNext);

}  // namespace tidemill::cli
