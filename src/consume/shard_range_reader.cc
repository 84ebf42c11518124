#include "consume/shard_range_reader.h"

#include <algorithm>
#include <utility>

#include "consume/call_deadline.h"
#include "consume/page_order.h"
#include "tidemill/sequence_number.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

// How often in a row before it counts.
constexpr int kExpiredMax = 3;
constexpr int kFalseEndsMax = 5;
constexpr int kAbsencesMax = 3;
constexpr int kPagesAtTipMax = 3;
// The service may give empty pages for every stretch of time without records.
constexpr int kEmptyPagesMax = 10'000;
// How long the service gets to agree with itself.
constexpr rt::Duration kSettleWait = 1s;

std::vector<const SequenceNumberRange*> askedOf(const std::vector<FoundRange*>& ranges) {
  std::vector<const SequenceNumberRange*> asked;
  asked.reserve(ranges.size());
  for (const FoundRange* range : ranges) asked.push_back(&range->asked());
  return asked;
}

// 0: none of them tells.
std::int64_t recordBytesOf(const std::vector<FoundRange*>& ranges) {
  double bytes = 0;
  double records = 0;
  for (const FoundRange* range : ranges) {
    if (range->payloadBytes() <= 0 || range->asked().recordCount <= 0) continue;
    bytes += static_cast<double>(range->payloadBytes());
    records += static_cast<double>(range->asked().recordCount);
  }
  return records > 0 ? std::max<std::int64_t>(static_cast<std::int64_t>(bytes / records), 1) : 0;
}

// Tells the live reader of the shard.
class Waiting {
 public:
  explicit Waiting(ShardPace& pace) : pace_(pace) { ++pace_.recoveriesWaiting; }
  ~Waiting() { --pace_.recoveriesWaiting; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  ShardPace& pace_;
};

const kinesis::Shard* findShard(const std::vector<kinesis::Shard>& shards, const std::string& shardId) {
  const auto found = std::find_if(shards.begin(), shards.end(),
                                  [&shardId](const auto& shard) { return shard.shardId == shardId; });
  return found == shards.end() ? nullptr : &*found;
}

}  // namespace

rt::Task<Result<std::vector<kinesis::Shard>>> listShardsAgain(const RangeReadContext& context,
                                                              const RetryOptions& options, std::string stream,
                                                              rt::TimePoint deadline) {
  CallAttempts attempts(options, context.loop.now(), deadline, context.random);
  for (;;) {  // Bounded by attempts.
    auto call = kinesis::listAllShards(context.api, stream);
    auto listed = co_await beforeDeadline(context.loop, std::move(call),
                                          attempts.deadline(context.loop.now()), "stream " + stream);
    if (listed) co_return std::move(listed);
    const auto wait = attempts.next(listed.error(), context.loop.now());
    if (!wait) co_return fail(attempts.gaveUp(listed.error(), context.loop.now()));
    co_await context.loop.sleepFor(*wait);
  }
}

ShardRangeReader::ShardRangeReader(const RangeReadContext& context, const RangeReadOptions& options,
                                   std::vector<FoundRange*> ranges, rt::TimePoint deadline,
                                   rt::Semaphore& answers, const bool& stopped)
    : context_(context),
      options_(options),
      ranges_(std::move(ranges)),
      deadline_(deadline),
      answers_(answers),
      stopped_(stopped),
      stream_(ranges_.front()->asked().streamName),
      shardId_(ranges_.front()->asked().shardId),
      pace_(context_.paces->of(stream_, shardId_, context_.loop.now())),
      pass_(askedOf(ranges_),
            {.callBytes = pace_->reads.bytesPerCall(), .recordBytes = recordBytesOf(ranges_)}),
      rules_(options_.kpl),
      haveRules_(!options_.kpl.deaggregate || options_.kpl.outOfRange != KplOutOfRange::kDropAggregate) {}

std::string ShardRangeReader::shardContext() const {
  return kinesis::shardContext(stream_, shardId_);
}

rt::Task<Result<void>> ShardRangeReader::run() {
  while (!pass_.done() && !stopped_) {  // Bounded by the counters of what brings no progress.
    if (pass_.step() == RangePass::Step::kSeek) iterator_.reset();
    auto ready = co_await haveIterator();
    if (!ready) co_return fail(ready.error());
    if (!*ready) continue;
    auto read = co_await readOnce();
    hold_.reset();
    if (!read) co_return fail(read.error());
  }
  co_return Result<void>();
}

kinesis::IteratorPosition ShardRangeReader::position() const {
  using Type = kinesis::IteratorPosition::Type;
  const std::string& from = pass_.current().fromSeqNumber;
  // In the middle of a range.
  if (!lastSequenceNumber_.empty() && compareSequenceNumbers(lastSequenceNumber_, from) >= 0) {
    return {Type::kAfterSequenceNumber, lastSequenceNumber_};
  }
  if (fromOldest_) return {Type::kTrimHorizon, {}};
  return {Type::kAtSequenceNumber, from};
}

rt::Task<Result<bool>> ShardRangeReader::haveIterator() {
  if (iterator_) co_return true;
  const kinesis::IteratorPosition from = position();
  std::optional<CallAttempts> attempts;
  for (;;) {  // Bounded by attempts.
    if (pace_->iterators.next() >= deadline_) co_return fail(late());
    co_await takeTurn(context_.loop, pace_->iterators);
    if (!attempts) attempts.emplace(options_.retry, context_.loop.now(), deadline_, context_.random);
    auto call = context_.api.getShardIterator(stream_, shardId_, from);
    auto iterator = co_await beforeDeadline(context_.loop, std::move(call),
                                            attempts->deadline(context_.loop.now()), shardContext());
    if (iterator) {
      pace_->iterators.answered(context_.loop.now(), 0);
      iterator_ = std::move(*iterator);
      pass_.sought();
      co_return true;
    }
    Error error = iterator.error();
    if (error.code() == Code::kUnknownStream) {
      auto settled = co_await settleUnknown(std::move(error));
      if (!settled) co_return fail(settled.error());
      co_return false;
    }
    if (error.code() == Code::kInvalidArgument && !fromOldest_) {
      // Trimmed, or never given by this shard: there is no record of this number.
      if (options_.onLoss == LossPolicy::kStop) {
        co_return fail(
            Error(Code::kDataLoss, error.message(),
                  "the records were trimmed, or the stream was made anew, or the range is of another "
                  "stream")
                .within(rangeContext(pass_.current())));
      }
      fromOldest_ = true;
      co_return false;
    }
    if (error.code() == Code::kThrottled) pace_->iterators.throttled(context_.loop.now());
    auto given = co_await waitAfter(std::move(error), *attempts);
    if (given) co_return fail(std::move(*given));
  }
}

rt::Task<Result<void>> ShardRangeReader::readOnce() {
  std::string iterator = *iterator_;
  auto page = co_await readPage(std::move(iterator), pass_.recordsWanted());
  if (page) {
    codec::RecordsPage read = std::move(*page);
    co_return co_await accept(std::move(read));
  }
  Error error = page.error();
  if (error.code() == Code::kExpiredIterator) co_return expired();
  if (error.code() == Code::kUnknownStream) co_return co_await settleUnknown(std::move(error));
  co_return fail(std::move(error));
}

rt::Task<Result<codec::RecordsPage>> ShardRangeReader::readPage(std::string iterator, int limit) {
  std::optional<CallAttempts> attempts;
  for (;;) {  // Bounded by attempts.
    auto turn = co_await takeTurnToRead();
    if (!turn) co_return fail(turn.error());
    // Waiting for one's turn is no fault of the service: the time of the call begins here.
    if (!attempts) attempts.emplace(options_.retry, context_.loop.now(), deadline_, context_.random);
    auto call = context_.api.getRecords(stream_, shardId_, iterator, limit);
    auto page = co_await beforeDeadline(context_.loop, std::move(call),
                                        attempts->deadline(context_.loop.now()), shardContext());
    if (page) pace_->reads.answered(context_.loop.now(), page->payloadBytes);
    Result<void> good = page ? check(*page) : fail(page.error());
    if (good) co_return std::move(page);
    Error error = good.error();
    if (error.code() == Code::kThrottled) pace_->reads.throttled(context_.loop.now());
    hold_.reset();
    auto given = co_await waitAfter(std::move(error), *attempts);
    if (given) co_return fail(std::move(*given));
  }
}

rt::Task<Result<void>> ShardRangeReader::takeTurnToRead() {
  const Waiting waiting(*pace_);
  for (;;) {  // Until no other reader of the shard takes the turn while this one waits.
    if (pace_->reads.next() >= deadline_) co_return fail(late());
    co_await context_.loop.sleepUntil(pace_->reads.next());
    co_await answers_.acquire(1);
    hold_.emplace(answers_);
    if (stopped_) co_return fail(Code::kCancelled, "another shard has failed");
    if (context_.loop.now() >= deadline_) co_return fail(late());
    if (context_.loop.now() >= pace_->reads.next()) break;
    hold_.reset();
  }
  pace_->reads.called(context_.loop.now());
  pace_->lastReadWasLive = false;
  co_return Result<void>();
}

rt::Task<std::optional<Error>> ShardRangeReader::waitAfter(Error failure, CallAttempts& attempts) {
  const auto wait = attempts.next(failure, context_.loop.now());
  if (!wait) {
    co_return std::optional<Error>(attempts.gaveUp(failure, context_.loop.now()));
  }
  context_.log.warning("range_read_retried", {{"stream", stream_},
                                              {"shard", shardId_},
                                              {"code", codeName(failure.code())},
                                              {"reason", failure.message()}});
  co_await context_.loop.sleepFor(*wait);
  co_return std::optional<Error>();
}

Result<void> ShardRangeReader::check(codec::RecordsPage& page) {
  if (!page.nextShardIterator && !areChildrenOf(shardId_, page.childShards)) {
    return fail(named(Code::kMalformedResponse, "GetRecords ended it with a child of other shards"));
  }
  const auto dropped = continueAfter(lastSequenceNumber_, page);
  if (!dropped) return fail(dropped.error().within(shardContext()));
  return {};
}

Result<void> ShardRangeReader::expired() {
  context_.log.info("iterator_expired",
                    {{"stream", stream_}, {"shard", shardId_}, {"after", lastSequenceNumber_}});
  iterator_.reset();
  if (++expired_ < kExpiredMax) return {};
  return fail(named(Code::kMalformedResponse, "its iterators are called expired as soon as they are made"));
}

rt::Task<Result<void>> ShardRangeReader::haveRules(const codec::RecordsPage& page) {
  const bool needed = std::any_of(page.records.begin(), page.records.end(),
                                  [](const Record& record) { return codec::hasKplMagic(record.data); });
  if (haveRules_ || !needed) co_return Result<void>();
  auto listed = co_await listShardsAgain(context_, options_.retry, stream_, deadline_);
  if (!listed) co_return fail(listed.error());
  if (const kinesis::Shard* shard = findShard(*listed, shardId_)) {
    rules_.shard = codec::hashRangeOf(shard->startingHashKey, shard->endingHashKey);
  }
  haveRules_ = true;
  co_return Result<void>();
}

rt::Task<Result<void>> ShardRangeReader::accept(codec::RecordsPage page) {
  expired_ = 0;
  absences_ = 0;
  const bool empty = page.records.empty();
  const bool atTip = page.millisBehindLatest <= 0;
  const bool last = !page.nextShardIterator.has_value();
  const bool namesChildren = last && !page.childShards.empty();
  iterator_ = std::move(page.nextShardIterator);
  if (!empty) {
    falseEnds_ = emptyPages_ = pagesAtTip_ = 0;
    auto ready = co_await haveRules(page);
    if (!ready) co_return ready;
    auto taken = take(std::move(page));
    if (!taken) co_return taken;
  }
  hold_.reset();
  // Done, or another range is to be sought.
  if (pass_.step() != RangePass::Step::kReadOn) co_return Result<void>();
  if (last) co_return co_await settleEnd(namesChildren);
  if (empty) co_return co_await settleEmpty(atTip);
  co_return Result<void>();
}

Result<void> ShardRangeReader::take(codec::RecordsPage page) {
  lastSequenceNumber_ = page.records.back().sequenceNumber;
  const std::size_t received = page.records.size();
  codec::splitAggregates(page, rules_);
  std::size_t end = 0;  // Behind the last range that got a record.
  const auto complete =
      pass_.take(PageRecords{page.records, received, lastSequenceNumber_, page.payloadBytes},
                 [&](std::size_t place, const Record& record) {
                   ranges_[place]->add(record);
                   end = std::max(end, place + 1);
                 });
  auto finished = finish(complete, {});
  for (std::size_t i = pass_.place(); i < end; ++i) ranges_[i]->pageEnded();
  return finished;
}

rt::Task<Result<void>> ShardRangeReader::settleEmpty(bool atTip) {
  if (++emptyPages_ >= kEmptyPagesMax) {
    co_return fail(
        named(Code::kTimeout, std::to_string(emptyPages_) + " empty pages came one after the other"));
  }
  pagesAtTip_ = atTip ? pagesAtTip_ + 1 : 0;
  if (!atTip) co_return Result<void>();
  if (pagesAtTip_ >= kPagesAtTipMax) co_return finishAll("the shard holds no later record");
  co_await context_.loop.sleepFor(kSettleWait);
  co_return Result<void>();
}

rt::Task<Result<void>> ShardRangeReader::settleEnd(bool namesChildren) {
  if (namesChildren) co_return finishAll("the shard has ended before it");
  auto listed = co_await listShardsAgain(context_, options_.retry, stream_, deadline_);
  if (!listed) co_return fail(listed.error());
  const kinesis::Shard* shard = findShard(*listed, shardId_);
  const bool closed = shard == nullptr || !shard->open();
  iterator_.reset();
  if (closed && closedSeen_) co_return finishAll("the shard has ended before it");
  closedSeen_ = closed;
  if (!closed && ++falseEnds_ >= kFalseEndsMax) {
    co_return fail(named(
        Code::kMalformedResponse,
        "GetRecords ended the shard " + std::to_string(falseEnds_) + " times, but ListShards has it open"));
  }
  co_await context_.loop.sleepFor(kSettleWait);
  co_return Result<void>();
}

rt::Task<Result<void>> ShardRangeReader::settleUnknown(Error error) {
  auto listed = co_await listShardsAgain(context_, options_.retry, stream_, deadline_);
  if (!listed) co_return fail(listed.error());
  iterator_.reset();
  if (findShard(*listed, shardId_) != nullptr) {
    absences_ = 0;
    if (++falseEnds_ >= kFalseEndsMax) {
      co_return fail(named(Code::kMalformedResponse,
                           "ListShards has the shard, but reading it gives: " + error.message()));
    }
  } else if (++absences_ >= kAbsencesMax) {
    co_return finishAll("the stream no longer has the shard");
  }
  co_await context_.loop.sleepFor(kSettleWait);
  co_return Result<void>();
}

Result<void> ShardRangeReader::finish(const std::vector<std::size_t>& places, const std::string& reason) {
  for (const std::size_t place : places) {
    FoundRange& range = *ranges_[place];
    fromOldest_ = false;
    if (context_.faults.planted("recovery-range-off-by-one")) range.dropLast();
    range.ended(reason);
    const auto loss = range.loss();
    if (!loss) continue;
    if (options_.onLoss == LossPolicy::kStop) return fail(loss->error());
    if (context_.faults.planted("loss-not-told")) continue;
    context_.log.error("data_loss",
                       {{"stream", stream_},
                        {"shard", shardId_},
                        {"from", loss->asked.fromSeqNumber},
                        {"to", loss->asked.toSeqNumber},
                        {"records", loss->asked.recordCount},
                        {"left", loss->left.recordCount},
                        {"firstLeft", loss->left.recordCount > 0 ? loss->left.fromSeqNumber : ""},
                        {"lastLeft", loss->left.recordCount > 0 ? loss->left.toSeqNumber : ""},
                        {"reason", loss->reason}});
  }
  return {};
}

Result<void> ShardRangeReader::finishAll(const std::string& reason) {
  return finish(pass_.end(), reason);
}

Error ShardRangeReader::named(Code code, const std::string& what) const {
  return Error(code, what, "check that the endpoint is Kinesis").within(shardContext());
}

Error ShardRangeReader::late() const {
  return Error(Code::kTimeout, "the time for reading it again is over",
               "give it more time; the limit of a shard is 2 MB a second for all who read it")
      .within(rangeContext(pass_.current()));
}

}  // namespace tidemill::consume
