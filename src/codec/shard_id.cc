#include "codec/shard_id.h"

#include <algorithm>
#include <cstddef>

namespace tidemill::codec {
namespace {

constexpr std::size_t kShardIdMax = 128;

bool isAllowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-';
}

}  // namespace

bool isShardId(std::string_view text) {
  return !text.empty() && text.size() <= kShardIdMax && std::all_of(text.begin(), text.end(), isAllowed);
}

}  // namespace tidemill::codec
