#include "block/block.h"

#include <utility>

namespace tidemill::block {

Record BlockSlice::record(std::size_t index) const {
  Record record = page->page.records[begin + index];
  record.shardId = page->shardId;
  return record;
}

std::int64_t BlockSlice::payloadBytes() const {
  const auto& records = page->page.records;
  if (size() == records.size()) return page->page.payloadBytes;
  return codec::payloadBytesOf(std::span(records).subspan(begin, size()));
}

SequenceNumberRange BlockSlice::range() const {
  const auto& records = page->page.records;
  return {page->streamName, page->shardId, std::string(records[begin].sequenceNumber),
          std::string(records[end - 1].sequenceNumber), static_cast<std::int64_t>(size())};
}

Block::Block(std::string id, std::vector<BlockSlice> slices, std::vector<ShardEnd> ends)
    : id_(std::move(id)), slices_(std::move(slices)), ends_(std::move(ends)) {
  for (const BlockSlice& slice : slices_) {
    recordCount_ += static_cast<std::int64_t>(slice.size());
    payloadBytes_ += slice.payloadBytes();
  }
}

SequenceNumberRangeList Block::ranges() const {
  SequenceNumberRangeList ranges;
  ranges.reserve(slices_.size());
  for (const BlockSlice& slice : slices_) ranges.push_back(slice.range());
  return ranges;
}

std::shared_ptr<const Block> keepOnly(
    const std::shared_ptr<const Block>& block,
    const std::function<bool(const std::string& shardId, std::int64_t token)>& wanted) {
  std::vector<BlockSlice> slices;
  for (const BlockSlice& slice : block->slices()) {
    if (wanted(slice.page->shardId, slice.page->token)) slices.push_back(slice);
  }
  std::vector<ShardEnd> ends;
  for (const ShardEnd& end : block->ends()) {
    if (wanted(end.shardId, end.token)) ends.push_back(end);
  }
  if (slices.size() == block->slices().size() && ends.size() == block->ends().size()) return block;
  if (slices.empty() && ends.empty()) return nullptr;
  return std::make_shared<const Block>(block->id(), std::move(slices), std::move(ends));
}

}  // namespace tidemill::block
