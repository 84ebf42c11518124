// consume/polling_fetcher.h: reads a shard with GetShardIterator and GetRecords.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "block/memory_budget.h"
#include "consume/aggregate_split.h"
#include "consume/pace.h"
#include "consume/read_quota.h"
#include "consume/record_fetcher.h"
#include "consume/shard_paces.h"
#include "consume/shard_start.h"
#include "kinesis/kinesis_api.h"
#include "rt/backoff.h"
#include "rt/faults.h"
#include "rt/loop.h"

namespace tidemill::consume {

struct PollingOptions {
  PaceOptions pace;
  rt::BackoffOptions backoff;
  // Records asked for in one call. Range: 1 to 10,000.
  int recordsPerCall = 10'000;
  // Answers in a row that cannot be read before the shard is given up: a broken proxy heals, a wrong endpoint
  // does not. Range: at least 1.
  int malformedMax = 10;
  // Ends of the shard in a row, without children, that ListShards contradicts before the shard is given up.
  // Range: at least 1.
  int falseEndsMax = 10;
  // What becomes of aggregated records.
  bool deaggregate = true;
  KplOutOfRange kplOutOfRange = KplOutOfRange::kDropAggregate;
};

// Where and with what a fetcher works; the references outlive it. All on the fetch lane.
struct FetchContext {
  rt::Loop& loop;
  kinesis::KinesisApi& api;
  std::shared_ptr<block::MemoryBudget> budget;
  base::Random& random;
  base::LogSink& log;
  // Shared with whoever else reads the shards. Null: nobody does.
  std::shared_ptr<ShardPaces> paces = nullptr;
  // Where aggregated records are counted; may be null.
  std::shared_ptr<AggregateCounters> aggregates = nullptr;
  // What limits the rate of reading; null: nothing but the pace.
  std::shared_ptr<ReadQuota> quota = nullptr;
  // Null: nothing is planted.
  const rt::Faults* faults = nullptr;
};

// Which shard is read, from where, and under which lease.
struct ReadTask {
  std::string stream;
  std::string shardId;
  kinesis::IteratorPosition start;
  std::int64_t token = 0;  // See block::ShardPage::token.
  // With AT_SEQUENCE_NUMBER: that record is processed up to this part of it, or as a whole if it is no
  // aggregated one. Nothing: it is not processed.
  std::optional<std::uint64_t> processedPart = std::nullopt;
  // The hash keys that the shard owns; nothing: unknown, so no part of an aggregated record is out of range.
  std::optional<codec::HashRange> hashRange = std::nullopt;
};
ReadTask readTaskOf(std::string stream, const ShardStart& start);

// Aggregated records are taken apart as they come; the position and the pace go by the records of Kinesis.
// An answer without a next iterator ends the shard if it names the children, as AWS does. Without them
// ListShards decides: an open shard is read on after the last record. An unknown shard of a stream that
// exists is kDataLoss (see data_loss.h).
class PollingFetcher final : public RecordFetcher {
 public:
  PollingFetcher(FetchContext context, ReadTask task, PollingOptions options);

  rt::Task<Result<Fetched>> next() override;

 private:
  // After the last record given, or where the shard was started.
  kinesis::IteratorPosition position() const;
  // Makes sure that there is an iterator. False: wait and try again; the wait has been done.
  rt::Task<Result<bool>> haveIterator();
  // One GetRecords for at most so many records. Nothing: try again; the wait has been done.
  rt::Task<Result<std::optional<Fetched>>> readOnce(int records);
  // Takes room for what the next answer is expected to bring.
  rt::Task<block::BudgetHold> takeRoom();
  // After an end that named no children. Nothing: read on; the wait has been done.
  rt::Task<Result<std::optional<Fetched>>> settleEnd();
  // What to do after a failed call: waits if trying again may help, else gives the error back.
  rt::Task<Result<void>> recover(Error error);
  // The same for a call that names the shard: the service has one answer for an unknown stream and shard.
  rt::Task<Result<void>> recoverRead(Error error);
  // Drops what the page repeats. kMalformedResponse for what no shard can answer.
  Result<void> check(codec::RecordsPage& page);
  Fetched accept(codec::RecordsPage page, block::BudgetHold hold);
  bool mayPass(const Error& error);
  bool startComesSoon() const;
  Error named(Code code, const std::string& what) const;
  std::int64_t expectedBytes() const;

  const FetchContext context_;
  const ReadTask task_;
  const PollingOptions options_;
  const kinesis::IteratorPosition start_;
  AggregateSplit split_;
  const std::shared_ptr<ShardPace> pace_;
  rt::TimePoint idleUntil_{};
  rt::Backoff backoff_;
  std::optional<std::string> iterator_;
  // Of the last record given, in this run or before it; empty: none yet.
  std::string lastSequenceNumber_;
  std::int64_t lastBytes_ = 0;
  // Each counts what happened in a row.
  int malformed_ = 0;
  int falseEnds_ = 0;
  int absences_ = 0;
  int expired_ = 0;  // Iterators in a row that were young.
  // Of all reads: those that began while more was in flight than the budget allows.
  unsigned overBudget_ = 0;
  rt::TimePoint iteratorMade_{};
  bool endClaimed_ = false;  // The last answer ended the shard, without children.
  // A listing had the shard closed: no records can have come since, so an answer from now on may end it.
  bool closedSeen_ = false;
};

}  // namespace tidemill::consume
