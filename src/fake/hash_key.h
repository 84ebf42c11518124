// fake/hash_key.h: the 128-bit numbers by which Kinesis routes records to shards.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill::fake {

// A twin of kinesis/hash_key.h on purpose: the fake shares no code with the client, so that it cannot share
// its mistakes.
using HashKey = unsigned __int128;

constexpr HashKey kHashKeyMax = ~HashKey{0};

// Decimal, as every answer writes it.
std::string formatHashKey(HashKey key);

// A decimal number below 2^128, or nothing.
std::optional<HashKey> parseHashKey(std::string_view text);

// MD5 of the key's UTF-8 bytes, read as a big-endian number.
HashKey hashPartitionKey(std::string_view partitionKey);

}  // namespace tidemill::fake
