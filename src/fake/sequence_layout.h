// fake/sequence_layout.h: what the digits of a Kinesis sequence number hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemill::fake {

// In hexadecimal, 47 digits: 2, creation second of the shard (9), low digit of the shard's index (1), counter
// (16), 00, second of the record (9), index of the shard (8), version 2. So numbers of one shard grow with
// the counter, and numbers of a child are above those of its parents.
struct SequenceLayout {
  // Seconds since the epoch.
  std::int64_t shardSecond = 0;
  std::int64_t recordSecond = 0;
  // At most kCounterEnd.
  std::uint64_t counter = 0;
  // At most 2147483647.
  std::uint32_t shardIndex = 0;
  // Written without the leading zeros of the counter, as no service does today: 33 to 51 decimal digits, the
  // counter first, so that the numbers of one shard differ in length. Still those of a shard grow with the
  // counter; those of a child need not be above those of its parents.
  bool brief = false;

  bool operator==(const SequenceLayout&) const = default;
};

// The counter in the EndingSequenceNumber of a closed shard: no record reaches it.
constexpr std::uint64_t kCounterEnd = 0x7fff'ffff'ffff'ffff;

// Decimal.
std::string formatSequence(const SequenceLayout& layout);

// Nothing if `text` is not a number that formatSequence() could have written.
std::optional<SequenceLayout> parseSequence(std::string_view text);

}  // namespace tidemill::fake
