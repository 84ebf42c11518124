// consume/shard_range_reader.h: reads ranges of one shard again.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "codec/kpl_page.h"
#include "codec/records_page.h"
#include "consume/call_attempts.h"
#include "consume/found_range.h"
#include "consume/range_pass.h"
#include "consume/shard_paces.h"
#include "kinesis/kinesis_api.h"
#include "rt/faults.h"
#include "rt/loop.h"
#include "rt/semaphore.h"

namespace tidemill::consume {

// Where and with what ranges are read; the references outlive the reader. All on one fetch lane.
struct RangeReadContext {
  rt::Loop& loop;
  kinesis::KinesisApi& api;
  // Shared with the live readers of the same shards.
  std::shared_ptr<ShardPaces> paces;
  base::Random& random;
  base::LogSink& log;
  rt::Faults& faults;
};

// What happens when records of a range are gone.
enum class LossPolicy {
  kStop,    // Reading fails with kDataLoss.
  kRecord,  // What is left is taken; the event `data_loss` names the range, once, with what is left of it.
};

struct RangeReadOptions {
  RetryOptions retry;
  LossPolicy onLoss = LossPolicy::kStop;
  // Of everything that one call of the reader asks for. Nothing: as long as it takes.
  std::optional<rt::Duration> deadline;
  // Answers of up to 10 MiB that are under way or in memory at a time. Shards wait for their turns without
  // one, so a few are enough for many shards. Range: at least 1.
  int answersMax = 4;
  // Only ranges of this stream are read; empty: of any.
  std::string streamName;
  // What becomes of aggregated records: as in live reading, or what comes back is not what was lost. The
  // range of the shard is looked up.
  codec::KplRules kpl;
  // False: the records are counted and hashed, and forgotten.
  bool keepRecords = true;
};

// All shards of the stream. Tried as `options` say, until `deadline`.
rt::Task<Result<std::vector<kinesis::Shard>>> listShardsAgain(const RangeReadContext& context,
                                                              const RetryOptions& options, std::string stream,
                                                              rt::TimePoint deadline);

// One pass over one shard. A trimmed beginning, a missing end and a shard that is gone are losses of the
// ranges in question; empty pages are not. The pass ends when every range is complete, or nothing more can
// come.
class ShardRangeReader {
 public:
  // `ranges` in the order of their numbers; `answers`: RangeReadOptions::answersMax, shared with other
  // shards; `stopped`: one of them has failed, so that this one's records are of no use. All outlive this
  // object. The call ends with kTimeout at `deadline`.
  ShardRangeReader(const RangeReadContext& context, const RangeReadOptions& options,
                   std::vector<FoundRange*> ranges, rt::TimePoint deadline, rt::Semaphore& answers,
                   const bool& stopped);

  // kDataLoss by policy; what Kinesis refused; the last failure of a call that was tried often enough.
  rt::Task<Result<void>> run();

 private:
  // Makes sure that there is an iterator. False: look again.
  rt::Task<Result<bool>> haveIterator();
  // One page and what follows from it.
  rt::Task<Result<void>> readOnce();
  rt::Task<Result<codec::RecordsPage>> readPage(std::string iterator, int limit);
  // Waits until the shard may be read and there is room for the answer. kTimeout: that takes too long.
  rt::Task<Result<void>> takeTurnToRead();
  // Gives the records to their ranges.
  Result<void> take(codec::RecordsPage page);
  rt::Task<Result<void>> accept(codec::RecordsPage page);
  // Looks the shard's hash keys up once there are aggregated records, which are dropped where they are of
  // another shard.
  rt::Task<Result<void>> haveRules(const codec::RecordsPage& page);
  // The answer named no next page.
  rt::Task<Result<void>> settleEnd(bool namesChildren);
  // The service says that it does not know the shard.
  rt::Task<Result<void>> settleUnknown(Error error);
  // Waits and gives nothing if trying again may help; else what to give up with.
  rt::Task<std::optional<Error>> waitAfter(Error failure, CallAttempts& attempts);
  rt::Task<Result<void>> settleEmpty(bool atTip);

  kinesis::IteratorPosition position() const;
  Result<void> check(codec::RecordsPage& page);
  Result<void> expired();
  // Nothing more comes of these ranges; `reason`: as FoundRange::ended().
  Result<void> finish(const std::vector<std::size_t>& places, const std::string& reason);
  // Nothing more comes of the shard.
  Result<void> finishAll(const std::string& reason);
  std::string shardContext() const;
  Error named(Code code, const std::string& what) const;
  Error late() const;

  const RangeReadContext& context_;
  const RangeReadOptions& options_;
  const std::vector<FoundRange*> ranges_;
  const rt::TimePoint deadline_;
  rt::Semaphore& answers_;
  // Of `answers_`, from the call until its records were taken.
  std::optional<rt::Permit> hold_;
  const bool& stopped_;
  const std::string stream_;
  const std::string shardId_;
  const std::shared_ptr<ShardPace> pace_;
  RangePass pass_;
  std::optional<std::string> iterator_;
  // Of the last record that was read; empty: none yet.
  std::string lastSequenceNumber_;
  // The service does not take the number, so what is left is looked for from the oldest record on.
  bool fromOldest_ = false;
  // A listing had the shard closed: an answer from now on may end it.
  bool closedSeen_ = false;
  codec::KplRules rules_;
  bool haveRules_ = false;
  // Each counts what happened in a row.
  int expired_ = 0;
  int falseEnds_ = 0;
  int absences_ = 0;
  int emptyPages_ = 0;
  int pagesAtTip_ = 0;
};

}  // namespace tidemill::consume
