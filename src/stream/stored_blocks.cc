#include "stream/stored_blocks.h"

#include <algorithm>
#include <utility>

#include "block/memory_block_store.h"

namespace tidemill::stream {

void StoredBlocks::hold(std::shared_ptr<const block::Block> block) {
  const std::string id = block->id();
  const std::int64_t bytes = block->payloadBytes();
  drop(id);
  held_.emplace(id, Held{std::make_shared<block::HeldBlock>(std::move(block)), bytes});
  heldBytes_ += bytes;
  heldBytesMost_ = std::max(heldBytesMost_, heldBytes_);
}

void StoredBlocks::drop(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  heldBytes_ -= found->second.bytes;
  held_.erase(found);
}

std::shared_ptr<const block::BlockSource> StoredBlocks::find(const std::string& id) const {
  const auto held = held_.find(id);
  return held == held_.end() ? store_->find(id) : held->second.source;
}

void StoredBlocks::close() {
  held_.clear();
  heldBytes_ = 0;
  store_.reset();
}

void StoredBlocks::lose(const std::string& id) {
  drop(id);
  store_->markLost(id);
}

void StoredBlocks::release(const std::string& id) {
  drop(id);
  store_->release(id);
}

}  // namespace tidemill::stream
