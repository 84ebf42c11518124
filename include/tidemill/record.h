// tidemill/record.h: one record of a stream, as a view of the bytes that Kinesis sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tidemill {

// What a record was on the wire, where the Kinesis Producer Library packs many records into one.
enum class Aggregation {
  kNone,     // A record of its own.
  kPart,     // One of the records that were packed together.
  kDamaged,  // Starts as an aggregated record does, but is none that can be read: given as it came, whole.
};

// All members are views into the block that holds the record: valid inside the call that received it, and as
// long as the block lives. Copy what you keep.
struct Record {
  // The payload, exactly as it was put. Up to 10 MiB, may be empty.
  std::span<const std::byte> data;
  // 1 to 256 characters, chosen by the producer.
  std::string_view partitionKey;
  // Decimal, up to 129 digits, growing within a shard; compare with compareSequenceNumbers().
  std::string_view sequenceNumber;
  // Index inside an aggregated record; 0 for a plain one.
  std::uint64_t subSequenceNumber = 0;
  // Decimal hash key that the producer gave a part of an aggregated record; empty if it gave none.
  std::string_view explicitHashKey;
  // When Kinesis took the record, to the millisecond (server's clock).
  std::chrono::sys_time<std::chrono::milliseconds> approximateArrivalTimestamp{};
  // The shard it came from, e.g. "shardId-000000000002".
  std::string_view shardId;
  Aggregation aggregation = Aggregation::kNone;

  // The payload as text, whatever its encoding.
  std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

}  // namespace tidemill
