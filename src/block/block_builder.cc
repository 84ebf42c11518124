#include "block/block_builder.h"

namespace tidemill::block {

void BlockBuilder::add(std::shared_ptr<const ShardPage> page) {
  const std::size_t count = page->page.records.size();
  if (count == 0) return;
  payloadBytes_ += page->page.payloadBytes;
  slices_.push_back(BlockSlice{std::move(page), 0, count});
}

std::shared_ptr<const Block> BlockBuilder::seal() {
  if (empty()) return nullptr;
  payloadBytes_ = 0;
  std::string id = idPrefix_ + "-" + std::to_string(nextNumber_++);
  return std::make_shared<const Block>(std::move(id), std::exchange(slices_, {}), std::exchange(ends_, {}),
                                       options_.owedTo);
}

}  // namespace tidemill::block
