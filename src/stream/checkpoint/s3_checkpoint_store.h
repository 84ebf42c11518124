// stream/checkpoint/s3_checkpoint_store.h: a checkpoint directory in a bucket of S3.
#pragma once

#include <string>
#include <vector>

#include "s3/s3_client.h"
#include "s3/s3_place.h"
#include "stream/checkpoint/remote_checkpoint_store.h"

namespace tidemill::stream {

// A value is an object, written by one conditional put: atomic, durable, and the first one wins.
class S3CheckpointStore final : public RemoteCheckpointStore {
 public:
  // `env` outlives this object.
  S3CheckpointStore(const rt::Env& env, std::string url, s3::S3Place place, s3::S3ClientOptions options,
                    RemoteStoreOptions remote);

 private:
  rt::Task<Result<void>> prepare() override;
  rt::Task<Result<bool>> write(std::string name, std::string bytes) override;
  rt::Task<Result<std::optional<std::string>>> read(std::string name, std::size_t bytesMax) override;
  rt::Task<Result<std::vector<std::string>>> namesIn(std::string folder) override;
  rt::Task<Result<void>> erase(std::string name) override;

  const std::string prefix_;
  s3::S3Client client_;
};

}  // namespace tidemill::stream
