// tidemill/storage_level.h: where received blocks are kept until their batch has succeeded.
#pragma once

#include <string>

namespace tidemill {

// Spark's levels by name. In this version blocks live in memory under one byte budget; whatever a level asks
// for beyond that is reported once as event=storage_level_reduced. Nothing is lost by it: the lease
// checkpoint follows the outputs of a batch, so unprocessed records are read again from Kinesis.
enum class StorageLevel {
  NONE,
  DISK_ONLY,
  DISK_ONLY_2,
  MEMORY_ONLY,
  MEMORY_ONLY_2,
  MEMORY_ONLY_SER,
  MEMORY_ONLY_SER_2,
  MEMORY_AND_DISK,
  MEMORY_AND_DISK_2,
  MEMORY_AND_DISK_SER,
  MEMORY_AND_DISK_SER_2,
};

// "MEMORY_AND_DISK_2" and so on.
std::string storageLevelName(StorageLevel level);

}  // namespace tidemill
