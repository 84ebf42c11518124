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
  ++sealed_;
  payloadBytes_ = 0;
  return std::make_shared<const Block>(idPrefix_ + "-" + std::to_string(sealed_), std::exchange(slices_, {}),
                                       std::exchange(ends_, {}));
}

}  // namespace tidemill::block
