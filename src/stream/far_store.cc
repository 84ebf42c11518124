#include "stream/far_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "stream/checkpoint_conf.h"

namespace tidemill::stream {

bool isFarReplica(std::string_view name) {
  constexpr std::array<std::string_view, 6> kSchemes{"s3://",   "s3a://",     "s3n://",
                                                     "hdfs://", "webhdfs://", "swebhdfs://"};
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return name.starts_with(scheme); });
}

FarCheckpointStore::FarCheckpointStore(std::unique_ptr<CheckpointStore> store, std::string holder)
    : store_(std::move(store)), holder_(std::move(holder)) {}

rt::Task<Result<void>> FarCheckpointStore::open() {
  std::string holder = holder_;
  co_return co_await store_->open(std::move(holder));
}

// A value that is there is an earlier try, whose answer was lost, or is to be replaced.
rt::Task<Result<void>> FarCheckpointStore::put(std::string name, std::string bytes) {
  std::string firstBytes = bytes;
  auto done = co_await store_->putIfAbsent(name, std::move(firstBytes));
  if (done || done.error().code() != Code::kConflict) co_return std::move(done);
  auto removed = co_await store_->remove(name);
  if (!removed) co_return std::move(removed);
  co_return co_await store_->putIfAbsent(std::move(name), std::move(bytes));
}

rt::Task<Result<std::string>> FarCheckpointStore::get(std::string name) {
  co_return co_await store_->get(std::move(name));
}

rt::Task<Result<std::vector<std::string>>> FarCheckpointStore::list() {
  std::string top;
  co_return co_await store_->list(std::move(top));
}

rt::Task<Result<void>> FarCheckpointStore::remove(std::string name) {
  co_return co_await store_->remove(std::move(name));
}

OpenFarStore farStoresOf(const Seams& seams, const Conf& conf) {
  CheckpointStoreOptions options = checkpointStoreOptionsOf(conf, seams.environment);
  options.remote.purpose = "copies of blocks";
  options.remote.proves = false;
  const std::string holder = "worker " + conf.getText("tidemill.worker.id");
  return [&seams, options = std::move(options),
          holder](const std::string& url) -> Result<std::shared_ptr<block::FarStore>> {
    auto store =
        seams.checkpoints == nullptr ? makeCheckpointStore(seams.env, url, options) : seams.checkpoints(url);
    if (!store) return fail(store.error().within("tidemill.block.replicas"));
    return std::make_shared<FarCheckpointStore>(std::move(*store), holder);
  };
}

}  // namespace tidemill::stream
