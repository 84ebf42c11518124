// stream/checkpoint/hdfs_checkpoint_store.h: a checkpoint directory in a folder of HDFS.
#pragma once

#include <string>
#include <vector>

#include "hdfs/web_hdfs_client.h"
#include "stream/checkpoint/remote_checkpoint_store.h"

namespace tidemill::stream {

// A value is a file, written aside and renamed: whole or not at all, and the first one wins.
class HdfsCheckpointStore final : public RemoteCheckpointStore {
 public:
  // `path`: of the folder. `env` outlives this object.
  HdfsCheckpointStore(const rt::Env& env, std::string url, std::string path, hdfs::WebHdfsOptions options,
                      RemoteStoreOptions remote);

 private:
  rt::Task<Result<void>> prepare() override;
  rt::Task<Result<bool>> write(std::string name, std::string bytes) override;
  rt::Task<Result<std::optional<std::string>>> read(std::string name, std::size_t bytesMax) override;
  rt::Task<Result<std::vector<std::string>>> namesIn(std::string folder) override;
  rt::Task<Result<void>> erase(std::string name) override;

  const std::string path_;
  hdfs::WebHdfsClient client_;
};

}  // namespace tidemill::stream
