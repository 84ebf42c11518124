#include "block/directory_files.h"

#include <algorithm>
#include <utility>

namespace tidemill::block {
namespace {

// `tidemill fsck` tells all.
constexpr std::size_t kDamageToldMax = 10;

class FileCopy final : public StoredCopy {
 public:
  FileCopy(rt::FileSystem& files, BlockLocation location) : files_(files), location_(std::move(location)) {}

  Result<std::shared_ptr<const Block>> load() const override { return loadBlock(files_, location_); }
  const std::shared_ptr<const BlockInfo>& info() const override { return location_.info; }
  std::uint64_t bytes() const override { return location_.bytes; }
  std::string where() const override {
    return location_.path + " at byte " + std::to_string(location_.offset);
  }

 private:
  rt::FileSystem& files_;
  const BlockLocation location_;
};

}  // namespace

DirectoryFiles::DirectoryFiles(rt::FileSystem& files, rt::Faults& faults, base::LogSink& log,
                               std::string directory, DiskBlocksOptions options)
    : files_(files),
      faults_(faults),
      log_(log),
      directory_(std::move(directory)),
      options_(std::move(options)) {}

void DirectoryFiles::tell(const FoundStore& found) {
  log_.info("block_store_opened", {{"directory", directory_},
                                   {"epoch", found.epoch},
                                   {"blocks", found.blocks},
                                   {"lost", found.lost.size()},
                                   {"torn", found.indexTorn ? 1 : 0},
                                   {"damaged", found.indexDamage.size()}});
  const std::size_t told = std::min(found.indexDamage.size(), kDamageToldMax);
  for (std::size_t i = 0; i < told; ++i)
    log_.warning("block_index_damaged", {{"directory", directory_}, {"reason", found.indexDamage[i]}});
}

Result<StoredCopies> DirectoryFiles::open() {
  if (blocks_ == nullptr) {
    auto blocks = DiskBlocks::open(files_, faults_, directory_, options_);
    if (!blocks) return fail(blocks.error());
    blocks_ = std::move(*blocks);
    tell(blocks_->found());
  }
  StoredCopies copies;
  for (const auto& info : blocks_->live()) {
    copies.push_back(std::make_shared<const FileCopy>(files_, *blocks_->location(info->id)));
  }
  return copies;
}

// Nobody knows of what lies there any more. What lease checkpoints may have passed stays all the same.
Result<void> DirectoryFiles::openLate() {
  if (blocks_ != nullptr) return {};
  auto found = open();
  if (!found) return fail(found.error());
  std::vector<std::string> ids;
  for (const auto& copy : *found) {
    if (copy->info()->owedTo.empty()) ids.push_back(copy->info()->id);
  }
  if (ids.size() < found->size()) {
    log_.error("stored_blocks_not_delivered",
               {{"directory", directory_},
                {"blocks", found->size() - ids.size()},
                {"reason", "the folder could be opened too late; they stay stored for the next start"}});
  }
  // Room that does not come back now comes back at the next start.
  static_cast<void>(blocks_->release(ids));
  return {};
}

Result<StoredCopies> DirectoryFiles::put(std::span<const std::shared_ptr<const Block>> blocks,
                                         BlockEncoding encoding) {
  auto opened = openLate();
  if (!opened) return fail(opened.error());
  auto locations = blocks_->put(blocks, encoding);
  if (!locations) return fail(locations.error());
  StoredCopies copies;
  for (BlockLocation& location : *locations)
    copies.push_back(std::make_shared<const FileCopy>(files_, std::move(location)));
  return copies;
}

Result<std::shared_ptr<const StoredCopy>> DirectoryFiles::replace(std::shared_ptr<const Block> block,
                                                                  BlockEncoding encoding) {
  auto opened = openLate();
  if (!opened) return fail(opened.error());
  auto location = blocks_->replace(std::move(block), encoding);
  if (!location) return fail(location.error());
  return std::make_shared<const FileCopy>(files_, std::move(*location));
}

Result<void> DirectoryFiles::release(std::span<const std::string> ids) {
  // Never opened: opening it late releases everything.
  if (blocks_ == nullptr) return {};
  return blocks_->release(ids);
}

}  // namespace tidemill::block
