#include "sim/workloads/delivery_checker.h"

#include <fmt/format.h>

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

bool DeliveryChecker::done(const fake::FakeShard& shard) const {
  const auto found = shards_.find(shard.id());
  const std::uint64_t committed = found == shards_.end() ? 0 : found->second.committed;
  return !shard.open() && committed == shard.log.end();
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
  const bool expected = sink.committed < source->log.end() &&
                        source->log.at(sink.committed).sequenceNumber() == record.sequenceNumber;
  if (!expected) {
    violation("I1", fmt::format("shard {}: {} was committed, but record {} of the shard was not yet",
                                record.shardId, record.sequenceNumber, sink.committed));
    return;
  }
  if (source->log.at(sink.committed).data != record.text) {
    violation("I1", fmt::format("shard {}: {} has other bytes than were put", record.shardId,
                                record.sequenceNumber));
    return;
  }
  if (sink.committed == 0) {
    for (const auto& parent : {source->parent, source->adjacentParent}) {
      if (parent && !done(*stream()->shards[*parent])) {
        violation("I4", fmt::format("shard {} began before its parent {} was done", record.shardId, *parent));
        return;
      }
    }
  }
  ++sink.committed;
  ++committed_;
  sink.last = record.sequenceNumber;
  addWords(words_, record.text);
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
  if (all == nullptr) return false;
  for (const auto& source : all->shards) {
    const auto found = shards_.find(source->id());
    const std::uint64_t committed = found == shards_.end() ? 0 : found->second.committed;
    if (committed != source->log.end()) return false;
  }
  return true;
}

std::string DeliveryChecker::missing() const {
  const fake::FakeStream* all = stream();
  if (all == nullptr) return "the stream was never made";
  std::string text;
  for (const auto& source : all->shards) {
    const auto found = shards_.find(source->id());
    const std::uint64_t committed = found == shards_.end() ? 0 : found->second.committed;
    if (committed != source->log.end())
      text += fmt::format("{} {} of {}; ", source->id(), committed, source->log.end());
  }
  return text;
}

void DeliveryChecker::finish() {
  Words truth;
  for (const auto& source : stream()->shards) {
    for (std::uint64_t i = 0; i < source->log.end(); ++i) addWords(truth, source->log.at(i).data);
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
