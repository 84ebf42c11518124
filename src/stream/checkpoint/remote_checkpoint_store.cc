#include "stream/checkpoint/remote_checkpoint_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidemill::stream {
namespace {

constexpr std::string_view kOverride = "tidemill.checkpoint.unsafeSingleWriter";
constexpr std::size_t kProbeBytesMax = 64;

}  // namespace

RemoteCheckpointStore::RemoteCheckpointStore(const rt::Env& env, std::string url, RemoteStoreOptions options)
    : env_(env), url_(std::move(url)), options_(std::move(options)) {}

tl::unexpected<Error> RemoteCheckpointStore::about(std::string_view name, const Error& error) const {
  const std::string_view slash = name.empty() || url_.ends_with('/') ? "" : "/";
  return fail(error.within(fmt::format("{} {}{}{}", options_.purpose, url_, slash, name)));
}

rt::Task<Result<void>> RemoteCheckpointStore::open(std::string) {
  auto prepared = co_await prepare();
  if (!prepared) co_return about({}, prepared.error());
  if (!options_.proves) co_return Result<void>();
  co_return co_await prove();
}

rt::Task<Result<void>> RemoteCheckpointStore::prove() {
  // A name of its own: others may prove the same at this moment.
  const std::string probe = ".probe-" + env_.random.uuid();
  const std::string first = "the first write";
  const std::string second = "the second write must be refused";
  auto written = co_await write(probe, first);
  if (!written) co_return about(probe, written.error());
  const bool refusedFirst = !*written;
  auto again = co_await write(probe, second);
  if (!again) co_return about(probe, again.error());
  auto kept = co_await read(probe, kProbeBytesMax);
  if (!kept) co_return about(probe, kept.error());
  auto erased = co_await erase(probe);
  if (!erased) co_return about(probe, erased.error());
  std::string_view problem;
  if (*kept && **kept == second)
    problem = "it overwrites what it was asked to keep (If-None-Match is ignored)";
  if (problem.empty() && *again) problem = "it claims to have written what was there already";
  if (problem.empty() && refusedFirst) problem = "it refuses to write what was not there";
  if (problem.empty() && (!*kept || **kept != first)) problem = "it does not give back what was written";
  if (problem.empty()) co_return Result<void>();
  if (options_.unsafeSingleWriter) {
    env_.log.warning("checkpoint_store_unsafe",
                     {{"url", url_}, {"problem", problem}, {"allowed_by", kOverride}});
    co_return Result<void>();
  }
  co_return fail(
      Code::kUnsafeStore, fmt::format("{} {}: this store is not safe: {}", options_.purpose, url_, problem),
      fmt::format("use AWS S3 or another store with conditional writes, HDFS, or a folder; where certainly "
                  "never two processes write at a time, {}=true takes the risk",
                  kOverride));
}

rt::Task<Result<void>> RemoteCheckpointStore::putIfAbsent(std::string name, std::string bytes) {
  TIDEMILL_CHECK(isCheckpointName(name), "a name of a checkpoint store");
  auto written = co_await write(name, std::move(bytes));
  if (!written) co_return about(name, written.error());
  if (*written) co_return Result<void>();
  const Error there(Code::kConflict, "there is such a name already");
  co_return about(name, there);
}

rt::Task<Result<std::string>> RemoteCheckpointStore::get(std::string name) {
  auto found = co_await read(name, kCheckpointValueBytesMax);
  if (!found && found.error().code() == Code::kResponseTooLarge) {
    const Error large(Code::kIo, fmt::format("larger than {} bytes", kCheckpointValueBytesMax),
                      "this is no value of a " + options_.purpose);
    co_return about(name, large);
  }
  if (!found) co_return about(name, found.error());
  if (*found) co_return std::move(**found);
  const Error missing(Code::kNotFound, "there is no such name");
  co_return about(name, missing);
}

rt::Task<Result<std::vector<std::string>>> RemoteCheckpointStore::list(std::string folder) {
  auto names = co_await namesIn(folder);
  if (!names) co_return about(folder, names.error());
  std::erase_if(*names, [](const std::string& name) { return name.empty() || name.starts_with('.'); });
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
  co_return std::move(*names);
}

rt::Task<Result<void>> RemoteCheckpointStore::remove(std::string name) {
  auto erased = co_await erase(name);
  if (!erased) co_return about(name, erased.error());
  co_return Result<void>();
}

}  // namespace tidemill::stream
