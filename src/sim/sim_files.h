// sim/sim_files.h: the FileSystem that one incarnation of a simulated node sees.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rt/file_system.h"
#include "sim/sim_disk.h"

namespace tidemill::sim {

// A view of a disk. Once killed, every call fails and changes nothing, so that destructors of a crashed node
// cannot act; its locks are free again.
class SimFiles final : public rt::FileSystem {
 public:
  // Hears of every call that changes something: operation, path, bytes.
  using Observer =
      std::function<void(std::string_view operation, std::string_view path, std::string_view bytes)>;

  // `disk` must outlive this object.
  explicit SimFiles(SimDisk& disk, Observer observer = {});
  ~SimFiles() override;

  void kill();

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
  Result<std::unique_ptr<rt::FileLock>> lock(const std::string& path, const std::string& holder) override;

 private:
  class File;
  class Lock;
  // What open files and locks share with this view: they may outlive it.
  struct View;

  std::shared_ptr<View> view_;
};

}  // namespace tidemill::sim
