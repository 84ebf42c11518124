#include "fake/shard_log.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "codec/cbor_writer.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

// The members in the order of the service's model. The payload's bytes start at `dataOffset`.
std::string encode(std::string_view sequenceNumber, std::string_view partitionKey, std::string_view data,
                   rt::WallTime arrival, std::size_t* dataOffset) {
  codec::CborWriter writer;
  writer.reserve(data.size() + partitionKey.size() + 160);
  writer.beginMap();
  writer.text("SequenceNumber");
  writer.text(sequenceNumber);
  writer.text("ApproximateArrivalTimestamp");
  writer.timestamp(arrival.time_since_epoch().count());
  writer.text("Data");
  writer.bytes(data);
  *dataOffset = writer.buffer().size() - data.size();
  writer.text("PartitionKey");
  writer.text(partitionKey);
  writer.end();
  return writer.take();
}

}  // namespace

char* ShardLog::room(std::size_t size) {
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().size < size) {
    const std::size_t capacity = std::max(kChunkBytes, size);
    // Not value-initialised: the bytes are written before they are read.
    chunks_.push_back({std::unique_ptr<char[]>(new char[capacity]), 0, capacity, 0});
  }
  Chunk& chunk = chunks_.back();
  char* start = chunk.bytes.get() + chunk.size;
  chunk.size += size;
  return start;
}

std::string ShardLog::append(const SequenceLayout& sequence, std::string_view partitionKey,
                             std::string_view data, rt::WallTime arrival) {
  TIDEMILL_CHECK(
      records_.empty() || (records_.back().counter < sequence.counter && records_.back().arrival <= arrival),
      "records are appended in order");
  shardSecond_ = sequence.shardSecond;
  shardIndex_ = sequence.shardIndex;
  brief_ = sequence.brief;
  std::size_t dataOffset = 0;
  std::string number = formatSequence(sequence);
  const std::string encoded = encode(number, partitionKey, data, arrival, &dataOffset);
  TIDEMILL_CHECK(encoded.size() <= std::numeric_limits<std::uint32_t>::max());
  char* bytes = room(encoded.size());
  std::memcpy(bytes, encoded.data(), encoded.size());
  records_.push_back({bytes, arrival, sequence.counter, static_cast<std::uint32_t>(encoded.size()),
                      static_cast<std::uint32_t>(dataOffset), static_cast<std::uint32_t>(data.size()),
                      static_cast<std::uint32_t>(partitionKey.size())});
  chunks_.back().endPosition = end();
  return number;
}

StoredRecord ShardLog::at(std::uint64_t position) const {
  const Entry& record = entry(position);
  StoredRecord stored;
  const auto second = std::chrono::floor<std::chrono::seconds>(record.arrival).time_since_epoch().count();
  stored.sequence = {shardSecond_, std::max(second, shardSecond_), record.counter, shardIndex_, brief_};
  stored.data = {record.encoded + record.dataOffset, record.dataSize};
  // The map's end byte follows the key.
  stored.partitionKey = {record.encoded + record.encodedSize - 1 - record.keySize, record.keySize};
  stored.arrival = record.arrival;
  return stored;
}

std::size_t ShardLog::sizeAt(std::uint64_t position) const {
  return std::size_t{entry(position).dataSize} + entry(position).keySize;
}

template <class Before>
std::uint64_t ShardLog::firstNot(std::uint64_t from, Before before) const {
  const auto begin = records_.begin() + static_cast<std::ptrdiff_t>(from - forgotten_);
  const auto found = std::partition_point(begin, records_.end(), before);
  return forgotten_ + static_cast<std::uint64_t>(found - records_.begin());
}

std::uint64_t ShardLog::positionOfCounter(std::uint64_t counter) const {
  return firstNot(trimmed_, [&](const Entry& record) { return record.counter < counter; });
}

std::uint64_t ShardLog::positionOfTime(rt::WallTime time) const {
  return firstNot(trimmed_, [&](const Entry& record) { return record.arrival < time; });
}

std::uint64_t ShardLog::rememberedOfCounter(std::uint64_t counter) const {
  return firstNot(forgotten_, [&](const Entry& record) { return record.counter < counter; });
}

std::uint64_t ShardLog::rememberedOfTime(rt::WallTime time) const {
  return firstNot(forgotten_, [&](const Entry& record) { return record.arrival < time; });
}

void ShardLog::appendEncoded(codec::Body& out, std::uint64_t from, std::uint64_t to) const {
  while (from < to) {
    // The records of a chunk lie side by side, so a run of them is one copy.
    const Entry& start = entry(from);
    std::size_t run = 0;
    for (; from < to && entry(from).encoded == start.encoded + run; ++from) run += entry(from).encodedSize;
    out.append({start.encoded, run});
  }
}

std::size_t ShardLog::encodedBytes(std::uint64_t from, std::uint64_t to) const {
  std::size_t bytes = 0;
  for (; from < to; ++from) bytes += entry(from).encodedSize;
  return bytes;
}

void ShardLog::trimBefore(rt::WallTime horizon, bool keep) {
  // Called with every request; nearly always there is nothing to do.
  if (trimmed_ == end() || entry(trimmed_).arrival >= horizon) return;
  trimmed_ = positionOfTime(horizon);
  if (keep || trimmed_ == forgotten_) return;
  records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(trimmed_ - forgotten_));
  forgotten_ = trimmed_;
  while (!chunks_.empty() && chunks_.front().endPosition <= forgotten_) chunks_.pop_front();
}

}  // namespace tidemill::fake
