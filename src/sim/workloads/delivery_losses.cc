// What the checker makes of records that were named as lost: I9, and where order goes on behind them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/workloads/delivery_checker.h"
#include "tidemill/sequence_number.h"

namespace tidemill::sim {
namespace {

bool isBetween(std::string_view number, std::string_view from, std::string_view to) {
  return compareSequenceNumbers(number, from) >= 0 && compareSequenceNumbers(number, to) <= 0;
}

}  // namespace

void DeliveryChecker::forEachIn(const fake::FakeShard& shard, const SequenceNumberRange& range,
                                FunctionRef<void(const std::string&, const Place&)> visit) const {
  const auto from = fake::parseSequence(range.fromSeqNumber);
  if (!from) return;
  for (std::uint64_t i = shard.log.rememberedOfCounter(from->counter); i < shard.log.end(); ++i) {
    const fake::StoredRecord put = shard.log.at(i);
    const std::string number = put.sequenceNumber();
    if (compareSequenceNumbers(number, range.toSeqNumber) > 0) return;
    const std::size_t parts = partsOf(put).size();
    for (std::uint64_t part = 0; part < parts; ++part) {
      if (holds(range, number, part)) visit(number, Place{i, part});
    }
  }
}

void DeliveryChecker::onLifeBegun() {
  ++life_;
  for (auto& [id, sink] : shards_) sink.lostWith.clear();
}

bool DeliveryChecker::isNamed(const fake::FakeShard& shard, const Place& place) const {
  const auto found = shards_.find(shard.id());
  return found != shards_.end() && found->second.named.count(place) > 0;
}

bool DeliveryChecker::isNamedInThisLife(const fake::FakeShard& shard, const Place& place) const {
  const auto found = shards_.find(shard.id());
  if (found == shards_.end()) return false;
  const auto named = found->second.named.find(place);
  return named != found->second.named.end() && named->second.times > 0 && named->second.life == life_;
}

DeliveryChecker::Place DeliveryChecker::after(const fake::FakeShard& shard, const Place& place) const {
  if (place.part + 1 < partsOf(shard.log.at(place.position)).size()) return {place.position, place.part + 1};
  return {place.position + 1, 0};
}

DeliveryChecker::Place DeliveryChecker::behindNamed(const fake::FakeShard& shard, Place place,
                                                    const Place& end) const {
  while (place < end && isNamed(shard, place)) place = after(shard, place);
  return place;
}

void DeliveryChecker::passNamed(Shard& sink, const fake::FakeShard& source, const Place& place) {
  const Place next{sink.next, sink.nextPart};
  if (behindNamed(source, next, place) != place) return;
  for (Place one = next; one < place; one = after(source, one)) sink.passed.insert(one);
  sink.next = place.position;
  sink.nextPart = place.part;
}

void DeliveryChecker::name(Shard& sink, const NamedLoss& loss, const Place& place, bool sure) {
  const auto [found, isNew] = sink.named.try_emplace(place);
  if (isNew) ++named_;
  Named& named = found->second;
  if (isNew || named.life != life_) named = {life_, 0};
  if (!sure) return;
  const auto blocks = sink.lostWith.find(place);
  if (blocks != sink.lostWith.end() && ++named.times <= blocks->second.size()) return;
  violation("I9", fmt::format("shard {}: record {}:{} was named as lost {} times", loss.shardId,
                              place.position, place.part, named.times));
}

void DeliveryChecker::onBlockLost(const std::string& blockId, const SequenceNumberRanges& ranges) {
  for (const SequenceNumberRange& range : ranges) {
    const fake::FakeShard* source = shard(range.shardId);
    if (source == nullptr) continue;
    Shard& sink = shards_[range.shardId];
    forEachIn(*source, range,
              [&](const std::string&, const Place& place) { sink.lostWith[place].insert(blockId); });
  }
}

void DeliveryChecker::onLoss(const NamedLoss& loss) {
  const fake::FakeShard* source = shard(loss.shardId);
  if (source == nullptr) {
    violation("I9", "records of an unknown shard " + loss.shardId + " were named as lost");
    return;
  }
  Shard& sink = shards_[loss.shardId];
  std::int64_t lost = 0;
  std::int64_t lostBefore = 0;  // Perhaps: in a hole.
  std::vector<Place> perhaps;
  forEachIn(
      *source, {"", loss.shardId, loss.from, loss.to}, [&](const std::string& number, const Place& place) {
        const bool trimmed = place.position < source->log.first();
        if (loss.left > 0 && isBetween(number, loss.firstLeft, loss.lastLeft)) {
          const bool inside = number != loss.firstLeft && number != loss.lastLeft;
          if (trimmed && inside) perhaps.push_back(place);
          return;
        }
        ++lost;
        if (isNamed(*source, place) && !isNamedInThisLife(*source, place)) ++lostBefore;
        name(sink, loss, place, true);
        if (trimmed) return;
        violation("I9",
                  fmt::format("shard {}: {} was named as lost, but the stream has it", loss.shardId, number));
      });
  const std::int64_t inside = loss.records - loss.left - lost;
  if (inside > 0) {
    for (const Place& place : perhaps) name(sink, loss, place, false);
  }
  if (inside >= -lostBefore && inside <= static_cast<std::int64_t>(perhaps.size())) return;
  violation("I9", fmt::format("shard {}: {} of {} records from {} to {} were named as left, but {} are lost",
                              loss.shardId, loss.left, loss.records, loss.from, loss.to, lost));
}

void DeliveryChecker::onRebuilt(const SequenceNumberRanges& before, const SequenceNumberRanges& after) {
  if (after == before) return;
  for (const SequenceNumberRange& range : before) {
    const fake::FakeShard* source = shard(range.shardId);
    if (source == nullptr) continue;
    forEachIn(*source, range, [&](const std::string& number, const Place& place) {
      const bool left = std::any_of(after.begin(), after.end(), [&](const SequenceNumberRange& one) {
        return one.shardId == range.shardId && holds(one, number, place.part);
      });
      if (left != isNamedInThisLife(*source, place)) return;
      violation(left ? "I15" : "I9",
                fmt::format("block of {} was rebuilt as {}: {}:{} is {}", before.toString(), after.toString(),
                            number, place.part,
                            left ? "there, although it was named as lost" : "neither there nor named"));
    });
  }
}

std::int64_t DeliveryChecker::payloadOf(const SequenceNumberRanges& ranges) const {
  std::int64_t bytes = 0;
  for (const SequenceNumberRange& range : ranges) {
    const fake::FakeShard* source = shard(range.shardId);
    if (source == nullptr) continue;
    forEachIn(*source, range, [&](const std::string&, const Place& place) {
      const PackedPart part = partsOf(source->log.at(place.position))[place.part];
      bytes += static_cast<std::int64_t>(part.text.size() + part.partitionKey.size());
    });
  }
  return bytes;
}

}  // namespace tidemill::sim
