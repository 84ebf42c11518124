// sim/recorded_files.h: a FileSystem that writes down what passes through it, and fails when told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rt/file_system.h"

namespace tidemill::sim {

// One change that succeeded. Files are told apart by numbers, as names move.
struct FileChange {
  enum class Kind { kCreate, kAppend, kSync, kTruncate, kRename, kRemove, kSyncDirectory };
  Kind kind = Kind::kSync;
  int file = 0;
  std::string path;        // kCreate, kRename (the old name), kRemove.
  std::string to;          // kRename.
  std::string bytes;       // kAppend.
  std::uint64_t size = 0;  // kTruncate.
};

// Calls that are to fail, without any effect.
struct FailingCalls {
  // The number of the first one; the first call of all has 0.
  std::size_t first = 0;
  std::size_t count = 1;
  // kIo: any call. kDiskFull: only calls that need room are counted.
  Code code = Code::kIo;
};

// One folder is written to; several may be read. One thread.
class RecordedFiles final : public rt::FileSystem {
 public:
  // `inner` must outlive this object.
  explicit RecordedFiles(rt::FileSystem& inner) : inner_(inner) {}

  const std::vector<FileChange>& changes() const { return record_->changes; }
  // Since fail(): how many calls there were that it counts.
  std::size_t calls() const { return record_->calls; }
  // Starts to count anew.
  void fail(FailingCalls failing) {
    record_->failing = failing;
    record_->calls = 0;
  }

  Result<void> makeDirectory(const std::string& path) override;
  Result<std::unique_ptr<rt::AppendFile>> openAppend(const std::string& path) override;
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
  // Not recorded: a lock has no content that matters.
  Result<std::unique_ptr<rt::FileLock>> lock(const std::string& path, const std::string& holder) override;

 private:
  class File;
  // Open files share it.
  struct Record {
    std::vector<FileChange> changes;
    std::size_t calls = 0;
    std::optional<FailingCalls> failing;

    // Fails if this call is to fail.
    Result<void> pass(bool needsRoom, const std::string& path);
  };

  rt::FileSystem& inner_;
  const std::shared_ptr<Record> record_ = std::make_shared<Record>();
  std::map<std::string, int> names_;
  int lastFile_ = 0;
};

}  // namespace tidemill::sim
