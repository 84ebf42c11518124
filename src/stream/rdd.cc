#include "tidemill/rdd.h"

#include <fmt/format.h>

#include "tidemill/error.h"

namespace tidemill::detail {

std::size_t shufflePartitions(std::size_t wanted, std::size_t parentPartitions, std::size_t parentByKey) {
  if (wanted > kShufflePartitionsMax) {
    throw Error(Code::kUsage, fmt::format("an RDD cannot have {} partitions", wanted),
                fmt::format("ask for 1 to {}", kShufflePartitionsMax));
  }
  if (wanted != 0) return wanted;
  if (parentByKey != 0) return parentByKey;
  return std::clamp<std::size_t>(parentPartitions, 1, kShufflePartitionsDefaultMax);
}

void throwEmpty(const char* action) {
  throw Error(Code::kUsage, fmt::format("{} of an RDD without elements", action),
              "ask isEmpty() first, or use take()");
}

}  // namespace tidemill::detail
