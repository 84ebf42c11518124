// stream/block_view.h: a block as the tasks of a batch see it.
#pragma once

#include <atomic>
#include <memory>

#include "block/block_store.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

// Reads the records where they lie each time a task asks for them, and gives those that the batch may
// deliver. Shared by the engine and the tasks, which may outlive the batch.
class BlockView final : public detail::RecordBlock {
 public:
  // `wanted`: all of what `source` holds, or a part of it.
  BlockView(std::shared_ptr<const block::BlockInfo> wanted, std::shared_ptr<const block::BlockSource> source);

  // On a worker thread; blocking. Throws Error(kDamagedBlock) if no copy can be read. Views into records are
  // valid inside the call.
  void forEachRecord(FunctionRef<void(const Record&)> visit) const override;
  std::int64_t recordCount() const override { return wanted_->recordCount(); }
  Partition partition() const override {
    return {.blockId = wanted_->id, .seqNumberRanges = wanted_->ranges()};
  }

  const std::shared_ptr<const block::BlockInfo>& info() const { return wanted_; }
  // True once a task has met a copy that cannot be used, whatever became of the exception.
  bool unreadable() const { return unreadable_; }

 private:
  const std::shared_ptr<const block::BlockInfo> wanted_;
  const std::shared_ptr<const block::BlockSource> source_;
  mutable std::atomic<bool> unreadable_{false};
};

}  // namespace tidemill::stream
