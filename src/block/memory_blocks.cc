#include "block/memory_blocks.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "block/block_codec.h"

namespace tidemill::block {

Result<std::shared_ptr<const Block>> MemoryCopy::open() const {
  if (plain != nullptr) return plain;
  auto block = unpackBlock(packed);
  if (!block) return block;
  auto verified = verifyContent(**block);
  if (!verified) return fail(verified.error());
  return block;
}

// The records of a page take as much as their bodies if they are small, so they count, too.
std::vector<MemoryBlocks::Part> MemoryBlocks::partsOf(const MemoryCopy& copy) {
  std::vector<Part> parts;
  const auto add = [&parts](const void* address, std::size_t bytes) {
    const bool known =
        std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.address == address; });
    if (address != nullptr && !known) parts.push_back({address, static_cast<std::int64_t>(bytes)});
  };
  if (copy.packed != nullptr) {
    add(copy.packed.get(), copy.packed->capacity());
    return parts;
  }
  for (const BlockSlice& slice : copy.plain->slices()) {
    const codec::RecordsPage& page = slice.page->page;
    add(slice.page.get(), sizeof(ShardPage) + page.records.capacity() * sizeof(Record));
    if (page.body != nullptr) add(page.body.get(), page.body->capacity());
    if (page.arena != nullptr) add(page.arena.get(), page.arena->capacity());
  }
  return parts;
}

std::int64_t MemoryBlocks::bytesFor(const MemoryCopy& copy) const {
  std::int64_t bytes = 0;
  for (const Part& part : partsOf(copy))
    if (!holders_.contains(part.address)) bytes += part.bytes;
  return bytes;
}

void MemoryBlocks::add(MemoryCopy copy, bool maySpill) {
  TIDEMILL_CHECK(fits(copy), "the caller has made room");
  for (const Part& part : partsOf(copy))
    if (++holders_[part.address] == 1) bytes_ += part.bytes;
  bytesMost_ = std::max(bytesMost_, bytes_);
  const std::string id = copy.info->id;
  const std::uint64_t number = ++added_;
  const bool isNew = blocks_.emplace(id, Kept{std::move(copy), maySpill, number}).second;
  TIDEMILL_CHECK(isNew, "one block is kept once");
  byAge_[number] = id;
}

void MemoryBlocks::remove(const std::string& id) {
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return;
  for (const Part& part : partsOf(found->second.copy)) {
    const auto holder = holders_.find(part.address);
    if (--holder->second > 0) continue;
    holders_.erase(holder);
    bytes_ -= part.bytes;
  }
  byAge_.erase(found->second.number);
  blocks_.erase(found);
}

MemoryCopy MemoryBlocks::find(const std::string& id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? MemoryCopy{} : found->second.copy;
}

std::vector<MemoryCopy> MemoryBlocks::toSpill(const MemoryCopy& copy) const {
  std::vector<MemoryCopy> chosen;
  const std::int64_t needed = bytesFor(copy);
  if (needed > budget_) return chosen;
  const std::int64_t missing = bytes_ + needed - budget_;
  const std::int64_t wanted = std::max(missing, std::min(kSpillBytes, budget_ / 8));
  std::int64_t freed = 0;
  for (const auto& [number, id] : byAge_) {
    if (freed >= wanted) break;
    const Kept& kept = blocks_.at(id);
    if (!kept.maySpill) continue;
    chosen.push_back(kept.copy);
    for (const Part& part : partsOf(kept.copy)) freed += part.bytes;
  }
  if (freed < missing) chosen.clear();
  return chosen;
}

}  // namespace tidemill::block
