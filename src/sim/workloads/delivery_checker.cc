#include "sim/workloads/delivery_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::sim {

const fake::FakeStream* DeliveryChecker::stream() const {
  const auto& streams = kinesis_.store().streams();
  const auto found = streams.find(stream_);
  return found == streams.end() ? nullptr : found->second.get();
}

const fake::FakeShard* DeliveryChecker::shard(const std::string& shardId) const {
  const fake::FakeStream* all = stream();
  const auto index = fake::parseShardId(shardId);
  if (all == nullptr || !index || *index >= all->shards.size()) return nullptr;
  return all->shards[*index].get();
}

std::uint64_t DeliveryChecker::settledTo(const fake::FakeShard& shard) const {
  const auto found = shards_.find(shard.id());
  if (found != shards_.end() && !found->second.last.empty()) return found->second.next;
  return start_.owedFrom ? shard.log.positionOfTime(*start_.owedFrom) : shard.log.end();
}

bool DeliveryChecker::done(const fake::FakeShard& shard) const {
  return !shard.open() && settledTo(shard) == shard.log.end();
}

void DeliveryChecker::onCommit(const std::vector<Delivered>& records) {
  for (const Delivered& record : records) {
    commitOne(record);
    if (world().failed()) return;
  }
}

void DeliveryChecker::commitOne(const Delivered& record) {
  const fake::FakeShard* source = shard(record.shardId);
  if (source == nullptr) {
    violation("I1", "a record of an unknown shard " + record.shardId);
    return;
  }
  Shard& sink = shards_[record.shardId];
  if (!sink.last.empty() && compareSequenceNumbers(record.sequenceNumber, sink.last) <= 0) {
    ++repeats_;
    return;
  }
  if (sink.last.empty() && !begin(sink, *source, record)) return;
  const bool expected =
      sink.next < source->log.end() && source->log.at(sink.next).sequenceNumber() == record.sequenceNumber;
  if (!expected) {
    violation("I1", fmt::format("shard {}: {} was committed, but record {} of the shard was not yet",
                                record.shardId, record.sequenceNumber, sink.next));
    return;
  }
  if (source->log.at(sink.next).data != record.text) {
    violation("I1", fmt::format("shard {}: {} has other bytes than were put", record.shardId,
                                record.sequenceNumber));
    return;
  }
  ++sink.next;
  ++committed_;
  sink.last = record.sequenceNumber;
  addWords(words_, record.text);
}

bool DeliveryChecker::begin(Shard& sink, const fake::FakeShard& source, const Delivered& record) {
  for (const auto& parent : {source.parent, source.adjacentParent}) {
    if (parent && !done(*stream()->shards[*parent])) {
      violation("I4", fmt::format("shard {} began before its parent {} was done", record.shardId, *parent));
      return false;
    }
  }
  const auto sequence = fake::parseSequence(record.sequenceNumber);
  const std::uint64_t position = sequence ? source.log.positionOfCounter(sequence->counter) : 0;
  const std::uint64_t owed = settledTo(source);
  if (position > owed) {
    violation("I1", fmt::format("shard {} began with record {}, although record {} came after the start",
                                record.shardId, position, owed));
    return false;
  }
  if (position < source.log.end() && source.log.at(position).arrival < start_.earliest) {
    violation("I1", fmt::format("shard {} began with record {}, which came before the application's start",
                                record.shardId, position));
    return false;
  }
  sink.first = position;
  sink.next = position;
  return true;
}

void DeliveryChecker::onCheckpoint(const std::string& shardId, const lease::Checkpoint& from,
                                   const lease::Checkpoint& to) {
  if (to < from)
    violation("I2", fmt::format("shard {}: checkpoint {} after {}", shardId, to.text(), from.text()));
  const fake::FakeShard* source = shard(shardId);
  if (source == nullptr) return;
  if (to.isShardEnd() && !done(*source)) {
    violation("I3", fmt::format("shard {}: SHARD_END before its last record was committed", shardId));
  }
  if (to.isSequenceNumber()) {
    const std::string& last = shards_[shardId].last;
    if (last.empty() || compareSequenceNumbers(to.sequenceNumber(), last) > 0) {
      violation("I3", fmt::format("shard {}: checkpoint {} is ahead of the outputs, which are at {}", shardId,
                                  to.sequenceNumber(), last.empty() ? "nothing" : last));
    }
  }
}

bool DeliveryChecker::complete() const {
  const fake::FakeStream* all = stream();
  if (all == nullptr || !start_.owedFrom) return false;
  return std::all_of(all->shards.begin(), all->shards.end(),
                     [this](const auto& source) { return settledTo(*source) == source->log.end(); });
}

std::string DeliveryChecker::lastCommitted(const std::string& shardId) const {
  const auto found = shards_.find(shardId);
  return found == shards_.end() ? std::string() : found->second.last;
}

std::string DeliveryChecker::missing() const {
  const fake::FakeStream* all = stream();
  if (all == nullptr) return "the stream was never made";
  if (!start_.owedFrom) return "the application never began";
  std::string text;
  for (const auto& source : all->shards) {
    const std::uint64_t settled = settledTo(*source);
    if (settled != source->log.end())
      text += fmt::format("{} {} of {}; ", source->id(), settled, source->log.end());
  }
  return text;
}

void DeliveryChecker::finish() {
  Words truth;
  for (const auto& source : stream()->shards) {
    const auto found = shards_.find(source->id());
    const bool began = found != shards_.end() && !found->second.last.empty();
    const std::uint64_t first = began ? found->second.first : source->log.end();
    for (std::uint64_t i = first; i < source->log.end(); ++i) addWords(truth, source->log.at(i).data);
  }
  expect(truth == words_, "I10", "the words counted are not those of each record once");
  expect(committed_ > 0, "Sanity", "nothing was put into the stream");
}

void DeliveryChecker::addWords(Words& words, std::string_view text) {
  for (const std::string_view word : base::split(text, ' ')) {
    if (word.empty()) continue;
    auto found = words.find(word);
    if (found == words.end()) found = words.try_emplace(std::string(word), 0).first;
    ++found->second;
  }
}

}  // namespace tidemill::sim
