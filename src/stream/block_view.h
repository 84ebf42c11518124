// stream/block_view.h: a block as the tasks of a batch see it, and as others do meanwhile.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "block/block_store.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

// Reads the records where they lie each time a task asks for them, and gives those that the batch may
// deliver. Shared by the engine and the tasks, which may outlive the batch.
class BlockView final : public detail::RecordBlock {
 public:
  // `wanted`: all of what `source` holds, or a part of it. `isStored`: false if the block was lost, and its
  // records are held for the batch alone.
  BlockView(std::shared_ptr<const block::BlockInfo> wanted, std::shared_ptr<const block::BlockSource> source,
            bool isStored = true);

  // On a worker thread; blocking. Throws Error(kDamagedBlock) if no copy can be read. Views into records are
  // valid inside the call.
  void forEachRecord(FunctionRef<void(const Record&)> visit) const override;
  std::int64_t recordCount() const override { return wanted_->recordCount(); }
  Partition partition() const override {
    return {.blockId = wanted_->id, .isBlockIdValid = isStored_, .seqNumberRanges = wanted_->ranges()};
  }

  // The same records; blocking, callable from any thread. kDamagedBlock, kIo.
  Result<std::shared_ptr<const block::Block>> load() const;

  const std::shared_ptr<const block::BlockInfo>& info() const { return wanted_; }
  // True once a task has met a copy that cannot be used, whatever became of the exception.
  bool unreadable() const { return unreadable_; }

 private:
  const std::shared_ptr<const block::BlockInfo> wanted_;
  const std::shared_ptr<const block::BlockSource> source_;
  const bool isStored_;
  mutable std::atomic<bool> unreadable_{false};
};

// The way to the records of a view for whoever asks for the block by its id. It does not keep the block in
// memory: when the batch is over it leads nowhere.
class LentBlock final : public block::BlockSource {
 public:
  explicit LentBlock(const std::shared_ptr<const BlockView>& view) : id_(view->info()->id), view_(view) {}
  // Also kDataLoss: the batch is over.
  Result<std::shared_ptr<const block::Block>> load() const override;

 private:
  const std::string id_;
  const std::weak_ptr<const BlockView> view_;
};

}  // namespace tidemill::stream
