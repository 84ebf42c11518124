// stream/batch_presence.h: makes sure that a batch finds every record of its blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "block/block_store.h"
#include "consume/range_reader.h"
#include "rt/env.h"
#include "rt/task.h"
#include "stream/batch.h"
#include "stream/stored_blocks.h"
#include "tidemill/storage_level.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::stream {

// Reads lost blocks of one input from Kinesis again.
class BlockRecovery {
 public:
  virtual ~BlockRecovery() = default;
  // One answer for each block, in their order; errors are those of consume::RangeReader.
  virtual rt::Task<Result<std::vector<consume::RebuiltBlock>>> rebuild(BlockInfoList blocks) = 0;
  virtual StorageLevel storageLevel() const = 0;
  virtual const std::string& streamName() const = 0;
};

struct PresenceOptions {
  // Whether rebuilt blocks go back into the store, so that the next reader finds them. (D11)
  bool keepRebuilt = true;
  // Payload of blocks that are rebuilt at once. Larger reads more shards side by side and holds more.
  std::int64_t portionBytes = 32 << 20;
  // For tests: of a million stored blocks, how many are lost before their batch. Range: 0 to 1,000,000.
  std::uint64_t losePerMillion = 0;
};

// A batch with the way to the records of each of its blocks.
struct PresentBatch {
  // As asked for; without the records that are gone for good, where such losses are only recorded.
  std::shared_ptr<const Batch> batch;
  // By block id. Blocks without records have none.
  std::map<std::string, std::shared_ptr<const block::BlockSource>> sources;
  // Blocks that were lost and are not back in the store: their records are held for the batch alone.
  std::set<std::string> unstored;
};

// Lives on the control lane; one batch at a time.
class BatchPresence {
 public:
  // References outlive this object.
  BatchPresence(const rt::Env& env, StoredBlocks& blocks, PresenceOptions options,
                std::vector<StreamingListener*> listeners);

  // What lies in the store is found, the rest is read again. `inputs` by input id. Errors: those of the
  // recovery, kDataLoss among them.
  rt::Task<Result<PresentBatch>> make(std::shared_ptr<const Batch> batch, std::vector<BlockRecovery*> inputs);
  // A task found no copy of the block that can be read: the next make() reads it again.
  void unreadable(const std::string& id);
  // Nobody asks for the block any more.
  void forget(const std::string& id);

  std::int64_t blocksLost() const { return lost_; }
  std::int64_t blocksRebuilt() const { return rebuilt_; }

 private:
  // What of `blocks` no task gets at; the rest goes into `present`.
  BlockInfoList findStored(const BlockInfoList& blocks, PresentBatch& present);
  // What of `absent` lies in no place behind a network either.
  rt::Task<BlockInfoList> fetch(BlockInfoList absent, BlockRecovery& input, PresentBatch& present);
  bool losesNow();
  rt::Task<Result<void>> recover(BlockInfoList lost, BlockRecovery& input, PresentBatch& present,
                                 std::map<std::string, std::shared_ptr<const block::BlockInfo>>& shrunk);
  rt::Task<void> takeBack(std::shared_ptr<const block::Block> block, StorageLevel level);
  // `error`: why no copy was fetched.
  void noteLost(const block::BlockInfo& info, const BlockRecovery& input, const Error& error);
  void noteRebuilt(const block::BlockInfo& info, const BlockRecovery& input, rt::Duration took);

  const rt::Env& env_;
  StoredBlocks& blocks_;
  const PresenceOptions options_;
  const std::vector<StreamingListener*> listeners_;
  // In millionths of a block: how much is still to be lost on purpose.
  std::uint64_t owed_;

  // Blocks that tasks found unreadable.
  std::set<std::string> unreadable_;
  // Those whose loss was told and that did not come back yet; true: as an outage of where their copy is.
  std::map<std::string, bool> toldLost_;
  // As PresentBatch::unstored, until forget().
  std::set<std::string> unstored_;
  std::int64_t lost_ = 0;
  std::int64_t rebuilt_ = 0;
};

}  // namespace tidemill::stream
