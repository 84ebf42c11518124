// stream/checkpoint/file_checkpoint_store.h: a checkpoint directory in a folder of a file system.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rt/env.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::stream {

// A value is a file. It is written aside, synced, and renamed under the lock of the folder, which one process
// holds as long as it lives; then the folder is synced. Files that are half written start with a dot, and are
// replaced or ignored. Calls run one after the other on the store thread.
class FileCheckpointStore final : public CheckpointStore {
 public:
  // `directory` is a path; `url` is what it was named by. `env` outlives this object.
  FileCheckpointStore(const rt::Env& env, std::string url, std::string directory);
  ~FileCheckpointStore() override;

  const std::string& url() const override { return url_; }
  rt::Task<Result<void>> open(std::string holder) override;
  bool exclusive() const override { return true; }
  rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) override;
  rt::Task<Result<std::string>> get(std::string name) override;
  rt::Task<Result<std::vector<std::string>>> list(std::string folder) override;
  rt::Task<Result<void>> remove(std::string name) override;

 private:
  class Folder;

  const rt::Env& env_;
  const std::string url_;
  // Shared with calls that are on their way: the lock is free when the last one has ended.
  const std::shared_ptr<Folder> folder_;
};

}  // namespace tidemill::stream
