// consume/polling_fetcher.h: reads a shard with GetShardIterator and GetRecords.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "block/memory_budget.h"
#include "consume/backoff.h"
#include "consume/pace.h"
#include "consume/record_fetcher.h"
#include "kinesis/kinesis_api.h"
#include "rt/loop.h"

namespace tidemill::consume {

struct PollingOptions {
  PaceOptions pace;
  BackoffOptions backoff;
  // Records asked for in one call. Range: 1 to 10,000.
  int recordsPerCall = 10'000;
  // Answers in a row that cannot be read before the shard is given up: a broken proxy heals, a wrong endpoint
  // does not. Range: at least 1.
  int malformedMax = 10;
};

// Where and with what a fetcher works; the references outlive it. All on the fetch lane.
struct FetchContext {
  rt::Loop& loop;
  kinesis::KinesisApi& api;
  std::shared_ptr<block::MemoryBudget> budget;
  base::Random& random;
  base::LogSink& log;
};

class PollingFetcher final : public RecordFetcher {
 public:
  PollingFetcher(FetchContext context, std::string stream, std::string shardId,
                 kinesis::IteratorPosition start, PollingOptions options);

  rt::Task<Result<Fetched>> next() override;

 private:
  // After the last record given, or where the shard was started.
  kinesis::IteratorPosition position() const;
  // Makes sure that there is an iterator. False: wait and try again; the wait has been done.
  rt::Task<Result<bool>> haveIterator();
  // One GetRecords. Nothing: try again; the wait has been done.
  rt::Task<Result<std::optional<Fetched>>> readOnce();
  // What to do after a failed call: waits if trying again may help, else gives the error back.
  rt::Task<Result<void>> recover(Error error);
  Fetched accept(codec::RecordsPage page, block::BudgetHold hold);
  void dropRepeated(codec::RecordsPage& page);
  std::int64_t expectedBytes() const;

  const FetchContext context_;
  const std::string stream_;
  const std::string shardId_;
  const kinesis::IteratorPosition start_;
  const PollingOptions options_;
  Pace pace_;
  Backoff backoff_;
  std::optional<std::string> iterator_;
  std::string lastSequenceNumber_;  // Of the last record given; empty: none yet.
  std::int64_t lastBytes_ = 0;
  int malformed_ = 0;
};

}  // namespace tidemill::consume
