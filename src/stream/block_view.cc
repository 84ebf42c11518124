#include "stream/block_view.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stream/task_hold.h"

namespace tidemill::stream {
namespace {

// The same records; they may have been stored under an earlier lease of the shard.
bool sameRecords(const block::SliceInfo& stored, const block::SliceInfo& wanted) {
  block::SliceInfo renamed = stored;
  renamed.token = wanted.token;
  return renamed == wanted;
}

// What of `block` the batch may deliver: leases may have been lost since it was stored, and taken again.
Result<std::shared_ptr<const block::Block>> partOf(const std::shared_ptr<const block::Block>& block,
                                                   const block::BlockInfo& wanted) {
  const std::vector<block::SliceInfo>& stored = block->info()->slices;
  if (stored == wanted.slices) return block;
  std::set<std::pair<std::string, std::int64_t>> shards;
  for (const block::SliceInfo& slice : wanted.slices) {
    const auto found = std::find_if(stored.begin(), stored.end(), [&slice](const block::SliceInfo& one) {
      return sameRecords(one, slice);
    });
    if (found != stored.end()) shards.emplace(found->range.shardId, found->token);
  }
  auto part = block::keepOnly(block, [&shards](const std::string& shardId, std::int64_t token) {
    return shards.contains({shardId, token});
  });
  const auto is = [&wanted](const std::vector<block::SliceInfo>& slices) {
    return std::equal(slices.begin(), slices.end(), wanted.slices.begin(), wanted.slices.end(), sameRecords);
  };
  if (part == nullptr || !is(part->info()->slices)) {
    return fail(Code::kDamagedBlock, "block " + wanted.id + " holds other records than it was sealed with",
                "it is read again from Kinesis");
  }
  return part;
}

}  // namespace

BlockView::BlockView(std::shared_ptr<const block::BlockInfo> wanted,
                     std::shared_ptr<const block::BlockSource> source, bool isStored)
    : wanted_(std::move(wanted)), source_(std::move(source)), isStored_(isStored) {}

Result<std::shared_ptr<const block::Block>> BlockView::load() const {
  auto whole = source_->load();
  if (!whole) return whole;
  return partOf(*whole, *wanted_);
}

void BlockView::forEachRecord(FunctionRef<void(const Record&)> visit) const {
  auto loaded = load();
  if (!loaded) {
    unreadable_ = true;
    throw Error(Code::kDamagedBlock, loaded.error().message(), "it is read again from Kinesis");
  }
  const std::shared_ptr<const block::Block> block = std::move(*loaded);
  TaskHold::keep(block);
  block->forEach(visit);
}

Result<std::shared_ptr<const block::Block>> LentBlock::load() const {
  const auto view = view_.lock();
  if (view != nullptr) return view->load();
  return fail(Code::kDataLoss, "block " + id_ + " is not in the block store any more: its batch is over",
              "read it again with KinesisBackedBlockRDD");
}

}  // namespace tidemill::stream
