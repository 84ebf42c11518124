// cli/rewind_plan.h: which leases a rewind moves, and where to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/stream_survey.h"
#include "lease/lease.h"

namespace tidemill::cli {

// What an operator asks for.
struct RewindTarget {
  enum class Kind { kTrimHorizon, kTime, kSequenceNumber };
  Kind kind = Kind::kTrimHorizon;
  rt::WallTime time{};
  std::string sequenceNumber;
};

// "TRIM_HORIZON"; a time like 2026-11-24T03:20:00Z, or AT_TIMESTAMP=T as for --initial-position; or the
// digits of a sequence number, whose record counts as processed. kUsage for anything else.
Result<RewindTarget> parseRewindTarget(std::string_view text);

// What becomes of one lease.
struct RewindStep {
  lease::Lease lease;
  lease::Checkpoint to;
  // Why it is left alone; empty: it moves.
  std::string stays;
  // What will come again; nothing: not known.
  std::optional<Repeats> repeats;

  bool moves() const { return stays.empty(); }
};

// A rewind never moves a lease forwards: that would skip records. `to` is the target as a checkpoint of this
// shard; `time` is set if it was a time.
RewindStep rewindStep(const lease::Lease& lease, const lease::Checkpoint& to,
                      const std::optional<rt::WallTime>& time);

struct RewindPlan {
  std::string application;
  std::string target;  // As it was asked for.
  std::vector<RewindStep> steps;
  // Shards that the stream holds and that have no lease: nothing of them is read again. Empty also if the
  // stream was not asked.
  std::vector<std::string> withoutLease;

  std::size_t moving() const;
  // Of all that move. Nothing: unknown for all; not complete: unknown for some, or more than could be read.
  std::optional<Repeats> repeats() const;
};

// "shardId-…: 4959… to TRIM_HORIZON, repeats records=12 bytes=345", and a line for each that stays.
std::vector<std::string> planLines(const RewindPlan& plan);
// One object; `rewound` is how many have been written.
std::string planDocument(const RewindPlan& plan, std::size_t rewound);
// "12", ">=12" or "unknown".
std::string recordsText(const std::optional<Repeats>& repeats);
std::string bytesText(const std::optional<Repeats>& repeats);

}  // namespace tidemill::cli
