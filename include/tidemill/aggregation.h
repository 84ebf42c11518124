// tidemill/aggregation.h: what becomes of records that the Kinesis Producer Library has packed into one.
#pragma once

#include <cstdint>

namespace tidemill {

// What to do with an aggregated record of which a part belongs into another shard. After a reshard the
// producer library sends such parts once more, by themselves, so that keeping them would deliver them twice;
// other aggregators do not, and dropping them would lose them.
enum class KplOutOfRange {
  kDropAggregate,  // The whole of it is left out. (KCL)
  kKeep,
  kKeepAndCount,  // Kept, and told as an event beside the counters.
};

// What was read of aggregated records. Everything is counted, whatever the policy.
struct AggregateTotals {
  std::int64_t aggregates = 0;       // Taken apart, those that were dropped or empty included.
  std::int64_t parts = 0;            // Given.
  std::int64_t damaged = 0;          // Could not be read, and were given whole.
  std::int64_t dropped = 0;          // Aggregated records that were left out.
  std::int64_t droppedParts = 0;     // The parts in those.
  std::int64_t partsOutOfRange = 0;  // Of dropped and of kept ones.
  std::int64_t empty = 0;            // Aggregated records without parts.

  AggregateTotals& operator+=(const AggregateTotals& other) {
    aggregates += other.aggregates;
    parts += other.parts;
    damaged += other.damaged;
    dropped += other.dropped;
    droppedParts += other.droppedParts;
    partsOutOfRange += other.partsOutOfRange;
    empty += other.empty;
    return *this;
  }
  friend bool operator==(const AggregateTotals&, const AggregateTotals&) = default;
};

}  // namespace tidemill
