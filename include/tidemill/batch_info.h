// tidemill/batch_info.h: what an output operation may know of the batch that it runs for.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidemill/sequence_number_range.h"
#include "tidemill/time.h"

namespace tidemill {

// Under which lease records were read: `token` grows with each change of the shard's owner. A sink that keeps
// the highest token of each shard and refuses lower ones keeps out a worker that lost the shard and does not
// know it yet.
struct FencingToken {
  std::string streamName;
  std::string shardId;
  std::int64_t token = 0;

  friend auto operator<=>(const FencingToken&, const FencingToken&) = default;
};

// What one input contributes to a batch.
struct StreamInputInfo {
  // 0 for the first input that the program defines, and so on.
  int streamId = 0;
  std::int64_t records = 0;
};

struct BatchInfo {
  Time time{};
  // Every record of the batch lies in exactly one of these, in order per shard. A sink that stores them in
  // the same transaction as its results knows at a restart what it has already done.
  SequenceNumberRanges ranges;
  // One for each shard that the ranges name, in order of stream and shard.
  std::vector<FencingToken> tokens = {};
  std::int64_t records = 0;
  // 1 for the first try; a batch whose output failed is tried again with the same records.
  int attempt = 1;
  // By stream id; one for each input.
  std::vector<StreamInputInfo> inputs = {};
  // When the batch was ready, when work on it began, and when its outputs had succeeded, those of further
  // tries included; by the wall clock. Nothing: not yet, or, as of batches that an earlier process has left,
  // not known.
  std::optional<Time> submissionTime = std::nullopt;
  std::optional<Time> processingStartTime = std::nullopt;
  std::optional<Time> processingEndTime = std::nullopt;
  // What lies between the first two, and between the last two. By the monotonic clock, so that they are right
  // though the wall clock jumps.
  std::optional<Duration> schedulingDelay = std::nullopt;
  std::optional<Duration> processingDelay = std::nullopt;

  // Both together.
  std::optional<Duration> totalDelay() const {
    if (!schedulingDelay || !processingDelay) return std::nullopt;
    return *schedulingDelay + *processingDelay;
  }
};

}  // namespace tidemill
