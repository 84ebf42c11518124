#include "kinesis/hash_key.h"

#include <algorithm>

namespace tidemill::kinesis {

std::optional<HashKey> parseHashKey(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return codec::decimalHashKey(text);
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
