#include "stream/batch_plan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidemill::stream {

void BatchPlan::add(std::size_t input, std::shared_ptr<const block::BlockInfo> block) {
  TIDEMILL_CHECK(input < unallocated_.size());
  unallocated_[input].push_back(std::move(block));
}

void BatchPlan::addFirst(std::size_t input, const BlockInfoList& blocks) {
  TIDEMILL_CHECK(input < unallocated_.size());
  BlockInfoList& list = unallocated_[input];
  list.insert(list.begin(), blocks.begin(), blocks.end());
}

std::optional<Batch> BatchPlan::allocate(Time time, bool busy) {
  const bool nothing = std::all_of(unallocated_.begin(), unallocated_.end(),
                                   [](const BlockInfoList& blocks) { return blocks.empty(); });
  if (nothing && busy) return std::nullopt;
  Batch batch;
  batch.time = time;
  batch.inputs = std::exchange(unallocated_, std::vector<BlockInfoList>(unallocated_.size()));
  return batch;
}

std::int64_t BatchPlan::unallocatedRecords() const {
  std::int64_t records = 0;
  for (const BlockInfoList& blocks : unallocated_) {
    for (const auto& block : blocks) records += block->recordCount();
  }
  return records;
}

BatchTimes::BatchTimes(rt::TimePoint now, rt::WallTime wall, Duration interval, std::optional<Time> after)
    : interval_(interval) {
  const Duration sinceEpoch = wall.time_since_epoch();
  first_ = Time(sinceEpoch - sinceEpoch % interval + interval);
  firstDue_ = now + (first_ - wall);
  if (after && first_ <= *after) first_ += (*after - first_) / interval * interval + interval;
}

BatchTimes::Tick BatchTimes::tick(std::int64_t number) const {
  return {first_ + interval_ * number, firstDue_ + interval_ * number};
}

}  // namespace tidemill::stream
