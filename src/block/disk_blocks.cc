#include "block/disk_blocks.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidemill::block {
namespace {

// A segment that is written to is closed when so many of its bytes are released (a quarter of a segment, if
// that is less): what comes next would keep them from being deleted.
constexpr std::uint64_t kWasteBytesMax = 1 << 20;
// A file that does not get bytes from the disk gets another file once; then the disk is to blame.
constexpr int kWritesMax = 2;

std::uint64_t indexFrameBytes(const IndexEntry& entry) {
  return kFrameOverheadBytes + encodeIndexEntry(entry).size();
}

}  // namespace

DiskBlocks::DiskBlocks(rt::FileSystem& files, rt::Faults& faults, std::string directory,
                       DiskBlocksOptions options)
    : files_(files), faults_(faults), directory_(std::move(directory)), options_(std::move(options)) {}

DiskBlocks::~DiskBlocks() = default;

// --- Storing.

Result<std::vector<BlockLocation>> DiskBlocks::put(std::span<const std::shared_ptr<const Block>> blocks,
                                                   BlockEncoding encoding) {
  std::vector<std::shared_ptr<const Block>> fresh;
  std::set<std::string> seen;
  for (const auto& block : blocks) {
    TIDEMILL_CHECK(seen.insert(block->id()).second, "one block must not be put twice at once");
    const auto known = entries_.find(block->id());
    if (known == entries_.end() || !sameInfo(*known->second.info, *block->info())) fresh.push_back(block);
  }
  // What an earlier process left counts only once an index of this one says so.
  auto opened = openIndex();
  if (!opened && fresh.empty()) return fail(opened.error());
  auto written = write(fresh, encoding);
  if (!written) return fail(written.error());
  std::vector<BlockLocation> locations;
  for (const auto& block : blocks) locations.push_back(locationOf(entries_.at(block->id())));
  return locations;
}

Result<BlockLocation> DiskBlocks::replace(std::shared_ptr<const Block> block, BlockEncoding encoding) {
  // Who knows what befell the file of the damaged one: if it was cut, what is appended lies where nobody
  // looks.
  const auto known = entries_.find(block->id());
  if (known != entries_.end() && active_ && active_->name == known->second.segment) closeActive();
  auto written = write({&block, 1}, encoding);
  if (!written) return fail(written.error());
  return written->front();
}

Result<std::vector<BlockLocation>> DiskBlocks::write(std::span<const std::shared_ptr<const Block>> blocks,
                                                     BlockEncoding encoding) {
  if (blocks.empty()) return std::vector<BlockLocation>{};
  for (int attempt = 1;; ++attempt) {
    auto entries = tryWrite(blocks, encoding);
    if (entries) {
      std::vector<BlockLocation> locations;
      for (IndexEntry& entry : *entries) {
        locations.push_back(locationOf(entry));
        count(std::move(entry));
      }
      // Of blocks that were replaced. What cannot be deleted now is deleted later.
      static_cast<void>(deleteEmptySegments());
      return locations;
    }
    giveUpUnstored();
    static_cast<void>(deleteEmptySegments());  // May make the room that was missing.
    if (attempt == kWritesMax || entries.error().code() == Code::kInvalidConfig) return fail(entries.error());
  }
}

Result<std::vector<IndexEntry>> DiskBlocks::tryWrite(std::span<const std::shared_ptr<const Block>> blocks,
                                                     BlockEncoding encoding) {
  auto opened = openIndex();
  if (!opened) return fail(opened.error());
  std::vector<IndexEntry> entries;
  for (const auto& block : blocks) {
    auto entry = append(block, encoding);
    if (!entry) return fail(entry.error());
    entries.push_back(std::move(*entry));
  }
  auto synced = syncSegment();
  if (!synced) return fail(synced.error());
  auto noted = note(entries);
  if (!noted) return fail(noted.error());
  return entries;
}

Result<IndexEntry> DiskBlocks::append(std::shared_ptr<const Block> block, BlockEncoding encoding) {
  auto opened = openSegment();
  if (!opened) return fail(opened.error());
  const auto image = BlockImage::of(block, encoding);
  if (!image) return fail(image.error());
  FrameFile& file = *active_->file;
  IndexEntry entry{active_->name, file.size(), 0, block->info()};
  auto appended = file.append(kBlockFrame, image->head(), image->body());
  if (!appended) return fail(appended.error());
  entry.bytes = file.size() - entry.offset;
  segments_[active_->name].bytes = file.size();
  return entry;
}

Result<void> DiskBlocks::openSegment() {
  if (active_ && active_->file->size() >= options_.segmentBytes) {
    // Blocks of this very call may lie in it.
    auto synced = syncSegment();
    if (!synced) return synced;
    closeActive();
  }
  if (active_) return {};
  const StoreFile name{found_.epoch, ++lastSegment_};
  auto file = FrameFile::create(
      files_,
      {.path = pathOf(segmentName(name)), .epoch = found_.epoch, .salt = options_.salt ^ lastSegment_});
  if (!file) return fail(file.error());
  segments_[name] = {};
  active_ = Active{name, std::move(*file)};
  return syncDirectory();
}

Result<void> DiskBlocks::syncSegment() {
  if (faults_.planted("checkpoint-before-fsync")) return active_->file->flush();
  return active_->file->sync();
}

Result<void> DiskBlocks::syncDirectory() {
  if (faults_.planted("no-directory-sync")) return {};
  return files_.syncDirectory(directory_);
}

// Makes the index know them. Its file is dead after a failure: who can tell which of them it has?
Result<void> DiskBlocks::note(const std::vector<IndexEntry>& entries) {
  Result<void> result;
  for (const IndexEntry& entry : entries)
    if (result) result = index_->append(kStoredFrame, encodeIndexEntry(entry));
  if (result) result = faults_.planted("checkpoint-before-fsync") ? index_->flush() : index_->sync();
  if (!result) index_.reset();
  return result;
}

// From now on it is stored.
void DiskBlocks::count(IndexEntry entry) {
  const std::string id = entry.info->id;
  drop(id);
  Segment& segment = segments_.at(entry.segment);
  segment.storedEnd = std::max(segment.storedEnd, entry.end());
  ++segment.live;
  segment.liveBytes += entry.bytes;
  liveIndexBytes_ += indexFrameBytes(entry);
  entries_.emplace(id, std::move(entry));
}

bool DiskBlocks::drop(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  Segment& segment = segments_.at(found->second.segment);
  --segment.live;
  segment.liveBytes -= found->second.bytes;
  liveIndexBytes_ -= indexFrameBytes(found->second);
  entries_.erase(found);
  return true;
}

// Frames that do not count must take no room, and nothing may be appended behind them: whether they reached
// the disk is unknown.
void DiskBlocks::giveUpUnstored() {
  if (active_) ++segments_[active_->name].bytes;  // Its last frame may be there in part.
  closeActive();
  for (auto& [name, segment] : segments_) {
    if (name.epoch != found_.epoch || segment.bytes == segment.storedEnd) continue;
    if (files_.truncate(pathOf(segmentName(name)), segment.storedEnd)) segment.bytes = segment.storedEnd;
  }
}

void DiskBlocks::closeActive() {
  active_.reset();
}

void DiskBlocks::closeWasteful() {
  if (!active_) return;
  const Segment& segment = segments_.at(active_->name);
  if (segment.storedEnd - segment.liveBytes >= std::min(kWasteBytesMax, options_.segmentBytes / 4))
    closeActive();
}

// --- Finding and releasing.

BlockLocation DiskBlocks::locationOf(const IndexEntry& entry) const {
  return {pathOf(segmentName(entry.segment)), entry.segment.epoch, entry.offset, entry.bytes, entry.info};
}

std::optional<BlockLocation> DiskBlocks::location(const std::string& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return locationOf(found->second);
}

std::vector<std::shared_ptr<const BlockInfo>> DiskBlocks::live() const {
  std::vector<std::shared_ptr<const BlockInfo>> infos;
  for (const auto& [id, entry] : entries_) infos.push_back(entry.info);
  return infos;
}

std::uint64_t DiskBlocks::bytesUsed() const {
  std::uint64_t bytes = index_ == nullptr ? 0 : index_->size();
  for (const auto& [name, segment] : segments_) bytes += segment.bytes;
  return bytes;
}

Result<void> DiskBlocks::release(std::span<const std::string> ids) {
  std::vector<std::string> dropped;
  for (const std::string& id : ids)
    if (drop(id)) dropped.push_back(id);
  // If there is no index to append to, a new one says it by what it leaves out; one that fails is tried
  // again.
  if (!dropped.empty() && index_ != nullptr) {
    noteReleased(dropped);
  } else if (!dropped.empty()) {
    static_cast<void>(rewriteIndex());
  }
  if (index_ != nullptr && index_->size() > options_.indexBytes + 2 * liveIndexBytes_) {
    auto rewritten = rewriteIndex();
    if (!rewritten) return rewritten;
  }
  closeWasteful();
  return deleteEmptySegments();
}

void DiskBlocks::noteReleased(const std::vector<std::string>& ids) {
  auto noted = index_->append(kReleaseFrame, encodeRelease(ids));
  if (noted) noted = index_->flush();
  if (!noted) index_.reset();
}

std::vector<StoreFile> DiskBlocks::emptySegments() const {
  std::vector<StoreFile> names;
  for (const auto& [name, segment] : segments_)
    if (segment.live == 0 && !(active_ && active_->name == name)) names.push_back(name);
  return names;
}

// The index must know on disk that their blocks are released: a file that is missing for no reason is damage.
Result<void> DiskBlocks::deleteEmptySegments() {
  const std::vector<StoreFile> names = emptySegments();
  if (names.empty()) return {};
  auto settled = settleIndex();
  if (!settled) {
    // Perhaps the disk is so full that not even the index has room: their bytes first, then their names. A
    // crash between the two leaves torn segments, which is no damage.
    for (const StoreFile name : names)
      if (files_.truncate(pathOf(segmentName(name)), 0)) segments_[name].bytes = 0;
    settled = settleIndex();
  }
  if (!settled) return settled;
  Result<void> result;
  for (const StoreFile name : names) {
    const std::string path = pathOf(segmentName(name));
    const auto there = files_.exists(path);
    if (there && *there) {
      auto removed = files_.remove(path);
      if (!removed) {
        result = removed;
        continue;
      }
    }
    segments_.erase(name);
  }
  return result;
}

// --- The index.

Result<void> DiskBlocks::openIndex() {
  if (index_ != nullptr && !index_->dead()) return {};
  return rewriteIndex();
}

// Makes everything that the index says survive a power cut.
Result<void> DiskBlocks::settleIndex() {
  if (index_ == nullptr || index_->dead()) return rewriteIndex();
  auto synced = index_->sync();
  if (!synced) index_.reset();
  return synced;
}

Result<void> DiskBlocks::rewriteIndex() {
  index_.reset();
  const StoreFile name{found_.epoch, ++lastIndex_};
  oldIndexes_.insert(unfinishedIndexName(name));
  auto written = writeIndex(name);
  if (!written) {
    index_.reset();
    // It takes room that others need, and a finished one is not known to survive.
    static_cast<void>(files_.remove(pathOf(unfinishedIndexName(name))));
    oldIndexes_.insert(indexName(name));
    return written;
  }
  removeOldIndexes();
  oldIndexes_.insert(indexName(name));
  return {};
}

Result<void> DiskBlocks::writeIndex(StoreFile name) {
  const std::string unfinished = pathOf(unfinishedIndexName(name));
  auto file = FrameFile::create(
      files_, {.path = unfinished, .epoch = found_.epoch, .salt = options_.salt ^ ~lastIndex_});
  if (!file) return fail(file.error());
  index_ = std::move(*file);
  auto started = index_->append(kStartFrame, {});
  if (!started) return started;
  for (const auto& [id, entry] : entries_) {
    auto appended = index_->append(kStoredFrame, encodeIndexEntry(entry));
    if (!appended) return appended;
  }
  auto synced = index_->sync();
  if (!synced) return synced;
  auto renamed = files_.rename(unfinished, pathOf(indexName(name)));
  if (!renamed) return renamed;
  return syncDirectory();
}

void DiskBlocks::removeOldIndexes() {
  // Only the newest counts, so one that cannot be removed does no harm.
  for (const std::string& old : std::exchange(oldIndexes_, {})) {
    const auto there = files_.exists(pathOf(old));
    if (!there || !*there) continue;
    if (!files_.remove(pathOf(old))) oldIndexes_.insert(old);
  }
}

}  // namespace tidemill::block
