#include "kinesis/hash_key.h"

#include <algorithm>

namespace tidemill::kinesis {

std::optional<HashKey> parseHashKey(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  HashKey key = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (key > (kHashKeyMax - digit) / 10) return std::nullopt;
    key = key * 10 + digit;
  }
  return key;
}

std::string formatHashKey(HashKey key) {
  std::string reversed;
  do {
    reversed += static_cast<char>('0' + static_cast<int>(key % 10));
    key /= 10;
  } while (key != 0);
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

}  // namespace tidemill::kinesis
