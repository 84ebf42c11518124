#include "stream/checkpoint/s3_checkpoint_store.h"

#include <fmt/format.h>

#include <utility>

namespace tidemill::stream {
namespace {

// Names of one folder; a directory that is kept has some hundreds.
constexpr std::size_t kNamesMax = 200'000;

}  // namespace

S3CheckpointStore::S3CheckpointStore(const rt::Env& env, std::string url, s3::S3Place place,
                                     s3::S3ClientOptions options, RemoteStoreOptions remote)
    : RemoteCheckpointStore(env, std::move(url), std::move(remote)),
      prefix_(std::move(place.prefix)),
      client_(env.loop, env.http, env.random, env.log, std::move(place.bucket), std::move(options)) {}

rt::Task<Result<void>> S3CheckpointStore::prepare() {
  // Keys need no folders.
  co_return Result<void>();
}

rt::Task<Result<bool>> S3CheckpointStore::write(std::string name, std::string bytes) {
  std::string key = prefix_ + name;
  auto outcome = co_await client_.putIfAbsent(std::move(key), std::move(bytes));
  if (!outcome) co_return fail(outcome.error());
  co_return *outcome == s3::PutOutcome::kWritten;
}

rt::Task<Result<std::optional<std::string>>> S3CheckpointStore::read(std::string name, std::size_t bytesMax) {
  std::string key = prefix_ + name;
  co_return co_await client_.get(std::move(key), bytesMax);
}

rt::Task<Result<std::vector<std::string>>> S3CheckpointStore::namesIn(std::string folder) {
  const std::string prefix = prefix_ + folder + (folder.empty() ? "" : "/");
  std::vector<std::string> names;
  std::optional<std::string> token;
  do {  // Bounded by kNamesMax: a page that goes on has another token than the one before.
    auto page = co_await client_.list(prefix, token);
    if (!page) co_return fail(page.error());
    for (const std::string& key : page->keys)
      if (key.starts_with(prefix)) names.push_back(key.substr(prefix.size()));
    for (const std::string& common : page->commonPrefixes) {
      const bool usable =
          common.starts_with(prefix) && common.ends_with('/') && common.size() > prefix.size();
      if (usable) names.push_back(common.substr(prefix.size(), common.size() - prefix.size() - 1));
    }
    const bool stands = page->nextToken && page->nextToken == token;
    if (stands || names.size() > kNamesMax) {
      co_return fail(Code::kLimitExceeded,
                     fmt::format("a list of more than {} names, or one without an end", kNamesMax),
                     "give it a prefix of its own");
    }
    token = std::move(page->nextToken);
  } while (token);
  co_return std::move(names);
}

rt::Task<Result<void>> S3CheckpointStore::erase(std::string name) {
  std::string key = prefix_ + name;
  co_return co_await client_.remove(std::move(key));
}

}  // namespace tidemill::stream
