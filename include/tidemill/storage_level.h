// tidemill/storage_level.h: where received blocks are kept until their batch has succeeded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemill {

// Spark's levels by name. Whatever the level, a block that is lost is read again from Kinesis by its ranges
// while the stream retains the records: the level decides how fast a loss is survived, not whether.
//
// In memory, the levels with and without _SER differ in that _SER blocks are compressed. On disk, blocks are
// always written as bytes. OFF_HEAP is MEMORY_AND_DISK_SER: nothing here lies in a heap that is collected.
enum class StorageLevel {
  NONE,
  DISK_ONLY,
  DISK_ONLY_2,
  DISK_ONLY_3,
  MEMORY_ONLY,
  MEMORY_ONLY_2,
  MEMORY_ONLY_SER,
  MEMORY_ONLY_SER_2,
  MEMORY_AND_DISK,
  MEMORY_AND_DISK_2,
  MEMORY_AND_DISK_SER,
  MEMORY_AND_DISK_SER_2,
  OFF_HEAP,
};

// What a level asks for.
struct StorageTraits {
  bool disk = false;
  bool memory = false;
  bool serialized = false;  // Compressed, also in memory.
  int replicas = 1;         // Copies in all, 1 to 3.

  friend bool operator==(const StorageTraits&, const StorageTraits&) = default;
};
StorageTraits traitsOf(StorageLevel level);

// "MEMORY_AND_DISK_2" and so on.
std::string storageLevelName(StorageLevel level);
// The level of a name, as storageLevelName() spells it; nothing for any other text.
std::optional<StorageLevel> parseStorageLevel(std::string_view name);

}  // namespace tidemill
