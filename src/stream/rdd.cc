#include "tidemill/rdd.h"

#include <fmt/format.h>

#include "tidemill/error.h"

namespace tidemill::detail {

void checkPartitions(std::size_t wanted) {
  if (wanted <= kShufflePartitionsMax) return;
  throw Error(Code::kUsage, fmt::format("an RDD cannot have {} partitions", wanted),
              fmt::format("ask for 1 to {}", kShufflePartitionsMax));
}

std::size_t shufflePartitions(std::size_t wanted, std::size_t parentPartitions, std::size_t parentByKey) {
  checkPartitions(wanted);
  if (wanted != 0) return wanted;
  if (parentByKey != 0) return parentByKey;
  return std::clamp<std::size_t>(parentPartitions, 1, kShufflePartitionsDefaultMax);
}

void throwNotFilled() {
  throw Error(Code::kUsage, "a partition behind a shuffle was asked for before its other side had run",
              "compute RDDs by actions");
}

void throwTooMany() {
  throw Error(Code::kUsage, "a partition has more than 2^32 elements", "divide it with repartition()");
}

void checkCodecFor(StorageLevel level, bool hasCodec) {
  const StorageTraits traits = traitsOf(level);
  if (hasCodec || (!traits.serialized && !traits.disk)) return;
  throw Error(
      Code::kUsage,
      fmt::format("an RDD cannot be persisted at {}: its elements have no Codec", storageLevelName(level)),
      "specialise tidemill::Codec for their type, or use MEMORY_ONLY");
}

bool mayPersist(StorageLevel wanted, std::optional<StorageLevel> present, bool hasCodec,
                const PartitionSpace* space) {
  if (present) {
    if (*present == wanted) return false;
    throw Error(Code::kUsage,
                fmt::format("an RDD persisted at {} cannot be persisted at {}", storageLevelName(*present),
                            storageLevelName(wanted)),
                "unpersist() it first");
  }
  const StorageTraits traits = traitsOf(wanted);
  if (!traits.memory && !traits.disk) return false;
  if (!traits.serialized && !traits.disk) return true;
  checkCodecFor(wanted, hasCodec);
  if (space == nullptr || (!traits.memory && !space->hasDisk())) {
    throw Error(Code::kUsage,
                fmt::format("an RDD cannot be persisted at {}: what it was made on has no place for bytes",
                            storageLevelName(wanted)),
                "use MEMORY_ONLY, or the RDD of a stream");
  }
  return true;
}

void throwEmpty(const char* action) {
  throw Error(Code::kUsage, fmt::format("{} of an RDD without elements", action),
              "ask isEmpty() first, or use take()");
}

}  // namespace tidemill::detail
