// block/directory_files.h: a folder, here or on a network mount, as a place for blocks.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "block/block_files.h"
#include "block/disk_blocks.h"

namespace tidemill::block {

// Opens its DiskBlocks when it is first needed, and again after that failed: a mount that is gone may come
// back.
class DirectoryFiles final : public BlockFiles {
 public:
  // What they name must outlive this and every copy. event=block_store_opened says what was found, and
  // block_index_damaged what of it could not be read.
  DirectoryFiles(rt::FileSystem& files, rt::Faults& faults, base::LogSink& log, std::string directory,
                 DiskBlocksOptions options);

  Result<StoredCopies> open() override;
  Result<StoredCopies> put(std::span<const std::shared_ptr<const Block>> blocks,
                           BlockEncoding encoding) override;
  Result<std::shared_ptr<const StoredCopy>> replace(std::shared_ptr<const Block> block,
                                                    BlockEncoding encoding) override;
  Result<void> release(std::span<const std::string> ids) override;

 private:
  void tell(const FoundStore& found);
  Result<void> openLate();

  rt::FileSystem& files_;
  rt::Faults& faults_;
  base::LogSink& log_;
  const std::string directory_;
  const DiskBlocksOptions options_;
  std::unique_ptr<DiskBlocks> blocks_;
};

}  // namespace tidemill::block
