// block/disk_blocks.h: blocks in a folder: they survive the process, and a power cut.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "block/block_codec.h"
#include "block/block_index.h"
#include "block/frame_file.h"
#include "block/store_names.h"
#include "rt/faults.h"
#include "rt/file_system.h"

namespace tidemill::block {

struct DiskBlocksOptions {
  // What the lock file says of this process, e.g. "worker w1".
  std::string holder = "a block store";
  // A number that nobody can guess: bytes of a record must not be taken for a frame.
  std::uint64_t salt = 0;
  // A segment that has reached this size is closed. Range: at least 1. Larger: fewer files, but room comes
  // back only when all blocks of a segment are released.
  std::uint64_t segmentBytes = 64 << 20;
  // The index is written anew when it has grown to this and twice what it needs.
  std::uint64_t indexBytes = 1 << 20;
};

// Where a block lies: a value, good until the block is released.
struct BlockLocation {
  std::string path;
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::shared_ptr<const BlockInfo> info;
};

// Reads the block there and checks it: checksums, ranges and content hashes. Blocking, callable from any
// thread. kDamagedBlock names block, file and offset; kIo if the file cannot be read, as after a release.
Result<std::shared_ptr<const Block>> loadBlock(rt::FileSystem& files, const BlockLocation& location);
// The same, with errors that say no more than what is wrong: for callers that name the place themselves.
Result<std::shared_ptr<const Block>> readStoredBlock(rt::FileSystem& files, const BlockLocation& location);

// What open() came upon.
struct FoundStore {
  std::uint64_t epoch = 0;
  std::size_t blocks = 0;
  // Bytes of the index that are not as they were written, for people. Blocks that it forgot by that, or by a
  // torn tail, are taken from the segments; where it is damaged also those of which only the head is whole,
  // so that they can be read again by their ranges.
  std::vector<std::string> indexDamage;
  bool indexTorn = false;
  // Blocks whose bytes are missing, cut or gone with their file. They stay stored, loading them fails.
  std::vector<std::shared_ptr<const BlockInfo>> lost;
};

// The files of one store (store_names.h, frame.h). A block counts as stored when its frame is synced in a
// segment, then its entry in the index, and the folder after a file was created. Blocking, one thread: the
// store's. Everything an earlier process left is still stored until it is released.
class DiskBlocks {
 public:
  // Makes the folder, locks it, reads the index and looks at the segments. kConflict: another process has it.
  // kIo: among others, the index is damaged and a segment cannot be read. A full disk is no failure. `files`
  // and `faults` must outlive this.
  static Result<std::unique_ptr<DiskBlocks>> open(rt::FileSystem& files, rt::Faults& faults,
                                                  std::string directory, DiskBlocksOptions options);
  ~DiskBlocks();

  const FoundStore& found() const { return found_; }

  // Stores all or none of them, with one sync for all, and gives their places in the same order. A block that
  // is stored already, with the same ranges and hashes, stays where it is; another one of the same id is
  // replaced. After a failed write or sync the file is given up and everything is written to a new one, once.
  // kDiskFull and kIo: what was stored before still is, and a later call may succeed.
  Result<std::vector<BlockLocation>> put(std::span<const std::shared_ptr<const Block>> blocks,
                                         BlockEncoding encoding = BlockEncoding::kNone);
  // Stores the block in place of one that is damaged, even if they claim to be the same, in another file.
  Result<BlockLocation> replace(std::shared_ptr<const Block> block,
                                BlockEncoding encoding = BlockEncoding::kNone);

  // Nothing if it is not stored.
  std::optional<BlockLocation> location(const std::string& id) const;
  // See loadBlock().
  Result<std::shared_ptr<const Block>> load(const BlockLocation& where) const {
    return loadBlock(files_, where);
  }

  // Forgets blocks, damaged ones too; unknown ids do nothing. Returns at once: after a crash they may be
  // stored again. A segment without blocks is deleted. A failure only means that room comes back later.
  Result<void> release(std::span<const std::string> ids);

  // Everything that is stored, by id.
  std::vector<std::shared_ptr<const BlockInfo>> live() const;
  // Of segments and index.
  std::uint64_t bytesUsed() const;
  const std::string& directory() const { return directory_; }

 private:
  struct Segment {
    std::uint64_t bytes = 0;      // Of the file.
    std::uint64_t storedEnd = 0;  // Where the last frame ends that counts as stored.
    std::size_t live = 0;         // Blocks.
    std::uint64_t liveBytes = 0;  // Of their frames.
  };
  struct Active {
    StoreFile name;
    std::unique_ptr<FrameFile> file;
  };

  DiskBlocks(rt::FileSystem& files, rt::Faults& faults, std::string directory, DiskBlocksOptions options);
  Result<void> readStore();
  Result<void> readNewestIndex(const StoreListing& listing);
  void countLive();
  Result<void> adoptUnindexed(const StoreListing& listing);
  void adoptFrom(StoreFile segment, std::string_view bytes, std::vector<IndexEntry>& damaged);

  Result<std::vector<BlockLocation>> write(std::span<const std::shared_ptr<const Block>> blocks,
                                           BlockEncoding encoding);
  Result<std::vector<IndexEntry>> tryWrite(std::span<const std::shared_ptr<const Block>> blocks,
                                           BlockEncoding encoding);
  Result<IndexEntry> append(std::shared_ptr<const Block> block, BlockEncoding encoding);
  Result<void> openSegment();
  Result<void> syncSegment();
  Result<void> note(const std::vector<IndexEntry>& entries);
  void count(IndexEntry entry);
  bool drop(const std::string& id);
  void noteReleased(const std::vector<std::string>& ids);
  void giveUpUnstored();
  void closeActive();
  void closeWasteful();

  Result<void> openIndex();
  Result<void> rewriteIndex();
  Result<void> writeIndex(StoreFile name);
  void removeOldIndexes();
  Result<void> settleIndex();
  Result<void> deleteEmptySegments();
  std::vector<StoreFile> emptySegments() const;

  std::string pathOf(const std::string& name) const { return directory_ + "/" + name; }
  BlockLocation locationOf(const IndexEntry& entry) const;
  Result<void> syncDirectory();

  rt::FileSystem& files_;
  rt::Faults& faults_;
  const std::string directory_;
  const DiskBlocksOptions options_;
  std::unique_ptr<rt::FileLock> lock_;
  FoundStore found_;

  std::map<std::string, IndexEntry> entries_;
  std::map<StoreFile, Segment> segments_;
  std::uint64_t lastSegment_ = 0;
  std::optional<Active> active_;

  // Null: the one on disk cannot be appended to; the next change writes a new one.
  std::unique_ptr<FrameFile> index_;
  std::uint64_t lastIndex_ = 0;
  std::uint64_t liveIndexBytes_ = 0;
  // While opening: what a damaged index has released for sure.
  std::set<std::string> released_;
  // Names of indexes that a newer one has replaced or will.
  std::set<std::string> oldIndexes_;
};

}  // namespace tidemill::block
