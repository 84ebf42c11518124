// rt/file_system.h: the files that must survive a crash, behind a seam that simulation can tear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::rt {

// One file opened for appending. Blocking: call it from the store thread. Errors are kDiskFull or kIo and
// name the path.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // Adds all of `bytes`. After a failure nothing was added, or the file is dead like after a failed sync().
  virtual Result<void> append(std::string_view bytes) = 0;
  // Returns when everything appended so far survives a power cut. After a failure the file is dead: every
  // later call fails, because the kernel may have dropped the pages.
  virtual Result<void> sync() = 0;
};

// Held until destroyed, or until the process dies in whatever way.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Creates the folder and its parents, and makes them survive a power cut; succeeds if it exists.
  virtual Result<void> makeDirectory(const std::string& path) = 0;
  // Opens for appending; creates the file if `path` is missing, for its owner's eyes alone: records may be
  // in it. Its name survives a crash after syncDirectory().
  virtual Result<std::unique_ptr<AppendFile>> openAppend(const std::string& path) = 0;
  // The whole content, refused with kIo above `bytesMax`.
  virtual Result<std::string> read(const std::string& path, std::uint64_t bytesMax) = 0;
  // The bytes from `offset` on, as many as `into` has room for; fewer only where the file ends before.
  // Callable from any thread, also while another one appends.
  virtual Result<std::size_t> readAt(const std::string& path, std::uint64_t offset, std::span<char> into) = 0;
  virtual Result<std::uint64_t> size(const std::string& path) = 0;
  // Cuts off what lies behind the first `size` bytes; a file that is not longer stays as it is. Survives a
  // power cut only together with the next sync() of a file that is opened afterwards: until then the old end
  // may come back.
  virtual Result<void> truncate(const std::string& path, std::uint64_t size) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Opens nothing: also a pipe, a device and a link that leads nowhere are no folders.
  virtual Result<bool> isFolder(const std::string& path) = 0;
  // Replaces `to` if it exists, in one step. Both names are in the same folder.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Names in a folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  // Makes creations, renames and removals in `directory` survive a power cut.
  virtual Result<void> syncDirectory(const std::string& directory) = 0;
  // Takes the exclusive lock of `path` (created if missing) and writes into it which process this is, and
  // `holder` (what it works as), or fails with kConflict whose message holds what the present holder wrote.
  // Nobody may remove the file.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& holder) = 0;
};

}  // namespace tidemill::rt
