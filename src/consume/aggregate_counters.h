// consume/aggregate_counters.h: what the readers of one fetch lane have met of aggregated records.
#pragma once

#include <atomic>
#include <cstdint>

#include "tidemill/aggregation.h"

namespace tidemill::consume {

// Counted on the fetch lane, read from any other. Each number is right, and they need not be of one moment.
class AggregateCounters {
 public:
  void add(const AggregateTotals& counts) {
    raise(aggregates_, counts.aggregates);
    raise(parts_, counts.parts);
    raise(damaged_, counts.damaged);
    raise(dropped_, counts.dropped);
    raise(droppedParts_, counts.droppedParts);
    raise(partsOutOfRange_, counts.partsOutOfRange);
    raise(empty_, counts.empty);
  }

  // For a copy that one thread keeps up to date and others read.
  void set(const AggregateTotals& totals) {
    aggregates_.store(totals.aggregates, std::memory_order_relaxed);
    parts_.store(totals.parts, std::memory_order_relaxed);
    damaged_.store(totals.damaged, std::memory_order_relaxed);
    dropped_.store(totals.dropped, std::memory_order_relaxed);
    droppedParts_.store(totals.droppedParts, std::memory_order_relaxed);
    partsOutOfRange_.store(totals.partsOutOfRange, std::memory_order_relaxed);
    empty_.store(totals.empty, std::memory_order_relaxed);
  }

  AggregateTotals totals() const {
    AggregateTotals totals;
    totals.aggregates = aggregates_.load(std::memory_order_relaxed);
    totals.parts = parts_.load(std::memory_order_relaxed);
    totals.damaged = damaged_.load(std::memory_order_relaxed);
    totals.dropped = dropped_.load(std::memory_order_relaxed);
    totals.droppedParts = droppedParts_.load(std::memory_order_relaxed);
    totals.partsOutOfRange = partsOutOfRange_.load(std::memory_order_relaxed);
    totals.empty = empty_.load(std::memory_order_relaxed);
    return totals;
  }

 private:
  using Counter = std::atomic<std::int64_t>;
  static void raise(Counter& counter, std::int64_t by) {
    if (by != 0) counter.fetch_add(by, std::memory_order_relaxed);
  }

  Counter aggregates_{0};
  Counter parts_{0};
  Counter damaged_{0};
  Counter dropped_{0};
  Counter droppedParts_{0};
  Counter partsOutOfRange_{0};
  Counter empty_{0};
};

}  // namespace tidemill::consume
