#include "consume/polling_fetcher.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "tidemill/sequence_number.h"

namespace tidemill::consume {
namespace {

constexpr std::int64_t kExpectedMin = 256 << 10;
// A full answer of 10 MiB in JSON.
constexpr std::int64_t kExpectedMax = 16 << 20;

}  // namespace

PollingFetcher::PollingFetcher(FetchContext context, std::string stream, std::string shardId,
                               kinesis::IteratorPosition start, PollingOptions options)
    : context_(std::move(context)),
      stream_(std::move(stream)),
      shardId_(std::move(shardId)),
      start_(std::move(start)),
      options_(options),
      pace_(options.pace),
      backoff_(options.backoff, context_.random) {}

rt::Task<Result<Fetched>> PollingFetcher::next() {
  for (;;) {  // Until something was read, or trying again would not help.
    co_await context_.loop.sleepUntil(pace_.next());
    auto ready = co_await haveIterator();
    if (!ready) co_return fail(ready.error());
    if (!*ready) continue;
    auto read = co_await readOnce();
    if (!read) co_return fail(read.error());
    if (*read) co_return std::move(**read);
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
  const kinesis::IteratorPosition from = position();
  auto iterator = co_await context_.api.getShardIterator(stream_, shardId_, from);
  if (!iterator) {
    Error error = iterator.error();
    auto recovered = co_await recover(std::move(error));
    if (!recovered) co_return fail(recovered.error());
    co_return false;
  }
  iterator_ = std::move(*iterator);
  co_return true;
}

rt::Task<Result<std::optional<Fetched>>> PollingFetcher::readOnce() {
  const std::int64_t expected = expectedBytes();
  auto hold = co_await context_.budget->acquire(expected);
  pace_.called(context_.loop.now());
  const std::string iterator = *iterator_;
  auto page = co_await context_.api.getRecords(stream_, shardId_, iterator, options_.recordsPerCall);
  if (!page) {
    hold = block::BudgetHold();
    Error error = page.error();
    auto recovered = co_await recover(std::move(error));
    if (!recovered) co_return fail(recovered.error());
    co_return std::optional<Fetched>();
  }
  co_return std::optional<Fetched>(accept(std::move(*page), std::move(hold)));
}

rt::Task<Result<void>> PollingFetcher::recover(Error error) {
  if (error.code() == Code::kExpiredIterator) {
    context_.log.info("iterator_expired",
                      {{"stream", stream_}, {"shard", shardId_}, {"after", lastSequenceNumber_}});
    iterator_.reset();
    pace_.called(context_.loop.now());
    co_return Result<void>();
  }
  const bool malformed = error.code() == Code::kMalformedResponse && ++malformed_ < options_.malformedMax;
  if (!error.retryable() && !malformed) {
    co_return fail(error.within("stream " + stream_ + ", shard " + shardId_));
  }
  if (error.code() == Code::kThrottled) pace_.throttled(context_.loop.now());
  const rt::Duration delay = backoff_.next();
  // The 1st, 2nd, 4th, 8th … failure in a row: an outage of hours makes a few lines, not thousands.
  if (std::has_single_bit(static_cast<unsigned>(backoff_.failures()))) {
    context_.log.warning("fetch_failed", {{"stream", stream_},
                                          {"shard", shardId_},
                                          {"code", codeName(error.code())},
                                          {"failures", backoff_.failures()},
                                          {"reason", error.message()}});
  }
  co_await context_.loop.sleepFor(delay);
  co_return Result<void>();
}

Fetched PollingFetcher::accept(codec::RecordsPage page, block::BudgetHold hold) {
  if (backoff_.failures() > 0) {
    context_.log.info("fetch_recovered",
                      {{"stream", stream_}, {"shard", shardId_}, {"failures", backoff_.failures()}});
  }
  backoff_.reset();
  malformed_ = 0;
  iterator_ = page.nextShardIterator;
  dropRepeated(page);
  const bool ended = !page.nextShardIterator.has_value();
  const bool atTip = page.records.empty() && page.millisBehindLatest <= 0 && !ended;
  pace_.answered(context_.loop.now(), page.payloadBytes, atTip);
  lastBytes_ = static_cast<std::int64_t>(page.bytesHeld() + page.records.capacity() * sizeof(Record));

  Fetched fetched;
  fetched.ended = ended;
  fetched.children = std::move(page.childShards);
  if (!page.records.empty()) {
    lastSequenceNumber_ = std::string(page.records.back().sequenceNumber);
    hold.resize(lastBytes_);
    auto shardPage = std::make_shared<block::ShardPage>();
    shardPage->streamName = stream_;
    shardPage->shardId = shardId_;
    shardPage->page = std::move(page);
    shardPage->hold = std::move(hold);
    fetched.page = std::move(shardPage);
  }
  return fetched;
}

void PollingFetcher::dropRepeated(codec::RecordsPage& page) {
  if (lastSequenceNumber_.empty() || page.records.empty()) return;
  const auto fresh = std::find_if(page.records.begin(), page.records.end(), [this](const Record& record) {
    return compareSequenceNumbers(record.sequenceNumber, lastSequenceNumber_) > 0;
  });
  if (fresh == page.records.begin()) return;
  context_.log.warning("repeated_records_dropped",
                       {{"stream", stream_}, {"shard", shardId_}, {"records", fresh - page.records.begin()}});
  page.records.erase(page.records.begin(), fresh);
  page.payloadBytes = codec::payloadBytesOf(page.records);
}

std::int64_t PollingFetcher::expectedBytes() const {
  return std::clamp(lastBytes_ + lastBytes_ / 4, kExpectedMin, kExpectedMax);
}

}  // namespace tidemill::consume
