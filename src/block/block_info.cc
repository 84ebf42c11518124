#include "block/block_info.h"

#include <utility>

namespace tidemill::block {

std::int64_t BlockInfo::recordCount() const {
  std::int64_t count = 0;
  for (const SliceInfo& slice : slices) count += slice.range.recordCount;
  return count;
}

std::int64_t BlockInfo::payloadBytes() const {
  std::int64_t bytes = 0;
  for (const SliceInfo& slice : slices) bytes += slice.payloadBytes;
  return bytes;
}

SequenceNumberRanges BlockInfo::ranges() const {
  SequenceNumberRanges ranges;
  ranges.reserve(slices.size());
  for (const SliceInfo& slice : slices) ranges.push_back(slice.range);
  return ranges;
}

std::string streamOf(const BlockInfo& block) {
  return block.slices.empty() ? std::string() : block.slices.front().range.streamName;
}

std::shared_ptr<const BlockInfo> keepOnly(const std::shared_ptr<const BlockInfo>& info,
                                          const SliceFilter& wanted) {
  BlockInfo kept{info->id, {}, {}, info->owedTo};
  for (const SliceInfo& slice : info->slices) {
    if (wanted(slice.range.shardId, slice.token)) kept.slices.push_back(slice);
  }
  for (const ShardEnd& end : info->ends) {
    if (wanted(end.shardId, end.token)) kept.ends.push_back(end);
  }
  if (kept.slices.size() == info->slices.size() && kept.ends.size() == info->ends.size()) return info;
  if (kept.slices.empty() && kept.ends.empty()) return nullptr;
  return std::make_shared<const BlockInfo>(std::move(kept));
}

}  // namespace tidemill::block
