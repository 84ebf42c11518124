#include "consume/range_reader.h"

#include <algorithm>
#include <utility>

#include "consume/range_plan.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"

namespace tidemill::consume {

// What the shards of one read share.
struct RangeReader::Reading {
  rt::TimePoint deadline;
  rt::Semaphore answers;
  // Of the first shard that failed; the others stop after the page that they are reading.
  std::optional<Error> failure;
  bool stopped = false;
};

rt::Task<void> RangeReader::readShard(Reading& reading, std::vector<FoundRange*> ranges) {
  ShardRangeReader shard(context_, options_, std::move(ranges), reading.deadline, reading.answers,
                         reading.stopped);
  auto read = co_await shard.run();
  if (read) co_return;
  if (!reading.failure) reading.failure = read.error();
  reading.stopped = true;
}

rt::Task<Result<std::vector<FoundRange>>> RangeReader::find(std::vector<block::SliceInfo> lost) {
  std::vector<SequenceNumberRange> ranges;
  ranges.reserve(lost.size());
  for (const block::SliceInfo& one : lost) ranges.push_back(one.range);
  auto plan = planRanges(ranges, options_.streamName);
  if (!plan) co_return fail(plan.error());
  std::vector<FoundRange> found;
  found.reserve(lost.size());
  for (block::SliceInfo& one : lost) found.emplace_back(std::move(one), options_.keepRecords);

  const rt::TimePoint deadline =
      options_.deadline ? rt::laterBy(context_.loop.now(), *options_.deadline) : rt::TimePoint::max();
  Reading reading{deadline, rt::Semaphore(context_.loop, std::max(options_.answersMax, 1)), std::nullopt};
  rt::TaskGroup shards(context_.loop);
  for (const ShardRanges& shard : *plan) {
    std::vector<FoundRange*> ofShard;
    ofShard.reserve(shard.indexes.size());
    for (const std::size_t index : shard.indexes) ofShard.push_back(&found[index]);
    shards.spawn(readShard(reading, std::move(ofShard)));
  }
  co_await shards.join(rt::Duration::max());
  if (reading.failure) co_return fail(*reading.failure);
  co_return std::move(found);
}

rt::Task<Result<std::vector<ReadRange>>> RangeReader::read(std::vector<SequenceNumberRange> ranges) {
  std::vector<block::SliceInfo> lost;
  lost.reserve(ranges.size());
  for (SequenceNumberRange& range : ranges) lost.push_back({std::move(range)});
  auto found = co_await find(std::move(lost));
  if (!found) co_return fail(found.error());
  std::vector<ReadRange> read;
  read.reserve(found->size());
  for (const FoundRange& range : *found) {
    ReadRange one{range.found(), range.page(), std::nullopt};
    if (const auto loss = range.loss()) one.loss = loss->error();
    read.push_back(std::move(one));
  }
  co_return std::move(read);
}

namespace {

// Of a block of which nobody knows how large it is.
constexpr std::int64_t kUnknownBytes = 1 << 20;

// `next` is the first range of the block, and afterwards that of the block behind it.
RebuiltBlock rebuiltOf(const std::shared_ptr<const block::BlockInfo>& info,
                       const std::vector<FoundRange>& found, std::size_t& next) {
  RebuiltBlock rebuilt;
  std::vector<block::BlockSlice> slices;
  bool whole = true;
  for (const block::SliceInfo& slice : info->slices) {
    const FoundRange& range = found[next++];
    const auto& page = range.page();
    if (page != nullptr) slices.push_back({page, 0, page->page.records.size()});
    if (const auto loss = range.loss()) rebuilt.losses.push_back(loss->error());
    whole = whole && range.found().recordCount == slice.range.recordCount && page != nullptr;
  }
  whole = whole && rebuilt.losses.empty();
  rebuilt.block =
      whole ? std::make_shared<const block::Block>(info, std::move(slices))
            : std::make_shared<const block::Block>(info->id, std::move(slices), info->ends, info->owedTo);
  return rebuilt;
}

}  // namespace

rt::Task<Result<std::vector<RebuiltBlock>>> RangeReader::rebuild(
    std::vector<std::shared_ptr<const block::BlockInfo>> blocks) {
  std::vector<block::SliceInfo> lost;
  for (const auto& block : blocks) lost.insert(lost.end(), block->slices.begin(), block->slices.end());
  std::vector<FoundRange> found;
  if (!lost.empty()) {
    auto read = co_await find(std::move(lost));
    if (!read) co_return fail(read.error());
    found = std::move(*read);
  }
  std::vector<RebuiltBlock> rebuilt;
  rebuilt.reserve(blocks.size());
  std::size_t next = 0;
  for (const auto& block : blocks) rebuilt.push_back(rebuiltOf(block, found, next));
  co_return std::move(rebuilt);
}

std::vector<std::vector<std::shared_ptr<const block::BlockInfo>>> RangeReader::portionsOf(
    const std::vector<std::shared_ptr<const block::BlockInfo>>& blocks, std::int64_t bytesMax) {
  std::vector<std::vector<std::shared_ptr<const block::BlockInfo>>> portions;
  std::int64_t bytes = 0;
  for (const auto& block : blocks) {
    const std::int64_t known = block->payloadBytes();
    const std::int64_t more = known > 0 || block->slices.empty() ? known : kUnknownBytes;
    if (portions.empty() || (bytes > 0 && bytes + more > bytesMax)) {
      portions.emplace_back();
      bytes = 0;
    }
    portions.back().push_back(block);
    bytes += more;
  }
  return portions;
}

}  // namespace tidemill::consume
