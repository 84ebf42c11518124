#include "consume/polling_fetcher.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#include "consume/data_loss.h"
#include "consume/page_order.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kExpectedMin = 256 << 10;
// A full answer of 10 MiB in JSON.
constexpr std::int64_t kExpectedMax = 16 << 20;

// How long a listing gets to learn that a shard has ended.
constexpr rt::Duration kFalseEndWait = 1s;

// How often an unknown shard must be missing from the listing too: both may be stale for a moment.
constexpr int kAbsencesMax = 3;

const kinesis::Shard* findShard(const std::vector<kinesis::Shard>& shards, const std::string& shardId) {
  const auto found = std::find_if(shards.begin(), shards.end(),
                                  [&shardId](const auto& shard) { return shard.shardId == shardId; });
  return found == shards.end() ? nullptr : &*found;
}

// Two clocks that are kept may differ by so much; a start that lies further ahead is a mistake.
constexpr std::chrono::milliseconds kAheadMax = 10min;

// How many young iterators in a row may be called expired before the answer counts as nonsense. They live for
// five minutes, and a reader may wait longer for memory or a permit while it has one.
constexpr int kExpiredMax = 3;
constexpr rt::Duration kYoung = 4min;

// AWS's text; its code is the one for any other bad argument.
bool saysInFuture(const Error& error) {
  return error.code() == Code::kInvalidArgument &&
         error.message().find("cannot be greater than") != std::string::npos;
}

// If nobody takes records apart, one whose first part is processed is processed: it had but one.
kinesis::IteratorPosition startOf(const ReadTask& task, const PollingOptions& options) {
  using Type = kinesis::IteratorPosition::Type;
  kinesis::IteratorPosition start = task.start;
  if (start.type == Type::kAtSequenceNumber && task.processedPart == 0u && !options.deaggregate)
    start.type = Type::kAfterSequenceNumber;
  return start;
}

}  // namespace

ReadTask readTaskOf(std::string stream, const ShardStart& start) {
  ReadTask task{std::move(stream), start.shardId, start.position, start.token};
  if (start.from.isSequenceNumber()) task.processedPart = start.from.subSequenceNumber();
  task.hashRange = start.hashRange;
  return task;
}

PollingFetcher::PollingFetcher(FetchContext context, ReadTask task, PollingOptions options)
    : context_(std::move(context)),
      task_(std::move(task)),
      options_(options),
      start_(startOf(task_, options_)),
      split_(task_.stream, task_.shardId,
             {.deaggregate = options_.deaggregate,
              .outOfRange = options_.kplOutOfRange,
              .shard = task_.hashRange},
             context_.log, context_.aggregates),
      pace_(context_.paces != nullptr ? context_.paces->of(task_.stream, task_.shardId, context_.loop.now())
                                      : std::make_shared<ShardPace>(options.pace)),
      backoff_(options.backoff, context_.random),
      lastSequenceNumber_(start_.type == kinesis::IteratorPosition::Type::kAfterSequenceNumber
                              ? start_.sequenceNumber
                              : std::string()) {
  if (start_.type == kinesis::IteratorPosition::Type::kAtSequenceNumber && task_.processedPart)
    split_.resumeBehind({start_.sequenceNumber, *task_.processedPart});
}

rt::Task<Result<Fetched>> PollingFetcher::next() {
  // Kept until something was read: an iterator is made when the read may begin, and has no time to expire.
  std::optional<QuotaHold> quota;
  for (;;) {  // Until something was read, or trying again would not help.
    co_await context_.loop.sleepUntil(std::max(pace_->reads.next(), idleUntil_));
    if (endClaimed_) {
      auto end = co_await settleEnd();
      if (!end) co_return fail(end.error());
      if (*end) co_return std::move(**end);
      continue;
    }
    if (context_.quota != nullptr && !quota) {
      auto granted = co_await context_.quota->acquire(options_.recordsPerCall);
      quota.emplace(std::move(granted));
    }
    auto ready = co_await haveIterator();
    if (!ready) co_return fail(ready.error());
    if (!*ready) continue;
    const int records = quota ? quota->records() : options_.recordsPerCall;
    auto read = co_await readOnce(records);
    if (!read) co_return fail(read.error());
    if (!*read) continue;
    const block::ShardPage* page = (*read)->page.get();
    if (quota && page != nullptr) quota->settle(static_cast<std::int64_t>(page->page.records.size()));
    co_return std::move(**read);
  }
}

kinesis::IteratorPosition PollingFetcher::position() const {
  if (lastSequenceNumber_.empty()) return start_;
  kinesis::IteratorPosition after;
  after.type = kinesis::IteratorPosition::Type::kAfterSequenceNumber;
  after.sequenceNumber = lastSequenceNumber_;
  return after;
}

rt::Task<Result<bool>> PollingFetcher::haveIterator() {
  if (iterator_) co_return true;
  co_await takeTurn(context_.loop, pace_->iterators);
  const kinesis::IteratorPosition from = position();
  auto iterator = co_await context_.api.getShardIterator(task_.stream, task_.shardId, from);
  if (!iterator) {
    Error error = iterator.error();
    auto recovered = co_await recoverRead(std::move(error));
    if (!recovered) co_return fail(recovered.error());
    co_return false;
  }
  iterator_ = std::move(*iterator);
  iteratorMade_ = context_.loop.now();
  pace_->iterators.answered(iteratorMade_, 0);
  co_return true;
}

rt::Task<Result<std::optional<Fetched>>> PollingFetcher::readOnce(int records) {
  auto hold = co_await takeRoom();
  co_await takeLiveTurn(context_.loop, *pace_);
  const std::string iterator = *iterator_;
  auto page = co_await context_.api.getRecords(task_.stream, task_.shardId, iterator, records);
  Result<void> good = page ? check(*page) : fail(page.error());
  if (!good) {
    hold = block::BudgetHold();
    page = fail(good.error());
    Error error = good.error();
    auto recovered = co_await recoverRead(std::move(error));
    if (!recovered) co_return fail(recovered.error());
    co_return std::optional<Fetched>();
  }
  co_return std::optional<Fetched>(accept(std::move(*page), std::move(hold)));
}

rt::Task<block::BudgetHold> PollingFetcher::takeRoom() {
  const std::int64_t expected = expectedBytes();
  block::BudgetHold hold(context_.budget, 0);
  if (context_.faults != nullptr && context_.faults->planted("budget-ignored")) {
    hold.resize(expected);
  } else {
    auto taken = co_await context_.budget->acquire(expected);
    hold = std::move(taken);
  }
  // For the simulation, which looks for reads that ignore the budget. A read that expects more than the whole
  // budget passes alone.
  const std::int64_t used = context_.budget->used();
  if (used > context_.budget->capacity() && std::has_single_bit(++overBudget_)) {
    context_.log.warning("read_over_budget", {{"stream", task_.stream},
                                              {"shard", task_.shardId},
                                              {"bytes", used},
                                              {"budget", context_.budget->capacity()},
                                              {"times", overBudget_}});
  }
  co_return std::move(hold);
}

rt::Task<Result<std::optional<Fetched>>> PollingFetcher::settleEnd() {
  auto listed = co_await kinesis::listAllShards(context_.api, task_.stream);
  if (!listed) {
    Error error = listed.error();
    auto recovered = co_await recover(std::move(error));
    if (!recovered) co_return fail(recovered.error());
    co_return std::optional<Fetched>();
  }
  const kinesis::Shard* shard = findShard(*listed, task_.shardId);
  if (shard == nullptr && ++absences_ < kAbsencesMax) {
    co_await context_.loop.sleepFor(kFalseEndWait);
    co_return std::optional<Fetched>();
  }
  if (shard == nullptr) {  // Trimmed as a whole: there is nothing left to read.
    Fetched fetched;
    fetched.ended = true;
    co_return std::optional<Fetched>(std::move(fetched));
  }
  absences_ = 0;
  if (!shard->open()) {
    // It may have been open when the end was claimed, and have got records before it was closed: read once
    // more.
    closedSeen_ = true;
    endClaimed_ = false;
    iterator_.reset();
    co_return std::optional<Fetched>();
  }
  if (++falseEnds_ >= options_.falseEndsMax) {
    co_return fail(named(
        Code::kMalformedResponse,
        "GetRecords ended the shard " + std::to_string(falseEnds_) + " times, but ListShards has it open"));
  }
  context_.log.warning("shard_end_doubted", {{"stream", task_.stream},
                                             {"shard", task_.shardId},
                                             {"after", lastSequenceNumber_},
                                             {"times", falseEnds_}});
  endClaimed_ = false;
  iterator_.reset();
  co_await context_.loop.sleepFor(kFalseEndWait);
  co_return std::optional<Fetched>();
}

rt::Task<Result<void>> PollingFetcher::recoverRead(Error error) {
  if (error.code() != Code::kUnknownStream) co_return co_await recover(std::move(error));
  auto listed = co_await kinesis::listAllShards(context_.api, task_.stream);
  if (!listed) {
    Error cause = listed.error();
    co_return co_await recover(std::move(cause));
  }
  iterator_.reset();
  if (findShard(*listed, task_.shardId) != nullptr) {
    absences_ = 0;
    Error contradiction =
        named(Code::kMalformedResponse, "ListShards has the shard, but reading it gives: " + error.message());
    co_return co_await recover(std::move(contradiction));
  }
  if (++absences_ >= kAbsencesMax)
    co_return fail(recordsTrimmed(task_.stream, task_.shardId, lastSequenceNumber_));
  co_await context_.loop.sleepFor(kFalseEndWait);
  co_return Result<void>();
}

bool PollingFetcher::mayPass(const Error& error) {
  switch (error.code()) {
    case Code::kMalformedResponse:
      return ++malformed_ < options_.malformedMax;
    case Code::kLimitExceeded:
    case Code::kResourceInUse:
      return true;
    default:
      return error.retryable() || (saysInFuture(error) && startComesSoon());
  }
}

// The clock by which the position was chosen may be ahead of the service's: its time comes.
bool PollingFetcher::startComesSoon() const {
  const kinesis::IteratorPosition from = position();
  return !iterator_ && from.type == kinesis::IteratorPosition::Type::kAtTimestamp &&
         from.timestamp - context_.api.serverNow() <= kAheadMax;
}

Error PollingFetcher::named(Code code, const std::string& what) const {
  return Error(code, what, "check that the endpoint is Kinesis")
      .within(kinesis::shardContext(task_.stream, task_.shardId));
}

rt::Task<Result<void>> PollingFetcher::recover(Error error) {
  if (error.code() == Code::kExpiredIterator) {
    context_.log.info("iterator_expired",
                      {{"stream", task_.stream}, {"shard", task_.shardId}, {"after", lastSequenceNumber_}});
    iterator_.reset();
    pace_->reads.called(context_.loop.now());
    const bool young = context_.loop.now() - iteratorMade_ < kYoung;
    if (!young || ++expired_ < kExpiredMax) co_return Result<void>();
    error = named(Code::kMalformedResponse, "its iterators are called expired as soon as they are made");
  }
  // The message names the stream and the shard already.
  if (!mayPass(error)) co_return fail(std::move(error));
  rt::Duration delay = backoff_.next();
  if (error.code() == Code::kThrottled && !endClaimed_) {  // The pace says when its turn comes.
    Pace& refused = iterator_ ? pace_->reads : pace_->iterators;
    refused.throttled(context_.loop.now());
    delay = {};
  }
  // The 1st, 2nd, 4th, 8th … failure in a row: an outage of hours makes a few lines, not thousands.
  if (std::has_single_bit(static_cast<unsigned>(backoff_.failures()))) {
    context_.log.warning("fetch_failed", {{"stream", task_.stream},
                                          {"shard", task_.shardId},
                                          {"code", codeName(error.code())},
                                          {"failures", backoff_.failures()},
                                          {"reason", error.message()}});
  }
  co_await context_.loop.sleepFor(delay);
  co_return Result<void>();
}

Result<void> PollingFetcher::check(codec::RecordsPage& page) {
  if (!page.nextShardIterator && !areChildrenOf(task_.shardId, page.childShards)) {
    return fail(named(Code::kMalformedResponse, "GetRecords ended it with a child of other shards"));
  }
  const auto dropped = continueAfter(lastSequenceNumber_, page);
  if (!dropped) return fail(dropped.error().within(kinesis::shardContext(task_.stream, task_.shardId)));
  if (*dropped > 0) {
    context_.log.warning("repeated_records_dropped",
                         {{"stream", task_.stream}, {"shard", task_.shardId}, {"records", *dropped}});
  }
  return {};
}

Fetched PollingFetcher::accept(codec::RecordsPage page, block::BudgetHold hold) {
  if (backoff_.failures() > 0) {
    context_.log.info(
        "fetch_recovered",
        {{"stream", task_.stream}, {"shard", task_.shardId}, {"failures", backoff_.failures()}});
  }
  backoff_.reset();
  malformed_ = 0;
  absences_ = 0;
  expired_ = 0;
  if (!page.records.empty()) falseEnds_ = 0;
  iterator_ = page.nextShardIterator;
  iteratorMade_ = context_.loop.now();
  const bool last = !page.nextShardIterator.has_value();
  const bool ended = last && (closedSeen_ || !page.childShards.empty());
  endClaimed_ = last && !ended;
  const bool atTip = page.records.empty() && page.millisBehindLatest <= 0 && !last;
  pace_->reads.answered(context_.loop.now(), page.payloadBytes);
  if (atTip) idleUntil_ = context_.loop.now() + options_.pace.idle;
  if (!page.records.empty()) lastSequenceNumber_ = std::string(page.records.back().sequenceNumber);
  split_.apply(page);
  lastBytes_ = static_cast<std::int64_t>(page.bytesHeld() + page.records.capacity() * sizeof(Record));

  Fetched fetched;
  fetched.ended = ended;
  if (ended) fetched.children = std::move(page.childShards);
  if (!page.records.empty()) {
    hold.resize(lastBytes_);
    auto shardPage = std::make_shared<block::ShardPage>();
    shardPage->streamName = task_.stream;
    shardPage->shardId = task_.shardId;
    shardPage->token = task_.token;
    shardPage->page = std::move(page);
    shardPage->hold = std::move(hold);
    fetched.page = std::move(shardPage);
  }
  return fetched;
}

std::int64_t PollingFetcher::expectedBytes() const {
  return std::clamp(lastBytes_ + lastBytes_ / 4, kExpectedMin, kExpectedMax);
}

}  // namespace tidemill::consume
