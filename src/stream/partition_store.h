// stream/partition_store.h: the memory and the files of persisted RDDs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "block/block_codec.h"
#include "rt/env.h"
#include "tidemill/conf.h"
#include "tidemill/partition_space.h"

namespace tidemill::stream {

struct PartitionStoreOptions {
  std::int64_t memoryBytes = 256 << 20;
  std::int64_t diskBytes = std::int64_t{16} << 30;
  // What compresses them. kNone is honoured.
  block::BlockEncoding encoding = block::BlockEncoding::kLz4;
  // Of this process alone. Empty: no disk.
  std::string directory;
};

// Without the folder, which whoever holds the lock of the state folder may add: persistDirectoryOf().
PartitionStoreOptions partitionStoreOptionsOf(const Conf& conf);
std::string persistDirectoryOf(const Conf& conf);

// Scratch: nothing is synced, and what an earlier process left is removed, see clear(). Callable from any
// thread, also while what it gave is dropped; what it gave may outlive it.
class PartitionStore final : public detail::PartitionSpace {
 public:
  // `files` and `log` live until close(), or longer than all that is kept here.
  PartitionStore(rt::FileSystem& files, base::LogSink& log, PartitionStoreOptions options);

  // Empties the folder, if it is there. Blocking; before anything is kept. kIo.
  static Result<void> clear(rt::FileSystem& files, const std::string& directory);

  // Nothing is kept any more, and all files are removed, those of whom somebody still holds too. Blocking,
  // once; while this process still holds the lock of the state folder. kIo.
  Result<void> close();
  bool hasFiles() const { return folderMade_.load(); }

  std::shared_ptr<const void> reserve(std::int64_t bytes) override;
  std::shared_ptr<const detail::KeptBytes> keep(const std::string& bytes,
                                                const StorageTraits& traits) override;
  bool hasDisk() const override { return !options_.directory.empty(); }

  std::int64_t memoryUsed() const { return memory_->load(); }
  std::int64_t diskUsed() const { return disk_->load(); }

 private:
  // What is used of a limit; shared with what is kept.
  using Used = std::shared_ptr<std::atomic<std::int64_t>>;
  // Null when it is closed: what is dropped later touches no file, which may be another process' by then.
  using Files = std::shared_ptr<std::atomic<rt::FileSystem*>>;
  class Share;
  class InMemory;
  class OnDisk;

  static std::shared_ptr<const Share> take(const Used& used, std::int64_t bytes, std::int64_t most);
  Result<void> write(rt::FileSystem& files, const std::string& path, const std::string& packed);
  void tellOnce(std::string_view what);

  const Files files_;
  base::LogSink& log_;
  const PartitionStoreOptions options_;
  const Used memory_ = std::make_shared<std::atomic<std::int64_t>>(0);
  const Used disk_ = std::make_shared<std::atomic<std::int64_t>>(0);
  std::atomic<std::uint64_t> nextFile_{0};
  std::atomic<bool> folderMade_{false};
  std::atomic<bool> told_{false};
};

}  // namespace tidemill::stream
