#include "block/tiered_source.h"

#include <optional>

namespace tidemill::block {

// A place that gives another block, however intact, has damaged this one.
Result<std::shared_ptr<const Block>> TieredSource::checked(Result<std::shared_ptr<const Block>> block) const {
  if (!block || sameInfo(*(*block)->info(), *info_)) return block;
  return fail(Code::kDamagedBlock, "another block lies in the place of block " + info_->id,
              "its records can be read again from Kinesis by its ranges");
}

Result<std::shared_ptr<const Block>> TieredSource::load() const {
  std::optional<Error> worst;
  const auto failed = [&](std::size_t place, const std::string& where, const Error& error) {
    if (error.code() == Code::kDamagedBlock) onDamaged_(place, where, error);
    if (!worst || error.code() != Code::kDamagedBlock) worst = error;
  };
  if (memory_) {
    auto block = memory_.plain != nullptr ? memory_.open() : checked(memory_.open());
    if (block) return block;
    failed(kMemory, "memory", block.error());
  }
  for (const auto& [place, copy] : copies_) {
    auto block = checked(copy->load());
    if (block) return block;
    failed(place, copy->where(), block.error());
  }
  return tl::unexpected(*worst);
}

}  // namespace tidemill::block
