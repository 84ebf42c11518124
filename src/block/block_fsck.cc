#include "block/block_fsck.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "block/block_codec.h"
#include "block/block_index.h"
#include "block/disk_blocks.h"
#include "block/store_names.h"

namespace tidemill::block {
namespace {

// No store writes larger files.
constexpr std::uint64_t kFileBytesMax = std::uint64_t{4} << 30;

class Check {
 public:
  Check(rt::FileSystem& files, std::string directory, bool repair)
      : files_(files), directory_(std::move(directory)), repair_(repair) {}

  Result<FsckReport> run(const StoreListing& listing) {
    auto read = checkIndex(listing);
    if (!read) return fail(read.error());
    for (const auto& [id, entry] : index_.entries) bySegment_[entry.segment].push_back(&entry);
    for (const StoreFile segment : listing.segments) {
      auto checked = checkSegment(segment);
      if (!checked) return fail(checked.error());
    }
    checkMissing();
    reportUnknown();
    return std::move(report_);
  }

 private:
  using Kind = FsckFinding::Kind;

  std::string pathOf(const std::string& name) const { return directory_ + "/" + name; }

  void find(FsckFinding finding) {
    if (finding.kind == Kind::kDamaged) {
      ++report_.damaged;
      if (finding.rebuildable) ++report_.rebuildable;
    }
    if (finding.kind == Kind::kTorn) ++report_.torn;
    if (finding.kind == Kind::kLost) ++report_.lost;
    report_.findings.push_back(std::move(finding));
  }

  // --- The index.

  Result<void> checkIndex(const StoreListing& listing) {
    if (listing.indexes.empty()) {
      indexGood_ = listing.segments.empty();
      if (!indexGood_)
        find({Kind::kDamaged, directory_, 0, 0, "there is no index beside the segments", nullptr, true});
      return {};
    }
    const std::string path = pathOf(indexName(listing.indexes.back()));
    const auto bytes = files_.read(path, kFileBytesMax);
    if (!bytes) return fail(bytes.error());
    index_ = readIndex(*bytes);
    indexGood_ = index_.damaged.empty();
    for (const IndexDamage& damage : index_.damaged)
      find({Kind::kDamaged, path, damage.offset, damage.bytes, damage.what, nullptr, true});
    if (!index_.tornAt) return {};
    // Never cut: opening the store takes what the tail said from the segments, as long as it is seen to be
    // torn.
    find({Kind::kTorn, path, *index_.tornAt, bytes->size() - *index_.tornAt, "the index ends inside a frame",
          nullptr, false});
    return {};
  }

  // --- A segment.

  Result<void> checkSegment(StoreFile name) {
    const std::string path = pathOf(segmentName(name));
    const auto bytes = files_.read(path, kFileBytesMax);
    if (!bytes) {
      // The disk does not give it: its blocks are as good as damaged.
      for (const IndexEntry* entry : bySegment_[name]) damaged(*entry, path, bytes.error().message());
      // And others may lie there.
      if (!indexGood_) find({Kind::kDamaged, path, 0, 0, bytes.error().message(), nullptr, false});
      return {};
    }
    std::uint64_t tornAt = bytes->size();
    scan(name, path, *bytes, tornAt);
    bool cutAway = false;
    for (const IndexEntry* entry : bySegment_[name]) {
      if (entry->end() > tornAt) {
        find({Kind::kLost, path, entry->offset, entry->bytes, "it lies in a torn tail", entry->info, true});
        cutAway = true;
      } else {
        checkBlock(*entry, path);
      }
    }
    if (tornAt == bytes->size() && !cutAway) return {};
    find({Kind::kTorn, path, tornAt, bytes->size() - tornAt, "the file ends before its last block does",
          nullptr, false});
    // What is left of a stored block stays until the block is elsewhere.
    if (cutAway) return {};
    return cut(path, tornAt);
  }

  // Looks at what the index does not point to. Sets where a torn tail starts.
  void scan(StoreFile name, const std::string& path, std::string_view bytes, std::uint64_t& tornAt) {
    FrameReader reader(bytes);
    for (;;) {  // Bounded by the bytes of the file.
      const FrameStep step = reader.next();
      if (step.state == FrameState::kEnd) return;
      if (step.state == FrameState::kTorn) {
        tornAt = step.offset;
        return;
      }
      if (covered(name, step.offset, step.offset + step.bytes)) continue;
      unknown(path, step);
    }
  }

  bool covered(StoreFile name, std::uint64_t begin, std::uint64_t end) const {
    const auto entries = bySegment_.find(name);
    if (entries == bySegment_.end()) return false;
    return std::any_of(entries->second.begin(), entries->second.end(),
                       [&](const IndexEntry* entry) { return entry->offset < end && begin < entry->end(); });
  }

  // Bytes that belong to no stored block, as far as the index can be trusted.
  void unknown(const std::string& path, const FrameStep& step) {
    FsckFinding finding{Kind::kDamaged, path, step.offset, step.bytes, step.what, nullptr, false};
    if (step.headGood) {
      if (auto head = readBlockHead(step.frame.head)) finding.block = std::move(head->info);
    }
    finding.rebuildable = finding.block != nullptr;
    const bool whole = step.state == FrameState::kFrame || step.state == FrameState::kOutOfOrder;
    if (whole && finding.block != nullptr) {
      if (index_.released.count(finding.block->id) == 0) ++report_.unindexed;
      whole_.insert(finding.block->id);
      return;
    }
    if (!indexGood_) unknown_.push_back(std::move(finding));  // Else nobody needs them.
  }

  // What a damaged index may have forgotten and nothing else has: not a block that was released, or that lies
  // somewhere else as well.
  void reportUnknown() {
    for (FsckFinding& finding : unknown_) {
      const bool needed = finding.block == nullptr || (index_.released.count(finding.block->id) == 0 &&
                                                       index_.entries.count(finding.block->id) == 0 &&
                                                       whole_.count(finding.block->id) == 0);
      if (needed) find(std::move(finding));
    }
  }

  void checkBlock(const IndexEntry& entry, const std::string& path) {
    const auto block =
        readStoredBlock(files_, {path, entry.segment.epoch, entry.offset, entry.bytes, entry.info});
    if (block) {
      ++report_.blocks;
    } else {
      damaged(entry, path, block.error().message());
    }
  }

  void damaged(const IndexEntry& entry, const std::string& path, std::string what) {
    find({Kind::kDamaged, path, entry.offset, entry.bytes, std::move(what), entry.info, true});
  }

  // Blocks whose file is gone.
  void checkMissing() {
    for (const auto& [segment, entries] : bySegment_) {
      const std::string path = pathOf(segmentName(segment));
      const auto there = files_.exists(path);
      if (there && *there) continue;
      for (const IndexEntry* entry : entries) damaged(*entry, path, "the file is gone");
    }
  }

  Result<void> cut(const std::string& path, std::uint64_t size) {
    if (!repair_) return {};
    auto done = files_.truncate(path, size);
    if (!done) return done;
    auto file = files_.openAppend(path);
    if (!file) return fail(file.error());
    return (*file)->sync();
  }

  rt::FileSystem& files_;
  const std::string directory_;
  const bool repair_;
  IndexContent index_;
  bool indexGood_ = true;
  std::map<StoreFile, std::vector<const IndexEntry*>> bySegment_;
  // Blocks that the index does not know: ids of whole ones, and what else there is.
  std::set<std::string> whole_;
  std::vector<FsckFinding> unknown_;
  FsckReport report_;
};

// Workers have a folder each below the one that is configured.
std::string hintFor(rt::FileSystem& files, const std::string& directory) {
  constexpr std::size_t kNamedMax = 10;
  std::string named;
  std::size_t found = 0;
  for (const std::string& name : files.list(directory).value_or(std::vector<std::string>{})) {
    const std::string path = directory + "/" + name;
    const auto listing = listStore(files, path);
    if (!listing || !listing->isStore()) continue;
    if (++found > kNamedMax) return "name one of its folders: " + named + " and others";
    named += (named.empty() ? "" : ", ") + path;
  }
  if (found > 0) return "name one of its folders: " + named;
  return "name the folder that holds files like " + segmentName({1, 1});
}

}  // namespace

std::string_view findingName(FsckFinding::Kind kind) {
  switch (kind) {
    case FsckFinding::Kind::kDamaged:
      return "damaged";
    case FsckFinding::Kind::kTorn:
      return "torn";
    case FsckFinding::Kind::kLost:
      return "lost";
  }
  return "unknown";
}

std::string FsckFinding::text() const {
  std::string result(findingName(kind));
  result += block == nullptr ? ":" : ": block " + block->id + " in";
  result += " " + file + " at byte " + std::to_string(offset) + ": " + what;
  if (block != nullptr) result += "; " + block->ranges().toString();
  return result;
}

std::vector<std::shared_ptr<const BlockInfo>> FsckReport::toRebuild() const {
  std::vector<std::shared_ptr<const BlockInfo>> infos;
  for (const FsckFinding& finding : findings)
    if (finding.block != nullptr && finding.rebuildable) infos.push_back(finding.block);
  return infos;
}

Result<FsckReport> checkStore(rt::FileSystem& files, const std::string& directory,
                              const FsckOptions& options) {
  const auto listing = listStore(files, directory);
  if (!listing) {
    return fail(Code::kUsage, listing.error().message(), "name the folder of a block store");
  }
  if (!listing->isStore()) {
    return fail(Code::kUsage, directory + " is no block store", hintFor(files, directory));
  }
  auto lock = files.lock(directory + "/" + std::string(kStoreLockName), options.holder);
  // A disk that cannot be written has nobody who writes.
  if (!lock && (options.repair || lock.error().code() == Code::kConflict)) return fail(lock.error());
  const auto locked = listStore(files, directory);
  if (!locked) return fail(locked.error());
  return Check(files, directory, options.repair).run(*locked);
}

}  // namespace tidemill::block
