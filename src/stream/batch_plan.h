// stream/batch_plan.h: which block goes into which batch, and when batches are due.
#pragma once

#include <cstdint>
#include <optional>

#include "rt/time.h"
#include "stream/batch.h"

namespace tidemill::stream {

// Every block goes into exactly one batch, whole, in the order in which it came. Pure: a value without
// clocks.
class BatchPlan {
 public:
  explicit BatchPlan(std::size_t inputs) : unallocated_(inputs) {}

  void add(std::size_t input, std::shared_ptr<const block::BlockInfo> block);
  // In front of all that came before: of an earlier process, in the order in which it was sealed. A part of a
  // block of which another part waits joins it: a batch knows a block by its id.
  void addFirst(std::size_t input, const BlockInfoList& blocks);

  // Everything that came since the last call, as the batch of `time`. Nothing if nothing came and a batch is
  // still being worked on (`busy`): empty batches must not pile up behind a slow one.
  std::optional<Batch> allocate(Time time, bool busy);

  // Of blocks that are in no batch yet.
  std::int64_t unallocatedRecords() const;

 private:
  std::vector<BlockInfoList> unallocated_;
};

// The first multiple of `interval` that is not before `time`.
Time multipleFrom(Time time, Duration interval);

// What an earlier process has left, in the order of time, at times of this one, whose interval may be
// another: each at the next multiple, several perhaps as one. Streams have nothing at other times.
std::vector<Batch> atMultiplesOf(Duration interval, std::vector<Batch> batches);

// The times of batches: names are multiples of the interval on the wall clock as it was at the start; waiting
// goes by the monotonic clock, so a jump of the wall clock changes nothing.
class BatchTimes {
 public:
  // No name comes twice: the first is behind `after`, a multiple of the interval, wherever the wall clock is.
  BatchTimes(rt::TimePoint now, rt::WallTime wall, Duration interval,
             std::optional<Time> after = std::nullopt);

  struct Tick {
    Time time;
    rt::TimePoint due;
  };
  // The first tick is the first multiple of the interval after the start.
  Tick tick(std::int64_t number) const;

 private:
  Time first_;
  rt::TimePoint firstDue_;
  Duration interval_;
};

}  // namespace tidemill::stream
