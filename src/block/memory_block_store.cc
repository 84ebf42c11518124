#include "block/memory_block_store.h"

namespace tidemill::block {

rt::Task<Result<Placement>> MemoryBlockStore::put(std::shared_ptr<const Block> block,
                                                  StorageLevel /*level*/) {
  const std::string id = block->id();
  blocks_.try_emplace(id, std::make_shared<HeldBlock>(std::move(block)));
  co_return Placement{.memory = true, .disk = false, .copies = 1};
}

std::shared_ptr<const BlockSource> MemoryBlockStore::find(const std::string& id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : found->second;
}

}  // namespace tidemill::block
