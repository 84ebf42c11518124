#include "cli/stream_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tidemill/sequence_number.h"

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;
using kinesis::IteratorPosition;
using lease::Checkpoint;

constexpr int kPagesMax = 20;
constexpr int kPageLimit = 10'000;
constexpr int kThrottledMax = 5;
// Four calls in five a second are left to others.
constexpr rt::Duration kPause = 1s;
constexpr rt::Duration kLagsMax = 30s;
// How far before a time a record is looked for, step by step.
constexpr std::array kLookBack = {1s, 10s, 100s, 1'000s, 10'000s, 100'000s, 1'000'000s, 10'000'000s};

// Page by page, bounded.
class ShardPages {
 public:
  explicit ShardPages(const SurveyedShard& shard) : shard_(shard) {}

  rt::Task<Result<void>> seek(IteratorPosition position) {
    auto iterator = co_await shard_.api.getShardIterator(shard_.stream, shard_.shardId, position);
    if (!iterator) co_return fail(iterator.error());
    iterator_ = std::move(*iterator);
    pages_ = 0;
    atTip_ = false;
    co_return Result<void>();
  }

  // Nothing: the shard's end, its tip, or the bound.
  rt::Task<Result<std::optional<codec::RecordsPage>>> next() {
    if (!iterator_ || atTip_ || pages_ == kPagesMax) co_return std::optional<codec::RecordsPage>();
    ++pages_;
    for (int throttled = 0;; ++throttled) {  // Bounded by kThrottledMax.
      if (called_) co_await shard_.loop.sleepFor(kPause);
      called_ = true;
      auto page = co_await shard_.api.getRecords(shard_.stream, shard_.shardId, *iterator_, kPageLimit);
      const bool again = !page && page.error().code() == Code::kThrottled && throttled + 1 < kThrottledMax;
      if (again) continue;
      if (!page) co_return fail(page.error());
      iterator_ = page->nextShardIterator;
      atTip_ = page->records.empty() && page->millisBehindLatest == 0;
      co_return std::optional(std::move(*page));
    }
  }

  bool ended() const { return !iterator_; }
  bool exhausted() const { return iterator_ && !atTip_ && pages_ == kPagesMax; }

 private:
  const SurveyedShard& shard_;
  std::optional<std::string> iterator_;
  int pages_ = 0;
  bool atTip_ = false;
  bool called_ = false;
};

bool isBehind(const Record& record, const Checkpoint& checkpoint) {
  return checkpoint.isSequenceNumber() &&
         compareSequenceNumbers(record.sequenceNumber, checkpoint.sequenceNumber()) > 0;
}

IteratorPosition atTime(rt::WallTime time) {
  return {IteratorPosition::Type::kAtTimestamp, {}, std::max(time, rt::WallTime{})};
}

// The last record before `time` of those that come first; true once a later one was seen.
bool lastBefore(const codec::RecordsPage& page, rt::WallTime time, std::optional<Checkpoint>& last) {
  for (const Record& record : page.records) {
    if (record.approximateArrivalTimestamp >= time) return true;
    last = Checkpoint::at(std::string(record.sequenceNumber));
  }
  return false;
}

Error tooMany(std::size_t asked) {
  return Error(Code::kTimeout,
               fmt::format("the stream was asked for {} shards within {} s, and there are more", asked,
                           std::chrono::duration_cast<std::chrono::seconds>(kLagsMax).count()));
}

rt::Task<Result<std::int64_t>> lagOf(kinesis::KinesisApi& api, const std::string& stream,
                                     const std::string& shardId, IteratorPosition position) {
  auto iterator = co_await api.getShardIterator(stream, shardId, position);
  if (!iterator) co_return fail(iterator.error());
  auto page = co_await api.getRecords(stream, shardId, *iterator, 1);
  if (!page) co_return fail(page.error());
  const bool dated =
      !page->records.empty() && page->records.front().approximateArrivalTimestamp > rt::WallTime{};
  if (!dated) co_return std::max<std::int64_t>(page->millisBehindLatest, 0);
  const auto waiting = api.serverNow() - page->records.front().approximateArrivalTimestamp;
  co_return std::max<std::int64_t>(waiting.count(), 0);
}

}  // namespace

std::optional<IteratorPosition> positionAfter(const Checkpoint& checkpoint) {
  switch (checkpoint.kind()) {
    case Checkpoint::Kind::kTrimHorizon:
      return IteratorPosition{IteratorPosition::Type::kTrimHorizon, {}, {}};
    case Checkpoint::Kind::kLatest:
      return IteratorPosition{IteratorPosition::Type::kLatest, {}, {}};
    case Checkpoint::Kind::kSequenceNumber:
      return IteratorPosition{IteratorPosition::Type::kAfterSequenceNumber, checkpoint.sequenceNumber(), {}};
    case Checkpoint::Kind::kAtTimestamp:
    case Checkpoint::Kind::kShardEnd:
      break;
  }
  return std::nullopt;
}

std::optional<IteratorPosition> positionAfter(const lease::Lease& lease) {
  const Checkpoint::Kind kind = lease.checkpoint.kind();
  const bool timed = kind == Checkpoint::Kind::kLatest || kind == Checkpoint::Kind::kAtTimestamp;
  if (timed && lease.startsAt) return atTime(*lease.startsAt);
  return positionAfter(lease.checkpoint);
}

rt::Task<Lags> surveyLags(rt::Loop& loop, kinesis::KinesisApi& api, const std::string& stream,
                          const std::vector<lease::Lease>& leases) {
  Lags lags;
  const rt::TimePoint until = loop.now() + kLagsMax;
  for (const lease::Lease& lease : leases) {
    auto position = positionAfter(lease);
    if (!position) continue;
    if (loop.now() >= until) {
      if (!lags.firstFailure) lags.firstFailure = tooMany(lags.milliseconds.size());
      break;
    }
    const std::string& shardId = lease.shardId.empty() ? lease.leaseKey : lease.shardId;
    auto lag = co_await lagOf(api, stream, shardId, std::move(*position));
    if (lag) {
      lags.milliseconds.emplace(lease.leaseKey, *lag);
      continue;
    }
    const Code code = lag.error().code();
    if (!lags.firstFailure) lags.firstFailure = lag.error();
    // What fails for one shard alone does not keep the others from being asked.
    if (code != Code::kUnknownStream && code != Code::kInvalidArgument && code != Code::kThrottled) break;
  }
  co_return lags;
}

rt::Task<Result<Repeats>> surveyRepeats(SurveyedShard shard, Checkpoint from, Checkpoint upTo) {
  ShardPages pages(shard);
  auto position = positionAfter(from);
  if (!position) co_return Repeats{};  // Nothing comes after the end of a shard.
  auto sought = co_await pages.seek(std::move(*position));
  if (!sought) co_return fail(sought.error());
  Repeats repeats;
  for (;;) {  // Bounded by ShardPages.
    auto page = co_await pages.next();
    if (!page) co_return fail(page.error());
    if (!*page) break;
    for (const Record& record : (*page)->records) {
      if (isBehind(record, upTo)) co_return repeats;
      ++repeats.records;
      repeats.bytes += codec::payloadBytesOf({&record, 1});
    }
  }
  repeats.complete = !pages.exhausted();
  co_return repeats;
}

rt::Task<Result<Checkpoint>> surveyTime(SurveyedShard shard, rt::WallTime time) {
  ShardPages pages(shard);
  for (const auto back : kLookBack) {
    auto sought = co_await pages.seek(atTime(time - back));
    if (!sought) co_return fail(sought.error());
    std::optional<Checkpoint> last;
    bool later = false;
    while (!later) {  // Bounded by ShardPages.
      auto page = co_await pages.next();
      if (!page) co_return fail(page.error());
      if (!*page) break;
      later = lastBefore(**page, time, last);
    }
    if (!later && last && pages.ended()) co_return Checkpoint::shardEnd();
    if (last) co_return *last;
  }
  co_return Checkpoint::trimHorizon();
}

}  // namespace tidemill::cli
