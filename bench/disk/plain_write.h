// bench/disk/plain_write.h: the least that anybody must do who writes bytes that survive a power cut.
#pragma once

#include <string>

#include "made_blocks.h"

namespace tidemill::bench {

// Seconds. A new file at `path` gets the payload of one block after the other, by write and fsync for each.
double writeEachSynced(const std::string& path, const MadeBlocks& made);

// Seconds of `dd conv=fsync`, which writes the blocks of the file `source` and syncs once, at the end. It
// reads from the page cache.
double ddSyncedAtEnd(const std::string& path, const std::string& source, std::size_t blockBytes);

// A new file with all of the payload.
void writeSource(const std::string& path, const MadeBlocks& made);

}  // namespace tidemill::bench
