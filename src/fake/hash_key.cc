#include "fake/hash_key.h"

#include <algorithm>

#include "codec/digest.h"

namespace tidemill::fake {

std::string formatHashKey(HashKey key) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(key % 10));
    key /= 10;
  } while (key != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::optional<HashKey> parseHashKey(std::string_view text) {
  if (text.empty()) return std::nullopt;
  HashKey key = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<HashKey>(c - '0');
    if (key > (kHashKeyMax - digit) / 10) return std::nullopt;
    key = key * 10 + digit;
  }
  return key;
}

HashKey hashPartitionKey(std::string_view partitionKey) {
  HashKey key = 0;
  for (const unsigned char byte : codec::md5(partitionKey)) key = (key << 8) | byte;
  return key;
}

}  // namespace tidemill::fake
