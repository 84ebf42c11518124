// consume/scripted_kinesis.h: a KinesisApi for tests whose answers are queued beforehand.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "rt/loop.h"

namespace tidemill::consume {

// Answers getRecords and getShardIterator in the order in which answers were queued; every call is noted. A
// call without an answer fails with kServiceError. Listings give `shards`, after the queued ones, and take
// `listingTakes` on `loop` if that is set. What a consumer never calls is refused.
class ScriptedKinesis : public kinesis::KinesisApi {
 public:
  std::deque<Result<codec::RecordsPage>> pages;
  std::deque<Result<std::string>> iterators;
  std::deque<Result<std::vector<kinesis::Shard>>> listings;
  std::vector<kinesis::Shard> shards;
  // "AFTER_SEQUENCE_NUMBER 12", "records i1", …
  std::vector<std::string> calls;
  rt::WallTime serverTime{};
  // When the stream was created; nothing: the summary is refused.
  std::optional<rt::WallTime> created;
  rt::Loop* loop = nullptr;
  rt::Duration listingTakes{};

  rt::Task<Result<kinesis::ListShardsPage>> listShardsPage(const std::string&,
                                                           const std::optional<std::string>&) override {
    calls.push_back("list");
    if (loop != nullptr) co_await loop->sleepFor(listingTakes);
    kinesis::ListShardsPage page;
    page.shards = shards;
    if (!listings.empty()) {
      auto next = std::move(listings.front());
      listings.pop_front();
      if (!next) co_return fail(next.error());
      page.shards = std::move(*next);
    }
    co_return page;
  }
  rt::Task<Result<std::string>> getShardIterator(const std::string&, const std::string&,
                                                 const kinesis::IteratorPosition& position) override {
    std::string call(kinesis::iteratorTypeName(position.type));
    if (!position.sequenceNumber.empty()) call += " " + position.sequenceNumber;
    calls.push_back(call);
    if (iterators.empty()) co_return fail(Code::kServiceError, "no iterator was scripted");
    auto next = std::move(iterators.front());
    iterators.pop_front();
    co_return std::move(next);
  }
  rt::Task<Result<codec::RecordsPage>> getRecords(const std::string&, const std::string&,
                                                  const std::string& iterator, int) override {
    calls.push_back("records " + iterator);
    if (pages.empty()) co_return fail(Code::kServiceError, "no page was scripted");
    auto next = std::move(pages.front());
    pages.pop_front();
    co_return std::move(next);
  }
  rt::Task<Result<kinesis::StreamSummary>> describeStreamSummary(const std::string&) override {
    if (!created) co_return refused();
    kinesis::StreamSummary summary;
    summary.created = *created;
    co_return summary;
  }
  rt::Task<Result<std::vector<kinesis::PutOutcome>>> putRecords(
      const std::string&, const std::vector<kinesis::PutEntry>&) override {
    co_return refused();
  }
  rt::Task<Result<void>> createStream(const std::string&, int) override { co_return refused(); }
  rt::Task<Result<void>> deleteStream(const std::string&) override { co_return refused(); }
  rt::Task<Result<void>> splitShard(const std::string&, const std::string&, const std::string&) override {
    co_return refused();
  }
  rt::Task<Result<void>> mergeShards(const std::string&, const std::string&, const std::string&) override {
    co_return refused();
  }
  rt::WallTime serverNow() const override { return serverTime; }

 private:
  static tl::unexpected<Error> refused() { return fail(Code::kUnknownOperation, "not scripted"); }
};

// `ending` empty: the shard is open. It owns all hash keys.
inline kinesis::Shard shardOf(const std::string& shardId, const std::string& ending = {},
                              const std::string& parent = {}) {
  kinesis::Shard shard;
  shard.shardId = shardId;
  shard.parentShardId = parent;
  shard.startingHashKey = "0";
  shard.endingHashKey = "340282366920938463463374607431768211455";
  shard.startingSequenceNumber = "0";
  shard.endingSequenceNumber = ending;
  return shard;
}

// The only child of `parent`.
inline codec::ChildShard childOf(const std::string& shardId, const std::string& parent) {
  return {shardId, {parent}, "0", "340282366920938463463374607431768211455"};
}

// A page with the records of these sequence numbers; `next` empty: the shard has ended.
inline codec::RecordsPage pageOf(const std::vector<std::string>& numbers, std::optional<std::string> next,
                                 std::int64_t millisBehind = 0) {
  codec::RecordsPage page;
  std::string text;
  for (const std::string& number : numbers) text += number + ";";
  page.body = codec::Body::copyOf(text);
  std::size_t at = 0;
  for (const std::string& number : numbers) {
    Record record;
    record.sequenceNumber = page.body->view().substr(at, number.size());
    page.records.push_back(record);
    at += number.size() + 1;
  }
  page.payloadBytes = codec::payloadBytesOf(page.records);
  page.nextShardIterator = std::move(next);
  page.millisBehindLatest = millisBehind;
  return page;
}

}  // namespace tidemill::consume
