// stream/block_generator.h: cuts what the readers bring into blocks, by time and by size.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "block/block_builder.h"
#include "consume/record_sink.h"
#include "rt/loop.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"

namespace tidemill::stream {

struct BlockGeneratorOptions {
  // Names the input: "input-0". Block ids are prefix-N, where N starts at the wall clock's milliseconds, so
  // that they are not those of an earlier process.
  std::string idPrefix;
  block::BlockBuilderOptions blocks;
  // Blocks are sealed at its multiples on the wall clock. Whole milliseconds, at least 1.
  rt::Duration interval = std::chrono::milliseconds(200);
  // Sealed blocks that are not stored yet. When there are so many, nothing is sealed and no read begins.
  // Range: at least 1. (Spark: spark.streaming.blockQueueSize)
  std::int64_t waitingMax = 10;
  // The least N: behind blocks that an earlier process has left, from which the clock may have gone back.
  std::uint64_t firstNumber = 0;
  // Blocks of an earlier generator that are not stored yet; stored() is called for them, too.
  std::int64_t waiting = 0;
};

// Lives on the fetch lane. Blocks leave in the order in which they were sealed, on this lane. Memory has
// three bounds: `waitingMax` sealed blocks; the block being built is sealed at its limit, or, while too many
// wait, grows by the reads that had begun, one page for each shard; and the budget that readers draw on.
class BlockGenerator final : public consume::RecordSink {
 public:
  using OnBlock = std::function<void(std::shared_ptr<const block::Block>)>;
  using OnFailure = std::function<void(const std::string& shardId, const Error& error)>;

  BlockGenerator(rt::Loop& loop, BlockGeneratorOptions options, OnBlock onBlock, OnFailure onFailure);

  // Without effect after stop(): what comes then counts as never read.
  void page(std::shared_ptr<const block::ShardPage> page) override;
  void ended(block::ShardEnd end) override;
  void failed(const std::string& shardId, const Error& error) override;
  rt::Task<void> room() override;

  // Seals what is there, as soon as there is a place for the block.
  void flush();
  // One of the blocks that were given out is stored, or is nobody's concern any more.
  void stored();
  // Gives out what is there as a last block, however many wait. Nothing is taken afterwards.
  void stop();

  // Blocks that were given out and are not stored.
  std::int64_t waiting() const { return waiting_; }

 private:
  rt::Task<void> tick();
  void seal();

  rt::Loop& loop_;
  const BlockGeneratorOptions options_;
  block::BlockBuilder builder_;
  const OnBlock onBlock_;
  const OnFailure onFailure_;
  std::int64_t waiting_;
  // A seal is due that found no place.
  bool sealDue_ = false;
  bool stopped_ = false;
  // What `waiting_` leaves; readers pass through it.
  rt::Semaphore places_;
  rt::TaskGroup ticker_;
};

}  // namespace tidemill::stream
