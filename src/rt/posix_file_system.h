// rt/posix_file_system.h: the production FileSystem.
#pragma once

#include <string>

#include "rt/file_system.h"

namespace tidemill::rt {

// Plain POSIX calls, repeated when a signal interrupts them. Has no state; callable from any thread, one
// thread per open file. Error messages name the path and what the system said; a full disk is kDiskFull.
class PosixFileSystem final : public FileSystem {
 public:
  Result<void> makeDirectory(const std::string& path) override;
  Result<std::unique_ptr<AppendFile>> openAppend(const std::string& path) override;
  Result<std::string> read(const std::string& path, std::uint64_t bytesMax) override;
  Result<std::size_t> readAt(const std::string& path, std::uint64_t offset, std::span<char> into) override;
  Result<std::uint64_t> size(const std::string& path) override;
  Result<void> truncate(const std::string& path, std::uint64_t size) override;
  Result<bool> exists(const std::string& path) override;
  Result<bool> isFolder(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> syncDirectory(const std::string& directory) override;
  // By flock(): the kernel frees it when the process dies, in whatever way.
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& holder) override;
};

// What a call that failed with `error`, an errno, comes to: "<what> <path>: <what the system says>".
// kDiskFull if there is no room, else kIo; the hint says what to do.
Error fileError(int error, const std::string& what, const std::string& path);

}  // namespace tidemill::rt
