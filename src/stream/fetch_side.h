// stream/fetch_side.h: the half of a receiver that lives on the fetch lane.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "block/memory_budget.h"
#include "consume/polling_fetcher.h"
#include "consume/range_reader.h"
#include "consume/reader_lane.h"
#include "consume/shard_coordinator.h"
#include "kinesis/kinesis_api.h"
#include "rt/env.h"
#include "rt/task_group.h"
#include "stream/block_generator.h"
#include "stream/rate_gate.h"

namespace tidemill::stream {

struct FetchSideOptions {
  std::string streamName;
  std::string idPrefix;
  std::uint64_t firstBlock = 0;
  consume::PollingOptions polling;
  block::BlockBuilderOptions blocks;
  rt::Duration blockInterval;
  std::int64_t blockQueueSize;
  std::int64_t budgetBytes;
  std::shared_ptr<consume::AggregateCounters> aggregates = nullptr;
  // Of user records; what recovery reads does not count.
  RateLimits rate = {};
  consume::RangeReadOptions recovery;
  // Of all that reads shards in this process. Null: nothing else does.
  std::shared_ptr<consume::ShardPaces> paces = nullptr;
};

// Reads shards and makes blocks, and reads lost blocks again. Built on the control lane; from then on every
// call happens on the fetch lane, by messages: open(), shutdown() when reading ends, close() at the end.
// `onBlock`, `onFailure` and `onRebuilt` are called there. After a shutdown() with `flush`, reopen() and
// start() begin again, with the rate, the memory budget and the client as they are.
class FetchSide {
 public:
  using MakeApi =
      std::function<std::unique_ptr<kinesis::KinesisApi>(rt::Loop&, http::HttpTransport&, base::Random&)>;

  // `random` is a generator of its own. `env` outlives this object.
  FetchSide(const rt::Env& env, FetchSideOptions options, base::Random random, MakeApi makeApi,
            BlockGenerator::OnBlock onBlock, BlockGenerator::OnFailure onFailure);

  // Makes the client and the generator.
  void open();
  // Begins again after shutdown(). Blocks are numbered from `firstBlock` on; `waiting` of the old ones are
  // not stored yet.
  void reopen(std::uint64_t firstBlock, std::int64_t waiting);
  void start(const consume::ShardStart& start);
  // Stops reading a shard; if it is to be handed over, the end of it follows behind what was read.
  void stop(const consume::ShardStop& stop);
  // Records per second from now on, also for reads that wait.
  void updateRate(std::int64_t rate);
  // No rate is above it from now on.
  void updateMaxRate(std::int64_t rate);
  // One of the blocks that were given out is stored: there is a place for another one.
  void blockStored();
  // Stops reading. With `flush`, what was read becomes a last block.
  void shutdown(bool flush);

  using OnRebuilt = std::function<void(Result<std::vector<consume::RebuiltBlock>>)>;
  // Reads the blocks again at the pace that their shards have left; also after shutdown(). A close() ends it
  // without an answer; afterwards the answer is kCancelled.
  void recover(std::vector<std::shared_ptr<const block::BlockInfo>> blocks, OnRebuilt onRebuilt);
  void close();

 private:
  void makeReaders(std::uint64_t firstBlock, std::int64_t waiting);
  rt::Task<void> rebuild(std::vector<std::shared_ptr<const block::BlockInfo>> blocks, OnRebuilt onRebuilt);

  const rt::Env& env_;
  const FetchSideOptions options_;
  base::Random random_;
  MakeApi makeApi_;
  BlockGenerator::OnBlock onBlock_;
  BlockGenerator::OnFailure onFailure_;

  std::shared_ptr<block::MemoryBudget> budget_;
  std::unique_ptr<kinesis::KinesisApi> api_;
  std::shared_ptr<consume::ShardPaces> paces_;
  std::shared_ptr<RateGate> rateGate_;
  std::unique_ptr<BlockGenerator> generator_;
  std::unique_ptr<consume::ReaderLane> readers_;
  std::unique_ptr<consume::RangeReader> rangeReader_;
  std::unique_ptr<rt::TaskGroup> recoveries_;
};

}  // namespace tidemill::stream
