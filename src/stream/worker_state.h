// stream/worker_state.h: what a worker's state directory remembers of the processes that used it.
#pragma once

#include <memory>
#include <string>

#include "rt/file_system.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// The directory is this process's.
struct LockedState {
  std::unique_ptr<rt::FileLock> lock;
  // Of the last process that held the lock under the same worker id; it has ended, or the lock would not be
  // ours. Empty: unknown.
  std::string previousIncarnation;
};

// Makes `directory` if need be, locks it, and notes `incarnation` (worker id, slash, something unique) for
// the next process. Blocking. kConflict if another process holds it; kIo, kDiskFull.
Result<LockedState> lockWorkerState(rt::FileSystem& files, const std::string& directory,
                                    const std::string& worker, const std::string& incarnation);

}  // namespace tidemill::stream
