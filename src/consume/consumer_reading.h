// consume/consumer_reading.h: the half of a consumer that lives on the fetch lane.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "block/memory_budget.h"
#include "consume/gated_fetcher.h"
#include "consume/polling_fetcher.h"
#include "consume/reader_lane.h"
#include "consume/shard_coordinator.h"
#include "kinesis/kinesis_api.h"
#include "rt/env.h"

namespace tidemill::consume {

struct ReadingOptions {
  std::string stream;
  PollingOptions polling;
  std::int64_t budgetBytes = 0;
  std::int64_t pendingPagesMax = 1;
  std::int64_t pendingBytesMax = 1;
  std::shared_ptr<AggregateCounters> aggregates = nullptr;
};

// What comes of reading. Called on the control lane, in the order in which things happened for a shard.
class ReadingListener {
 public:
  virtual ~ReadingListener() = default;
  virtual void onPage(std::shared_ptr<const block::ShardPage> page) = 0;
  virtual void onEmpty(const std::string& shardId, std::int64_t token) = 0;
  virtual void onEnd(block::ShardEnd end) = 0;
  virtual void onReadFailed(const std::string& shardId, std::int64_t token, const Error& error) = 0;
};

// Where messages to the control lane find the listener, or nobody. Belongs to that lane.
struct ReadingMailbox {
  ReadingListener* listener;
};

// Built on the control lane; from then on every call, and shutdown(), happens on the fetch lane, by messages.
class ConsumerReading final : public RecordSink {
 public:
  using MakeApi =
      std::function<std::unique_ptr<kinesis::KinesisApi>(rt::Loop&, http::HttpTransport&, base::Random&)>;

  // `random` is a generator of its own. `env` outlives this object.
  ConsumerReading(const rt::Env& env, ReadingOptions options, base::Random random, MakeApi makeApi,
                  std::shared_ptr<ReadingMailbox> mailbox);

  void open();
  void start(const ShardStart& start);
  void stop(const std::string& shardId, std::int64_t token);
  // The handler is done with a page of so many bytes.
  void pageDone(const std::string& shardId, std::int64_t token, std::int64_t bytes);
  void shutdown();

 private:
  struct Reading {
    std::int64_t token;
    std::shared_ptr<PendingGate> gate;
  };
  void page(std::shared_ptr<const block::ShardPage> page) override;
  void ended(block::ShardEnd end) override;
  void failed(const std::string& shardId, const Error& error) override;
  void tell(std::function<void(ReadingListener&)> what);

  const rt::Env env_;
  const ReadingOptions options_;
  base::Random random_;
  const MakeApi makeApi_;
  const std::shared_ptr<ReadingMailbox> mailbox_;

  std::shared_ptr<block::MemoryBudget> budget_;
  std::unique_ptr<kinesis::KinesisApi> api_;
  std::map<std::string, Reading> shards_;
  std::unique_ptr<ReaderLane> readers_;
};

}  // namespace tidemill::consume
