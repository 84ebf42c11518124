// Opening a store of blocks: what an earlier process left.
#include <algorithm>
#include <utility>

#include "block/disk_blocks.h"

namespace tidemill::block {
namespace {

// Larger files are not read as a whole: no store writes them.
constexpr std::uint64_t kIndexBytesMax = std::uint64_t{1} << 30;
constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{4} << 30;

}  // namespace

Result<std::unique_ptr<DiskBlocks>> DiskBlocks::open(rt::FileSystem& files, rt::Faults& faults,
                                                     std::string directory, DiskBlocksOptions options) {
  auto made = files.makeDirectory(directory);
  if (!made) return fail(made.error());
  auto lock = files.lock(directory + "/" + std::string(kStoreLockName), options.holder);
  if (!lock) return fail(lock.error());
  std::unique_ptr<DiskBlocks> store(new DiskBlocks(files, faults, std::move(directory), std::move(options)));
  store->lock_ = std::move(*lock);
  auto read = store->readStore();
  if (!read) return fail(read.error());
  return store;
}

Result<void> DiskBlocks::readStore() {
  const auto listing = listStore(files_, directory_);
  if (!listing) return fail(listing.error());
  found_.epoch = listing->epochMax() + 1;
  for (const StoreFile name : listing->segments) {
    const auto bytes = files_.size(pathOf(segmentName(name)));
    if (!bytes) return fail(bytes.error());
    segments_[name].bytes = *bytes;
  }
  auto read = readNewestIndex(*listing);
  if (!read) return read;
  for (const auto& [id, entry] : entries_) found_.epoch = std::max(found_.epoch, entry.segment.epoch + 1);
  countLive();
  // Room that only the dead take comes back now; if that fails, later.
  static_cast<void>(deleteEmptySegments());
  const bool mended = found_.indexTorn || !found_.indexDamage.empty();
  if (mended && index_ == nullptr) static_cast<void>(rewriteIndex());
  return {};
}

Result<void> DiskBlocks::readNewestIndex(const StoreListing& listing) {
  for (const StoreFile name : listing.indexes) oldIndexes_.insert(indexName(name));
  for (const StoreFile name : listing.unfinished) oldIndexes_.insert(unfinishedIndexName(name));
  if (listing.indexes.empty()) {
    if (!listing.segments.empty()) found_.indexDamage.push_back("there is no index beside the segments");
  } else {
    const std::string path = pathOf(indexName(listing.indexes.back()));
    const auto bytes = files_.read(path, kIndexBytesMax);
    if (!bytes) return fail(bytes.error());
    IndexContent content = readIndex(*bytes);
    entries_ = std::move(content.entries);
    found_.indexTorn = content.tornAt.has_value();
    for (const IndexDamage& damage : content.damaged)
      found_.indexDamage.push_back(path + " at byte " + std::to_string(damage.offset) + ": " + damage.what);
    released_ = std::move(content.released);
  }
  Result<void> adopted;
  if (!found_.indexDamage.empty() || found_.indexTorn) adopted = adoptUnindexed(listing);
  released_.clear();
  return adopted;
}

void DiskBlocks::countLive() {
  for (const auto& [id, entry] : entries_) {
    Segment& segment = segments_[entry.segment];  // Of size 0 if the file is gone.
    ++segment.live;
    segment.liveBytes += entry.bytes;
    segment.storedEnd = std::max(segment.storedEnd, entry.end());
    if (entry.end() > segment.bytes) found_.lost.push_back(entry.info);
    liveIndexBytes_ += kFrameOverheadBytes + encodeIndexEntry(entry).size();
  }
  found_.blocks = entries_.size();
}

// Blocks that a damaged or torn index does not know. One that was released or never counted may be among
// them: it does no harm.
Result<void> DiskBlocks::adoptUnindexed(const StoreListing& listing) {
  std::vector<IndexEntry> damaged;
  for (const StoreFile name : listing.segments) {
    const auto bytes = files_.read(pathOf(segmentName(name)), kSegmentBytesMax);
    if (bytes) adoptFrom(name, *bytes, damaged);
    // It would seem to hold nothing, and be deleted.
    if (!bytes && !found_.indexDamage.empty())
      return fail(
          bytes.error().within("the index of " + directory_ + " is damaged, and its blocks must be found"));
  }
  // What a crash leaves behind a torn index never counted; behind damage it may have. A whole copy of the
  // block is better, wherever it lies.
  if (found_.indexDamage.empty()) return {};
  for (IndexEntry& entry : damaged) {
    const std::string id = entry.info->id;
    entries_.emplace(id, std::move(entry));
  }
  return {};
}

void DiskBlocks::adoptFrom(StoreFile segment, std::string_view bytes, std::vector<IndexEntry>& damaged) {
  FrameReader reader(bytes);
  for (FrameStep step = reader.next(); step.bytes > 0; step = reader.next()) {  // Each step consumes bytes.
    const bool whole = step.state == FrameState::kFrame || step.state == FrameState::kOutOfOrder;
    const bool headOnly = step.state == FrameState::kDamaged && step.headGood;
    if ((!whole && !headOnly) || step.frame.header.kind != kBlockFrame) continue;
    const auto head = readBlockHead(step.frame.head);
    if (!head || entries_.count(head->info->id) > 0 || released_.count(head->info->id) > 0) continue;
    IndexEntry entry{segment, step.offset, step.bytes, head->info};
    if (whole) {
      entries_[head->info->id] = std::move(entry);
    } else {
      damaged.push_back(std::move(entry));
    }
  }
}

}  // namespace tidemill::block
