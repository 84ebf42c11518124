// stream/far_store.h: the stores of checkpoint directories as places for copies of blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "block/far_blocks.h"
#include "stream/checkpoint/checkpoint_store.h"
#include "stream/seams.h"
#include "tidemill/conf.h"

namespace tidemill::stream {

// Whether a replica of this name lies behind a network: "s3://bucket/path", "hdfs://namenode:9870/path", …
bool isFarReplica(std::string_view name);

// Blocks are written once under ids of their own, so what a checkpoint directory proves of a store before it
// trusts it does not matter here.
class FarCheckpointStore final : public block::FarStore {
 public:
  // `holder`: who this process works as.
  FarCheckpointStore(std::unique_ptr<CheckpointStore> store, std::string holder);

  rt::Task<Result<void>> open() override;
  rt::Task<Result<void>> put(std::string name, std::string bytes) override;
  rt::Task<Result<std::string>> get(std::string name) override;
  rt::Task<Result<std::vector<std::string>>> list() override;
  rt::Task<Result<void>> remove(std::string name) override;

 private:
  const std::unique_ptr<CheckpointStore> store_;
  const std::string holder_;
};

// kInvalidConfig; kNoCredentials.
using OpenFarStore = std::function<Result<std::shared_ptr<block::FarStore>>(const std::string& url)>;
// By the keys tidemill.s3.* and tidemill.hdfs.*. References outlive what it gives.
OpenFarStore farStoresOf(const Seams& seams, const Conf& conf);

}  // namespace tidemill::stream
