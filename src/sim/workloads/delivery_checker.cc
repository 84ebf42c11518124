#include "sim/workloads/delivery_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "tidemill/sequence_number.h"

namespace tidemill::sim {
namespace {

// As a worker names a place.
struct Numbered {
  std::string_view number;
  std::uint64_t part = 0;
};

bool behind(const Numbered& place, const Numbered& other) {
  const auto order = compareSequenceNumbers(place.number, other.number);
  return order > 0 || (order == 0 && place.part > other.part);
}

}  // namespace

bool holds(const SequenceNumberRange& range, std::string_view number, std::uint64_t part) {
  const auto from = compareSequenceNumbers(number, range.fromSeqNumber);
  const auto to = compareSequenceNumbers(number, range.toSeqNumber);
  return (from > 0 || (from == 0 && part >= range.fromSubSeqNumber.value_or(0))) &&
         (to < 0 || (to == 0 && (!range.toSubSeqNumber || part <= *range.toSubSeqNumber)));
}

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
  Place settled{shard.log.end(), 0};
  if (found != shards_.end() && !found->second.last.empty()) {
    settled = {found->second.next, found->second.nextPart};
  } else if (start_.owedFrom) {
    settled = {shard.log.rememberedOfTime(*start_.owedFrom), 0};
  }
  return behindNamed(shard, settled, {shard.log.end(), 0}).position;
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
  const Numbered numbered{record.sequenceNumber, record.part};
  if (!sink.last.empty() && !behind(numbered, {sink.last, sink.lastPart})) {
    ++repeats_;
    checkBytes(*source, record);
    return;
  }
  if (sink.last.empty() && !begin(sink, *source, record)) return;
  const auto sequence = fake::parseSequence(record.sequenceNumber);
  if (sequence) passNamed(sink, *source, {source->log.rememberedOfCounter(sequence->counter), record.part});
  const bool expected = sink.next < source->log.end() && sink.nextPart == record.part &&
                        source->log.at(sink.next).sequenceNumber() == record.sequenceNumber;
  if (!expected) {
    violation("I1",
              fmt::format("shard {}: {}:{} was committed, but record {}:{} of the shard was not yet",
                          record.shardId, record.sequenceNumber, record.part, sink.next, sink.nextPart));
    return;
  }
  checkBytes(*source, record);
  const Place here{sink.next, sink.nextPart};
  const Place next = after(*source, here);
  sink.next = next.position;
  sink.nextPart = next.part;
  ++committed_;
  sink.last = record.sequenceNumber;
  sink.lastPart = record.part;
  addWords(words_, record.text);
}

std::vector<PackedPart> DeliveryChecker::partsOf(const fake::StoredRecord& record) const {
  const auto* packed = packed_ == nullptr ? nullptr : packed_->find(record.data);
  if (packed != nullptr) return *packed;
  return {{std::string(record.partitionKey), std::string(record.data)}};
}

void DeliveryChecker::checkBytes(const fake::FakeShard& source, const Delivered& record) {
  const auto sequence = fake::parseSequence(record.sequenceNumber);
  const std::uint64_t position = sequence ? source.log.rememberedOfCounter(sequence->counter) : 0;
  if (position >= source.log.end()) return;
  const fake::StoredRecord put = source.log.at(position);
  if (put.sequenceNumber() != record.sequenceNumber) return;  // Forgotten since.
  const std::vector<PackedPart> parts = partsOf(put);
  if (packed_ != nullptr && packed_->isDamaged(put.data) != record.damaged) {
    violation("I15", fmt::format("shard {}: {} is {} as damaged", record.shardId, record.sequenceNumber,
                                 record.damaged ? "marked" : "not marked"));
  }
  if (record.part < parts.size() && parts[record.part].text == record.text &&
      (record.partitionKey.empty() || parts[record.part].partitionKey == record.partitionKey)) {
    return;
  }
  violation("I15", fmt::format("shard {}: {}:{} has other bytes than were put", record.shardId,
                               record.sequenceNumber, record.part));
}

void DeliveryChecker::onBlock(const SequenceNumberRange& range, const std::vector<Delivered>& records) {
  const fake::FakeShard* source = shard(range.shardId);
  if (source == nullptr || records.empty()) return;  // Left to whoever has the lease now.
  std::size_t index = 0;
  forEachIn(*source, range, [&](const std::string& number, const Place& place) {
    if (index < records.size() && records[index].sequenceNumber == number &&
        records[index].part == place.part) {
      ++index;
    } else if (!isNamed(*source, place)) {
      violation("I15", fmt::format("a block of {} was delivered without {}:{}", range.toString(), number,
                                   place.part));
    }
  });
  expect(index == records.size(), "I15", "a block has more records than were put into its range");
}

std::string DeliveryChecker::firstNotStored(const fake::FakeShard& source,
                                            const lease::Checkpoint& to) const {
  const std::vector<SequenceNumberRange> stored = stored_();
  const auto isStored = [&](const Numbered& place) {
    return std::any_of(stored.begin(), stored.end(), [&](const SequenceNumberRange& range) {
      return range.shardId == source.id() && holds(range, place.number, place.part);
    });
  };
  const auto sink = shards_.find(source.id());
  for (std::uint64_t i = settledTo(source); i < source.log.end(); ++i) {
    const fake::StoredRecord put = source.log.at(i);
    const std::string number = put.sequenceNumber();
    const std::size_t parts = partsOf(put).size();
    for (std::uint64_t part = 0; part < parts; ++part) {
      if (!to.isShardEnd() && behind({number, part}, {to.sequenceNumber(), to.subSequenceNumber()}))
        return {};
      const bool committed = sink != shards_.end() && sink->second.next == i && part < sink->second.nextPart;
      if (!committed && !isNamed(source, {i, part}) && !isStored({number, part}))
        return fmt::format("{}:{}", number, part);
    }
  }
  return {};
}

bool DeliveryChecker::begin(Shard& sink, const fake::FakeShard& source, const Delivered& record) {
  for (const auto& parent : {source.parent, source.adjacentParent}) {
    if (parent && !done(*stream()->shards[*parent])) {
      violation("I4", fmt::format("shard {} began before its parent {} was done", record.shardId, *parent));
      return false;
    }
  }
  const auto sequence = fake::parseSequence(record.sequenceNumber);
  const std::uint64_t position = sequence ? source.log.rememberedOfCounter(sequence->counter) : 0;
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
  if (stored_) {
    if (to.isShardEnd() ? source->open() : !to.isSequenceNumber()) return;
    const std::string missing = firstNotStored(*source, to);
    if (!missing.empty()) {
      violation("I3", fmt::format("shard {}: checkpoint {}:{} although {} is neither committed nor on a disk",
                                  shardId, to.text(), to.subSequenceNumber(), missing));
    }
    return;
  }
  if (to.isShardEnd() && !done(*source)) {
    violation("I3", fmt::format("shard {}: SHARD_END before its last record was committed", shardId));
  }
  if (to.isSequenceNumber()) {
    const Shard& sink = shards_[shardId];
    const std::string& last = sink.last;
    if (last.empty() || behind({to.sequenceNumber(), to.subSequenceNumber()}, {last, sink.lastPart})) {
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
    if (!began) continue;
    const Shard& sink = found->second;
    const Place next{sink.next, sink.nextPart};
    for (Place place{sink.first, 0}; place.position < source->log.end(); place = after(*source, place)) {
      // Of what was named the sink may have some all the same, from an earlier life.
      const bool lost = place < next ? sink.passed.count(place) > 0 : sink.named.count(place) > 0;
      if (!lost) addWords(truth, partsOf(source->log.at(place.position))[place.part].text);
    }
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
