// consume/aggregate_split.h: takes the aggregated records of one shard apart, and tells what is wrong with
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "codec/kpl_page.h"
#include "consume/aggregate_counters.h"

namespace tidemill::consume {

// Which parts of which record were processed before reading began: those up to `part`.
struct ResumePoint {
  std::string sequenceNumber;
  std::uint64_t part = 0;
};

// Drops the records up to `point` from a page whose aggregated records were taken apart. The record at the
// point stays whole if it is none of several parts although a later part than the first was processed: then
// it was taken apart before, and is not any more. Gives how many were dropped. Pure.
std::size_t dropProcessed(codec::RecordsPage& page, const ResumePoint& point);

// Of one shard, on its fetch lane. Every aggregated record that is given whole, left out, or kept against the
// rule is told as an event with stream, shard, number and reason, never with keys or content.
class AggregateSplit {
 public:
  // `log` outlives this object. `counters` may be null.
  AggregateSplit(std::string stream, std::string shardId, codec::KplRules rules, base::LogSink& log,
                 std::shared_ptr<AggregateCounters> counters);

  // From now on what lies up to this point is dropped, until a page has gone past it.
  void resumeBehind(ResumePoint point) { resume_ = std::move(point); }

  // In place; the page may be empty afterwards.
  void apply(codec::RecordsPage& page);

 private:
  void tell(const codec::KplFinding& finding) const;
  void tellRest(const codec::KplReport& report) const;

  const std::string stream_;
  const std::string shardId_;
  const codec::KplRules rules_;
  base::LogSink& log_;
  const std::shared_ptr<AggregateCounters> counters_;
  std::optional<ResumePoint> resume_;
};

}  // namespace tidemill::consume
