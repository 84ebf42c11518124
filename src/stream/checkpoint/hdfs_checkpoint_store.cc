#include "stream/checkpoint/hdfs_checkpoint_store.h"

#include <utility>

namespace tidemill::stream {
namespace {

constexpr std::size_t kNamesMax = 200'000;

}  // namespace

HdfsCheckpointStore::HdfsCheckpointStore(const rt::Env& env, std::string url, std::string path,
                                         hdfs::WebHdfsOptions options, RemoteStoreOptions remote)
    : RemoteCheckpointStore(env, std::move(url), std::move(remote)),
      path_(std::move(path)),
      client_(env.loop, env.http, env.random, env.log, std::move(options)) {}

rt::Task<Result<void>> HdfsCheckpointStore::prepare() {
  auto made = co_await client_.makeDirectories(path_);
  if (!made) co_return fail(made.error());
  auto cleaned = co_await client_.removeLeftovers(path_);
  if (!cleaned) co_return fail(cleaned.error());
  auto entries = co_await client_.list(path_, kNamesMax);
  if (!entries) co_return fail(entries.error());
  for (const hdfs::FileEntry& entry : *entries) {
    if (!entry.directory) continue;
    std::string folder = path_ + "/" + entry.name;
    cleaned = co_await client_.removeLeftovers(std::move(folder));
    if (!cleaned) co_return fail(cleaned.error());
  }
  co_return Result<void>();
}

rt::Task<Result<bool>> HdfsCheckpointStore::write(std::string name, std::string bytes) {
  std::string path = path_ + "/" + name;
  auto outcome = co_await client_.putIfAbsent(std::move(path), std::move(bytes));
  if (!outcome) co_return fail(outcome.error());
  co_return *outcome == hdfs::PutOutcome::kWritten;
}

rt::Task<Result<std::optional<std::string>>> HdfsCheckpointStore::read(std::string name,
                                                                       std::size_t bytesMax) {
  std::string path = path_ + "/" + name;
  co_return co_await client_.read(std::move(path), bytesMax);
}

rt::Task<Result<std::vector<std::string>>> HdfsCheckpointStore::namesIn(std::string folder) {
  const std::string path = folder.empty() ? path_ : path_ + "/" + folder;
  auto entries = co_await client_.list(path, kNamesMax);
  if (!entries) co_return fail(entries.error());
  std::vector<std::string> names;
  for (hdfs::FileEntry& entry : *entries) names.push_back(std::move(entry.name));
  co_return std::move(names);
}

rt::Task<Result<void>> HdfsCheckpointStore::erase(std::string name) {
  std::string path = path_ + "/" + name;
  co_return co_await client_.remove(std::move(path));
}

}  // namespace tidemill::stream
