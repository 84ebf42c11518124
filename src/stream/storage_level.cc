#include "tidemill/storage_level.h"

namespace tidemill {

std::string storageLevelName(StorageLevel level) {
  switch (level) {
    case StorageLevel::NONE:
      return "NONE";
    case StorageLevel::DISK_ONLY:
      return "DISK_ONLY";
    case StorageLevel::DISK_ONLY_2:
      return "DISK_ONLY_2";
    case StorageLevel::MEMORY_ONLY:
      return "MEMORY_ONLY";
    case StorageLevel::MEMORY_ONLY_2:
      return "MEMORY_ONLY_2";
    case StorageLevel::MEMORY_ONLY_SER:
      return "MEMORY_ONLY_SER";
    case StorageLevel::MEMORY_ONLY_SER_2:
      return "MEMORY_ONLY_SER_2";
    case StorageLevel::MEMORY_AND_DISK:
      return "MEMORY_AND_DISK";
    case StorageLevel::MEMORY_AND_DISK_2:
      return "MEMORY_AND_DISK_2";
    case StorageLevel::MEMORY_AND_DISK_SER:
      return "MEMORY_AND_DISK_SER";
    case StorageLevel::MEMORY_AND_DISK_SER_2:
      return "MEMORY_AND_DISK_SER_2";
  }
  return "NONE";
}

}  // namespace tidemill
