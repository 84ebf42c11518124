#include "block/block.h"

#include <span>
#include <utility>

#include "block/content_hash.h"

namespace tidemill::block {

Record BlockSlice::record(std::size_t index) const {
  Record record = page->page.records[begin + index];
  record.shardId = page->shardId;
  return record;
}

SliceInfo BlockSlice::info() const {
  const std::vector<Record>& all = page->page.records;
  const std::span<const Record> records = std::span(all).subspan(begin, size());
  const Record& first = records.front();
  const Record& last = records.back();
  SliceInfo info;
  info.token = page->token;
  info.payloadBytes = records.size() == all.size() ? page->page.payloadBytes : codec::payloadBytesOf(records);
  info.range = {page->streamName, page->shardId, std::string(first.sequenceNumber),
                std::string(last.sequenceNumber), static_cast<std::int64_t>(records.size())};
  if (first.aggregation == Aggregation::kPart) info.range.fromSubSeqNumber = first.subSequenceNumber;
  if (last.aggregation == Aggregation::kPart) info.range.toSubSeqNumber = last.subSequenceNumber;
  info.range.contentHash = contentHashOf(records);
  return info;
}

namespace {

std::shared_ptr<const BlockInfo> infoOf(std::string id, const std::vector<BlockSlice>& slices,
                                        std::vector<ShardEnd> ends, std::string owedTo) {
  BlockInfo info{std::move(id), {}, std::move(ends), std::move(owedTo)};
  info.slices.reserve(slices.size());
  for (const BlockSlice& slice : slices) info.slices.push_back(slice.info());
  return std::make_shared<const BlockInfo>(std::move(info));
}

}  // namespace

Block::Block(std::string id, std::vector<BlockSlice> slices, std::vector<ShardEnd> ends, std::string owedTo)
    : info_(infoOf(std::move(id), slices, std::move(ends), std::move(owedTo))),
      slices_(std::move(slices)),
      recordCount_(info_->recordCount()),
      payloadBytes_(info_->payloadBytes()) {}

Block::Block(std::shared_ptr<const BlockInfo> info, std::vector<BlockSlice> slices)
    : info_(std::move(info)),
      slices_(std::move(slices)),
      recordCount_(info_->recordCount()),
      payloadBytes_(info_->payloadBytes()) {}

std::shared_ptr<const Block> keepOnly(const std::shared_ptr<const Block>& block, const SliceFilter& wanted) {
  // Asked once for each slice and end, in order: the answers must be the same for both.
  std::shared_ptr<const BlockInfo> info = keepOnly(block->info(), wanted);
  if (info == block->info()) return block;
  if (info == nullptr) return nullptr;
  std::vector<BlockSlice> slices;
  std::size_t next = 0;
  for (std::size_t i = 0; i < block->slices().size() && next < info->slices.size(); ++i) {
    if (block->info()->slices[i] != info->slices[next]) continue;
    slices.push_back(block->slices()[i]);
    ++next;
  }
  return std::make_shared<const Block>(std::move(info), std::move(slices));
}

}  // namespace tidemill::block
