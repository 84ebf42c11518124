#include "stream/stored_blocks.h"

#include <utility>

#include "block/memory_block_store.h"

namespace tidemill::stream {

void StoredBlocks::hold(std::shared_ptr<const block::Block> block) {
  const std::string id = block->id();
  held_.insert_or_assign(id, std::make_shared<block::HeldBlock>(std::move(block)));
}

std::shared_ptr<const block::BlockSource> StoredBlocks::find(const std::string& id) const {
  const auto held = held_.find(id);
  return held == held_.end() ? store_->find(id) : held->second;
}

void StoredBlocks::close() {
  held_.clear();
  store_.reset();
}

void StoredBlocks::lose(const std::string& id) {
  held_.erase(id);
  store_->markLost(id);
}

void StoredBlocks::release(const std::string& id) {
  held_.erase(id);
  store_->release(id);
}

}  // namespace tidemill::stream
