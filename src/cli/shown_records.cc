#include "cli/shown_records.h"

#include <fmt/format.h>

namespace tidemill::cli {
namespace {

const char* nameOf(Aggregation aggregation) {
  switch (aggregation) {
    case Aggregation::kNone:
      return "none";
    case Aggregation::kPart:
      return "part";
    case Aggregation::kDamaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace

void RecordPrinter::records(const BatchInfo& batch, const std::vector<ShownLine>& lines) {
  Aggregates counts;
  for (const ShownLine& line : lines) {
    if (line.aggregation == Aggregation::kPart) ++counts.parts;
    if (line.aggregation == Aggregation::kDamaged) ++counts.damaged;
    output_.line(fmt::format("record: {} {}/{} {} bytes: {}", line.shardId, line.sequenceNumber,
                             line.subSequenceNumber, nameOf(line.aggregation), line.bytes),
                 {{"event", "record"},
                  {"shard", line.shardId},
                  {"sequenceNumber", line.sequenceNumber},
                  {"subSequenceNumber", static_cast<std::int64_t>(line.subSequenceNumber)},
                  {"aggregation", nameOf(line.aggregation)},
                  {"bytes", line.bytes}});
  }
  const std::lock_guard lock(mutex_);
  aggregates_.insert_or_assign(batch.time, counts);
}

void RecordPrinter::batch(const BatchInfo& batch) {
  if (batch.records == 0) return;
  Aggregates counts;
  {
    const std::lock_guard lock(mutex_);
    const auto found = aggregates_.find(batch.time);
    if (found != aggregates_.end()) counts = found->second;
    // Batches are told in order: those in front were not, and will not be.
    aggregates_.erase(aggregates_.begin(), aggregates_.upper_bound(batch.time));
  }
  const std::int64_t time = batch.time.time_since_epoch().count();
  output_.line(fmt::format("batch: {} records: {}", time, batch.records),
               {{"event", "batch"},
                {"batch", time},
                {"records", batch.records},
                {"subRecords", counts.parts},
                {"damagedAggregates", counts.damaged},
                {"ranges", batch.ranges.toString()}});
}

}  // namespace tidemill::cli
