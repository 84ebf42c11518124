// stream/block_keeper.h: puts sealed blocks into the block store, and says when they may go into a batch.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "block/block.h"
#include "rt/env.h"
#include "rt/semaphore.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/stored_blocks.h"
#include "tidemill/storage_level.h"

namespace tidemill::stream {

// Told on the control lane.
class KeeperHost {
 public:
  virtual ~KeeperHost() = default;
  // The block lies where its level wants it, or where it could be put. In the order in which blocks came.
  virtual void onKept(std::shared_ptr<const block::BlockInfo> info) = 0;
  // A block could not be stored, so neither it nor any later one goes into a batch.
  virtual void onKeepFailed(const Error& error) = 0;
};

struct KeeperOptions {
  std::string streamName;
  StorageLevel level = StorageLevel::MEMORY_AND_DISK_2;
  // Payload of blocks that were given out and lie nowhere, because the level or the room does not allow it:
  // all of a batch is read again at once, so more than this waits. Range: at least 1.
  std::int64_t nowhereBytesMax = 256 << 20;
  // Whether a block that the store has no room for may be processed from memory when reading has ended.
  bool mayHold = true;
};

// Of one input; lives on the control lane. Several blocks are on their way into the store at once, and leave
// this in the order in which they came. A block that waits holds its memory, so that readers pause when too
// many wait. Its id was fixed when it was sealed: putting it again after a failure makes no second block.
class BlockKeeper {
 public:
  // References outlive this object.
  BlockKeeper(const rt::Env& env, StoredBlocks& blocks, KeeperOptions options, KeeperHost& host);

  void add(std::shared_ptr<const block::Block> block);
  // The batch of a block has succeeded.
  void released(const std::string& id);
  // Everything added has been given to the host when this returns, or one has failed. Nothing is added any
  // more; what the store has no room for is held in memory instead.
  rt::Task<void> drain();
  // Ends what is under way.
  void stop() { tasks_.cancel(); }

  // Blocks that were added and are not given out.
  std::int64_t waiting() const { return static_cast<std::int64_t>(queue_.size()); }
  // Of them.
  std::int64_t waitingRecords() const;
  // Blocks for which less than the level was achieved; the store says why.
  std::int64_t shortOfLevel() const { return shortOfLevel_; }

 private:
  struct Entry {
    // Null once it lies somewhere; one that lies nowhere holds its memory until it is given out.
    std::shared_ptr<const block::Block> block;
    std::shared_ptr<const block::BlockInfo> info;
    bool begun = false;
    std::optional<block::Placement> placed = std::nullopt;
  };

  void beginWaiting();
  rt::Task<void> place(std::shared_ptr<Entry> entry);
  rt::Task<Result<block::Placement>> store(std::shared_ptr<const block::Block> block);
  void placed(Entry& entry, block::Placement placement);
  void giveOut();
  bool mayGiveOut(const Entry& entry) const;
  void noteFull(const block::Block& block, const Error& error);
  void noteRoom();
  void giveUp(const Error& error);

  const rt::Env& env_;
  StoredBlocks& blocks_;
  const KeeperOptions options_;
  KeeperHost& host_;

  std::deque<std::shared_ptr<Entry>> queue_;
  // By id: payload of what was given out and lies nowhere.
  std::map<std::string, std::int64_t> nowhere_;
  std::int64_t nowhereBytes_ = 0;
  bool full_ = false;
  bool draining_ = false;
  bool failed_ = false;
  std::int64_t shortOfLevel_ = 0;
  rt::Semaphore drained_;
  rt::TaskGroup tasks_;
};

}  // namespace tidemill::stream
