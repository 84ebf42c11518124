// stream/stored_blocks.h: where the blocks of a run lie until their batch has succeeded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "block/block_store.h"

namespace tidemill::stream {

// The block store, and beside it the blocks that are held in memory for a while: those that the store could
// not take when it had to be soon, and those that were rebuilt and are not put back. Lives on the control
// lane.
class StoredBlocks {
 public:
  explicit StoredBlocks(std::unique_ptr<block::BlockStore> store) : store_(std::move(store)) {}

  // Until close().
  block::BlockStore& store() { return *store_; }
  // Gives up the store and its folders; ways to blocks that somebody holds stay good. Nobody may be putting.
  void close();

  // Until release() or lose().
  void hold(std::shared_ptr<const block::Block> block);
  // The most payload that was held at once: no more than that of the blocks of one batch that were lost, and
  // while a graceful stop works off what was received, of that.
  std::int64_t heldBytesMost() const { return heldBytesMost_; }
  // Null: the block is nowhere.
  std::shared_ptr<const block::BlockSource> find(const std::string& id) const;
  // No copy can be used any more.
  void lose(const std::string& id);
  void release(const std::string& id);

 private:
  struct Held {
    std::shared_ptr<const block::BlockSource> source;
    std::int64_t bytes = 0;
  };
  void drop(const std::string& id);

  std::unique_ptr<block::BlockStore> store_;
  std::map<std::string, Held> held_;
  std::int64_t heldBytes_ = 0;
  std::int64_t heldBytesMost_ = 0;
};

}  // namespace tidemill::stream
