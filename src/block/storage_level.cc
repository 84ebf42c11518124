#include "tidemill/storage_level.h"

#include <algorithm>
#include <array>

namespace tidemill {
namespace {

struct Row {
  StorageLevel level;
  std::string_view name;
  StorageTraits traits;
};

constexpr std::array<Row, 13> kRows = {{
    {StorageLevel::NONE, "NONE", {false, false, false, 1}},
    {StorageLevel::DISK_ONLY, "DISK_ONLY", {true, false, true, 1}},
    {StorageLevel::DISK_ONLY_2, "DISK_ONLY_2", {true, false, true, 2}},
    {StorageLevel::DISK_ONLY_3, "DISK_ONLY_3", {true, false, true, 3}},
    {StorageLevel::MEMORY_ONLY, "MEMORY_ONLY", {false, true, false, 1}},
    {StorageLevel::MEMORY_ONLY_2, "MEMORY_ONLY_2", {false, true, false, 2}},
    {StorageLevel::MEMORY_ONLY_SER, "MEMORY_ONLY_SER", {false, true, true, 1}},
    {StorageLevel::MEMORY_ONLY_SER_2, "MEMORY_ONLY_SER_2", {false, true, true, 2}},
    {StorageLevel::MEMORY_AND_DISK, "MEMORY_AND_DISK", {true, true, false, 1}},
    {StorageLevel::MEMORY_AND_DISK_2, "MEMORY_AND_DISK_2", {true, true, false, 2}},
    {StorageLevel::MEMORY_AND_DISK_SER, "MEMORY_AND_DISK_SER", {true, true, true, 1}},
    {StorageLevel::MEMORY_AND_DISK_SER_2, "MEMORY_AND_DISK_SER_2", {true, true, true, 2}},
    {StorageLevel::OFF_HEAP, "OFF_HEAP", {true, true, true, 1}},
}};

const Row& rowOf(StorageLevel level) {
  const auto found =
      std::find_if(kRows.begin(), kRows.end(), [level](const Row& row) { return row.level == level; });
  return found == kRows.end() ? kRows.front() : *found;
}

}  // namespace

StorageTraits traitsOf(StorageLevel level) {
  return rowOf(level).traits;
}

std::string storageLevelName(StorageLevel level) {
  return std::string(rowOf(level).name);
}

std::optional<StorageLevel> parseStorageLevel(std::string_view name) {
  const auto found =
      std::find_if(kRows.begin(), kRows.end(), [name](const Row& row) { return row.name == name; });
  return found == kRows.end() ? std::nullopt : std::optional(found->level);
}

}  // namespace tidemill
