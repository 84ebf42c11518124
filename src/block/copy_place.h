// block/copy_place.h: a place for copies of blocks as its queue calls it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "block/block_files.h"
#include "block/memory_blocks.h"
#include "rt/task.h"
#include "rt/worker_pool.h"

namespace tidemill::block {

struct CopyJob {
  MemoryCopy copy;
  BlockEncoding encoding = BlockEncoding::kNone;
  // Write it even if the place claims to have it.
  bool replace = false;
};
using WrittenCopy = Result<std::shared_ptr<const StoredCopy>>;

// Lives on the lane of its queue, which never makes two calls at once; held by calls that are left to end by
// themselves.
class CopyPlace {
 public:
  virtual ~CopyPlace() = default;
  // As BlockFiles::open().
  virtual rt::Task<Result<StoredCopies>> open() = 0;
  // One answer for each, in their order. The ids differ.
  virtual rt::Task<std::vector<WrittenCopy>> write(std::vector<CopyJob> jobs) = 0;
  // Room that does not come back now comes back with a later release, or when the place is opened again.
  virtual rt::Task<void> release(std::vector<std::string> ids) = 0;
};

// Blocking files, on threads of their own.
class PooledFiles final : public CopyPlace {
 public:
  // References outlive this.
  PooledFiles(rt::Loop& loop, rt::WorkerPool& pool, std::shared_ptr<BlockFiles> files)
      : loop_(loop), pool_(pool), files_(std::move(files)) {}
  rt::Task<Result<StoredCopies>> open() override;
  rt::Task<std::vector<WrittenCopy>> write(std::vector<CopyJob> jobs) override;
  rt::Task<void> release(std::vector<std::string> ids) override;

 private:
  rt::Loop& loop_;
  rt::WorkerPool& pool_;
  const std::shared_ptr<BlockFiles> files_;
};

}  // namespace tidemill::block
