// cli/stream_survey.h: what an operator's command looks up in a stream: how far behind a lease is, where a
// time lies, and what a stretch of a shard holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "lease/lease.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::cli {

// Where reading goes on after the lease's checkpoint. Nothing for SHARD_END, and for a time that the row does
// not hold.
std::optional<kinesis::IteratorPosition> positionAfter(const lease::Lease& lease);
std::optional<kinesis::IteratorPosition> positionAfter(const lease::Checkpoint& checkpoint);

struct Lags {
  // By lease key: how long the oldest record after the checkpoint has been in the stream, or how far the
  // checkpoint is behind the tip where no record is near.
  std::map<std::string, std::int64_t> milliseconds;
  // Why some are missing.
  std::optional<Error> firstFailure;
};
// One record of each shard that has not ended is read, one shard after the other, for half a minute at most.
// References must stay valid until the task ends.
rt::Task<Lags> surveyLags(rt::Loop& loop, kinesis::KinesisApi& api, const std::string& stream,
                          const std::vector<lease::Lease>& leases);

// One shard, read by somebody who must leave most of its five calls per second to the fleet.
struct SurveyedShard {
  rt::Loop& loop;
  kinesis::KinesisApi& api;
  std::string stream;
  std::string shardId;
};

// Records and their bytes as the limits of a shard count them.
struct Repeats {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  // False: the limit of reading was reached, so there are more.
  bool complete = true;

  bool operator==(const Repeats&) const = default;
};
// What lies behind `from` up to and including `upTo`, a sequence number or SHARD_END. Reads 20 pages at most.
// Errors: those of Kinesis; kUnknownStream for a shard that the stream no longer has.
rt::Task<Result<Repeats>> surveyRepeats(SurveyedShard shard, lease::Checkpoint from, lease::Checkpoint upTo);

// The checkpoint behind which the first record is that arrived at or after `time`: the last record before it,
// or an earlier one where the search would be long; TRIM_HORIZON if the shard holds none; SHARD_END if the
// shard has ended before. Number arithmetic would not do: only numbers that a shard has given are sure to be
// taken by the service.
rt::Task<Result<lease::Checkpoint>> surveyTime(SurveyedShard shard, rt::WallTime time);

}  // namespace tidemill::cli
