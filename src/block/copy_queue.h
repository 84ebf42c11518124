// block/copy_queue.h: the calls to one place for blocks, in order, away from the lane.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/copy_place.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"

namespace tidemill::block {

// A copy on its way.
struct CopyWrite {
  CopyWrite(rt::Loop& loop, MemoryCopy of) : info(of.info), copy(std::move(of)), done(loop, 0, kForEver) {}

  const std::shared_ptr<const BlockInfo> info;
  MemoryCopy copy;  // Empty once it is done.
  BlockEncoding encoding = BlockEncoding::kNone;
  // Write it even if the place claims to have it.
  bool replace = false;
  // Which putting of this id it belongs to: the id may have been released and put again meanwhile.
  std::uint64_t serial = 0;
  // It only makes room: the block lies in memory.
  bool spill = false;
  // Nobody waits any more: it is not begun.
  bool abandoned = false;

  // Set before `done` has permits: any number of waiters may acquire one each.
  std::optional<Result<std::shared_ptr<const StoredCopy>>> result;
  rt::Semaphore done;

  static constexpr std::int64_t kForEver = std::int64_t{1} << 40;
};

// A place that is being opened.
struct CopyOpening {
  explicit CopyOpening(rt::Loop& loop) : done(loop, 0, CopyWrite::kForEver) {}

  std::optional<Result<StoredCopies>> result;
  rt::Semaphore done;
};

struct CopyQueueOptions {
  // Blocks that wait when the thread gets free are written together, with one sync: up to so many, and so
  // much payload.
  std::size_t groupBlocksMax = 64;
  std::int64_t groupBytesMax = 64 << 20;
};

// Lives on one lane; never two calls at once. What is queued when this is destroyed is not begun; a call that
// runs on another thread is left to end by itself.
class CopyQueue {
 public:
  // Hears of every write that has ended, before those who wait for it.
  using OnWritten = std::function<void(const CopyWrite&)>;

  CopyQueue(rt::Loop& loop, std::shared_ptr<CopyPlace> place, CopyQueueOptions options, OnWritten onWritten);

  // Before anything else.
  std::shared_ptr<CopyOpening> open();
  void put(std::shared_ptr<CopyWrite> write);
  void release(std::string id);
  // Waits until nothing is queued; false if `patience` was over before.
  rt::Task<bool> drain(rt::Duration patience) { return tasks_.join(patience); }

  // Since when the present call runs; nothing if none does.
  std::optional<rt::TimePoint> busySince() const { return busySince_; }
  // Writes that have not begun.
  std::size_t waiting() const { return waiting_; }
  std::int64_t waitingBytes() const { return waitingBytes_; }

 private:
  // One of the three.
  struct Call {
    std::shared_ptr<CopyWrite> write;
    std::shared_ptr<CopyOpening> opening;
    std::string released;
  };
  using Group = std::vector<std::shared_ptr<CopyWrite>>;

  void enqueue(Call call);
  rt::Task<void> work();
  rt::Task<void> openFirst();
  rt::Task<void> writeGroup();
  rt::Task<void> releaseGroup();
  Group takeGroup();
  void finish(CopyWrite& write, Result<std::shared_ptr<const StoredCopy>> result);

  rt::Loop& loop_;
  const std::shared_ptr<CopyPlace> place_;
  const CopyQueueOptions options_;
  const OnWritten onWritten_;
  std::deque<Call> calls_;
  std::size_t waiting_ = 0;
  std::int64_t waitingBytes_ = 0;
  bool working_ = false;
  std::optional<rt::TimePoint> busySince_;
  rt::TaskGroup tasks_;
};

}  // namespace tidemill::block
