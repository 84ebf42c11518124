// codec/hash_key.h: 128-bit hash keys, by which Kinesis decides the shard of a record.
#pragma once

#include <optional>
#include <string_view>

#include "codec/digest.h"

namespace tidemill::codec {

using HashKey = unsigned __int128;

// Both ends inclusive.
struct HashRange {
  HashKey first = 0;
  HashKey last = ~HashKey{0};

  bool holds(HashKey key) const { return first <= key && key <= last; }
};

// The whole of `text` as a decimal number below 2^128, leading zeros allowed, or nothing.
std::optional<HashKey> decimalHashKey(std::string_view text);
// Where the service puts a record that has only a partition key: the MD5 of that, most significant byte
// first.
HashKey hashKeyOf(const Md5& ofPartitionKey);
// A shard's range as the service and lease rows spell it. Nothing if an end is empty or no number.
std::optional<HashRange> hashRangeOf(std::string_view first, std::string_view last);

}  // namespace tidemill::codec
