#include "stream/batch_plan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "stream/block_parts.h"

namespace tidemill::stream {
namespace {

bool haveCommonBlock(const Batch& one, const Batch& other) {
  const std::vector<std::string> ids = other.blockIds();
  const std::set<std::string> known(ids.begin(), ids.end());
  const std::vector<std::string> ours = one.blockIds();
  return std::any_of(ours.begin(), ours.end(), [&](const std::string& id) { return known.contains(id); });
}

}  // namespace

void BatchPlan::add(std::size_t input, std::shared_ptr<const block::BlockInfo> block) {
  TIDEMILL_CHECK(input < unallocated_.size());
  unallocated_[input].push_back(std::move(block));
}

void BatchPlan::addFirst(std::size_t input, const BlockInfoList& blocks) {
  TIDEMILL_CHECK(input < unallocated_.size());
  BlockInfoList& list = unallocated_[input];
  std::map<std::string_view, BlockInfoList::iterator> waiting;
  for (auto one = list.begin(); one != list.end(); ++one) waiting.emplace((*one)->id, one);
  BlockInfoList all;
  auto rest = list.begin();
  for (const auto& block : blocks) {
    const auto same = waiting.find(block->id);
    if (same == waiting.end() || same->second < rest) {
      all.push_back(block);
      continue;
    }
    // What lies before it there stays before it.
    all.insert(all.end(), rest, same->second);
    all.push_back(joinParts(**same->second, *block));
    rest = std::next(same->second);
  }
  all.insert(all.end(), rest, list.end());
  list = std::move(all);
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

Time multipleFrom(Time time, Duration interval) {
  const Duration over = time.time_since_epoch() % interval;
  return over > Duration(0) ? time + (interval - over) : time - over;
}

std::vector<Batch> atMultiplesOf(Duration interval, std::vector<Batch> batches) {
  std::vector<Batch> aligned;
  for (Batch& batch : batches) {
    Time time = multipleFrom(batch.time, interval);
    if (!aligned.empty()) {
      time = std::max(time, aligned.back().time);
      // Parts of a block, of shards whose leases came at different times: a batch knows a block by its id.
      if (time == aligned.back().time && haveCommonBlock(batch, aligned.back())) time += interval;
    }
    if (aligned.empty() || aligned.back().time != time) {
      batch.logged = {batch.time};
      batch.time = time;
      aligned.push_back(std::move(batch));
      continue;
    }
    Batch& same = aligned.back();
    same.logged.push_back(batch.time);
    for (const auto& [uid, paths] : batch.files) {
      std::vector<std::string>& all = same.files[uid];
      all.insert(all.end(), paths.begin(), paths.end());
    }
    for (std::size_t input = 0; input < batch.inputs.size(); ++input) {
      BlockInfoList& blocks = same.inputs[input];
      blocks.insert(blocks.end(), batch.inputs[input].begin(), batch.inputs[input].end());
    }
  }
  return aligned;
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
