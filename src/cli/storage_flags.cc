#include "cli/storage_flags.h"

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "tidemill/storage_level.h"

namespace tidemill::cli {

void addStorageFlags(CLI::App& command, std::string& level, std::string& loseBlocks) {
  command
      .add_option("--storage-level", level,
                  "Where blocks wait for their batch: a level of Spark such as MEMORY_AND_DISK_2")
      ->capture_default_str();
  command
      .add_option("--lose-blocks", loseBlocks,
                  "For tests: the part of the blocks that is lost before its batch, such as 30%")
      ->capture_default_str();
}

Error unknownLevel(const std::string& level) {
  std::string known;
  for (int i = 0; i <= static_cast<int>(StorageLevel::OFF_HEAP); ++i) {
    known += (known.empty() ? "" : ", ") + storageLevelName(static_cast<StorageLevel>(i));
  }
  return Error(Code::kUsage, base::quoteIfNeeded(level) + " is no storage level", "choose one of " + known);
}

}  // namespace tidemill::cli
