// cli/storage_flags.h: where blocks are kept, and which are lost on purpose, as commands are told it.
#pragma once

#include <string>

#include "tidemill/error.h"

namespace CLI {
class App;
}

namespace tidemill::cli {

// --storage-level and --lose-blocks; the defaults are what the texts hold. The values are checked when they
// are used: the level by parseStorageLevel(), the part of the blocks as the setting tidemill.test.loseBlocks.
void addStorageFlags(CLI::App& command, std::string& level, std::string& loseBlocks);

// Names the levels that there are.
Error unknownLevel(const std::string& level);

}  // namespace tidemill::cli
