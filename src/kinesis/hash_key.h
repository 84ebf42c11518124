// kinesis/hash_key.h: 128-bit hash keys, which decide the shard of a record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/hash_key.h"

namespace tidemill::kinesis {

// Every shard owns a range of these; together the open shards of a stream own them all.
using HashKey = codec::HashKey;

inline constexpr HashKey kHashKeyMax = ~HashKey{0};

// The whole of `text` as a decimal number below 2^128 without needless leading zeros, or nothing.
std::optional<HashKey> parseHashKey(std::string_view text);
std::string formatHashKey(HashKey key);

}  // namespace tidemill::kinesis
