#include "cli/rewind_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/initial_position_text.h"
#include "codec/json_writer.h"
#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

using lease::Checkpoint;

std::string text(const Checkpoint& checkpoint) {
  if (checkpoint.subSequenceNumber() == 0) return checkpoint.text();
  return fmt::format("{}/{}", checkpoint.text(), checkpoint.subSequenceNumber());
}

std::string numberText(const std::optional<Repeats>& repeats, std::int64_t Repeats::* number) {
  if (!repeats) return "unknown";
  return fmt::format("{}{}", repeats->complete ? "" : ">=", (*repeats).*number);
}

void writeRepeats(codec::JsonWriter& to, const std::optional<Repeats>& repeats) {
  if (!repeats) return;
  to.key("records");
  to.integer(repeats->records);
  to.key("bytes");
  to.integer(repeats->bytes);
  to.key("complete");
  to.boolean(repeats->complete);
}

// Why a lease that has read nothing yet is not moved to a place inside the stream; empty: it is.
std::string notBegun(const lease::Lease& lease, const std::optional<rt::WallTime>& time) {
  const bool latest = lease.checkpoint.kind() == Checkpoint::Kind::kLatest;
  if (lease.checkpoint.kind() == Checkpoint::Kind::kTrimHorizon) return "it has not begun";
  if (lease.startsAt && time) return *time < *lease.startsAt ? "" : "it begins earlier";
  // A tip that nobody has fixed is later than every record that there is.
  if (latest && !lease.startsAt) return "";
  return "it has not begun, and where it begins is not known";
}

}  // namespace

Result<RewindTarget> parseRewindTarget(std::string_view text) {
  RewindTarget target;
  if (text == "TRIM_HORIZON") return target;
  if (isSequenceNumber(text)) {
    target.kind = RewindTarget::Kind::kSequenceNumber;
    target.sequenceNumber = text;
    return target;
  }
  constexpr std::string_view kAtTimestamp = "AT_TIMESTAMP=";
  std::string position(text);
  if (!text.starts_with(kAtTimestamp)) position = std::string(kAtTimestamp) + position;
  auto time = parseInitialPosition(position);
  if (time) {
    target.kind = RewindTarget::Kind::kTime;
    target.time = time->timestamp();
    return target;
  }
  return fail(Code::kUsage, "--to " + base::quoteIfNeeded(text) + " is no place to rewind to",
              "TRIM_HORIZON, a time like 2026-11-24T03:20:00Z, or a sequence number with --shard");
}

RewindStep rewindStep(const lease::Lease& lease, const Checkpoint& to,
                      const std::optional<rt::WallTime>& time) {
  RewindStep step{lease, to, {}, std::nullopt};
  if (lease.checkpoint == to) {
    step.stays = "it is there";
  } else if (to.kind() == Checkpoint::Kind::kTrimHorizon) {
    step.stays = "";  // Nothing lies before it.
  } else if (lease.checkpoint.isSequenceNumber() || lease.checkpoint.isShardEnd()) {
    step.stays = to < lease.checkpoint ? "" : "it is not that far";
  } else {
    step.stays = notBegun(lease, time);
  }
  return step;
}

std::size_t RewindPlan::moving() const {
  return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(), [](const RewindStep& step) { return step.moves(); }));
}

std::optional<Repeats> RewindPlan::repeats() const {
  Repeats sum;
  bool any = moving() == 0;
  for (const RewindStep& step : steps) {
    if (!step.moves()) continue;
    any = any || step.repeats.has_value();
    sum.complete = sum.complete && step.repeats && step.repeats->complete;
    sum.records += step.repeats ? step.repeats->records : 0;
    sum.bytes += step.repeats ? step.repeats->bytes : 0;
  }
  return any ? std::optional(sum) : std::nullopt;
}

std::string recordsText(const std::optional<Repeats>& repeats) {
  return numberText(repeats, &Repeats::records);
}

std::string bytesText(const std::optional<Repeats>& repeats) {
  return numberText(repeats, &Repeats::bytes);
}

std::vector<std::string> planLines(const RewindPlan& plan) {
  std::vector<std::string> lines;
  for (const RewindStep& step : plan.steps) {
    const std::string& key = step.lease.leaseKey;
    if (!step.moves()) {
      lines.push_back(fmt::format("stays: {} at {}: {}", key, text(step.lease.checkpoint), step.stays));
      continue;
    }
    lines.push_back(fmt::format("rewind: {} from {} to {} repeats records={} bytes={}", key,
                                text(step.lease.checkpoint), text(step.to), recordsText(step.repeats),
                                bytesText(step.repeats)));
  }
  for (const std::string& shardId : plan.withoutLease)
    lines.push_back(fmt::format("no lease: {}: what it holds is not read again", shardId));
  return lines;
}

std::string planDocument(const RewindPlan& plan, std::size_t rewound) {
  codec::JsonWriter to;
  to.beginObject();
  to.key("application");
  to.text(plan.application);
  to.key("to");
  to.text(plan.target);
  to.key("leases");
  to.beginArray();
  for (const RewindStep& step : plan.steps) {
    to.beginObject();
    to.key("key");
    to.text(step.lease.leaseKey);
    to.key("from");
    to.text(step.lease.checkpoint.text());
    to.key("fromSubSequenceNumber");
    to.integer(static_cast<std::int64_t>(step.lease.checkpoint.subSequenceNumber()));
    to.key(step.moves() ? "to" : "stays");
    to.text(step.moves() ? step.to.text() : step.stays);
    if (step.moves()) writeRepeats(to, step.repeats);
    to.endObject();
  }
  to.endArray();
  to.key("withoutLease");
  to.beginArray();
  for (const std::string& shardId : plan.withoutLease) to.text(shardId);
  to.endArray();
  writeRepeats(to, plan.repeats());
  to.key("moving");
  to.integer(static_cast<std::int64_t>(plan.moving()));
  to.key("rewound");
  to.integer(static_cast<std::int64_t>(rewound));
  to.endObject();
  return to.take();
}

}  // namespace tidemill::cli
