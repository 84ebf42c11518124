#include "stream/checkpoint/file_checkpoint_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "rt/worker_pool.h"

namespace tidemill::stream {
namespace {

constexpr char kLockName[] = "/.lock";
// Of a file that is half written: the rename to the name behind it ends that.
constexpr char kUnfinished[] = ".new-";

}  // namespace

// The blocking half. Lives on the store thread.
class FileCheckpointStore::Folder {
 public:
  Folder(const rt::Env& env, std::string url, std::string directory)
      : files_(env.files), faults_(env.faults), url_(std::move(url)), directory_(std::move(directory)) {}

  Result<void> open(const std::string& holder) {
    if (lock_ != nullptr) return {};
    auto made = files_.makeDirectory(directory_);
    if (!made) return fail(made.error().within(url_));
    std::string lockName = kLockName;
    if (faults_.planted("lock-per-process")) lockName += "-" + holder;
    auto lock = files_.lock(directory_ + lockName, holder);
    if (!lock && lock.error().code() == Code::kConflict) {
      return fail(Code::kFenced,
                  fmt::format("checkpoint directory {} is in use: {}", url_, lock.error().message()),
                  "stop the other process, or give this one a checkpoint directory of its own");
    }
    if (!lock) return fail(lock.error().within(url_));
    lock_ = std::move(*lock);
    return {};
  }

  Result<void> putIfAbsent(const std::string& name, const std::string& bytes) {
    TIDEMILL_CHECK(lock_ != nullptr, "only the holder of the lock writes");
    const auto slash = name.rfind('/');
    std::string folder = directory_;
    if (slash != std::string::npos) folder += "/" + name.substr(0, slash);
    const std::string path = directory_ + "/" + name;
    const std::string aside =
        folder + "/" + kUnfinished + name.substr(slash == std::string::npos ? 0 : slash + 1);
    auto made = files_.makeDirectory(folder);
    if (!made) return fail(made.error().within(url_));
    auto there = files_.exists(path);
    if (!there) return fail(there.error().within(url_));
    if (*there) {
      // It may be what an earlier call could not finish, which counts from now on.
      auto synced = files_.syncDirectory(folder);
      if (!synced) return fail(synced.error().within(url_));
      return fail(Code::kConflict, url_ + ": " + name + " exists");
    }
    auto written = write(aside, bytes);
    if (written) written = files_.rename(aside, path);
    if (written) written = files_.syncDirectory(folder);
    if (!written) return fail(written.error().within(url_));
    return {};
  }

  Result<std::string> get(const std::string& name) {
    const std::string path = directory_ + "/" + name;
    auto there = files_.exists(path);
    if (!there) return fail(there.error().within(url_));
    if (!*there) return fail(Code::kNotFound, url_ + ": there is no " + name);
    auto bytes = files_.read(path, kCheckpointValueBytesMax);
    if (!bytes) return fail(bytes.error().within(url_));
    return bytes;
  }

  Result<std::vector<std::string>> list(const std::string& folder) {
    const std::string path = folder.empty() ? directory_ : directory_ + "/" + folder;
    auto there = files_.exists(path);
    if (!there) return fail(there.error().within(url_));
    if (!*there) return std::vector<std::string>();
    auto names = files_.list(path);
    if (!names) return fail(names.error().within(url_));
    std::erase_if(*names, [](const std::string& name) { return name.starts_with('.'); });
    return names;
  }

  // Whether the removal survives a power cut does not matter: it is done again.
  Result<void> remove(const std::string& name) {
    const std::string path = directory_ + "/" + name;
    auto there = files_.exists(path);
    if (!there) return fail(there.error().within(url_));
    if (!*there) return {};
    auto removed = files_.remove(path);
    if (!removed) return fail(removed.error().within(url_));
    return {};
  }

 private:
  Result<void> write(const std::string& path, const std::string& bytes) {
    auto there = files_.exists(path);
    if (!there) return fail(there.error());
    if (*there) {
      auto removed = files_.remove(path);
      if (!removed) return fail(removed.error());
    }
    auto file = files_.openAppend(path);
    if (!file) return fail(file.error());
    auto written = (*file)->append(bytes);
    if (written) written = (*file)->sync();
    return written;
  }

  rt::FileSystem& files_;
  const rt::Faults& faults_;
  const std::string url_;
  const std::string directory_;
  std::unique_ptr<rt::FileLock> lock_;
};

FileCheckpointStore::FileCheckpointStore(const rt::Env& env, std::string url, std::string directory)
    : env_(env), url_(std::move(url)), folder_(std::make_shared<Folder>(env, url_, std::move(directory))) {}

FileCheckpointStore::~FileCheckpointStore() = default;

rt::Task<Result<void>> FileCheckpointStore::open(std::string holder) {
  auto work = [folder = folder_, holder = std::move(holder)] { return folder->open(holder); };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(work));
}

rt::Task<Result<void>> FileCheckpointStore::putIfAbsent(std::string name, std::string bytes) {
  TIDEMILL_CHECK(isCheckpointName(name), "a name of a checkpoint store");
  auto work = [folder = folder_, name = std::move(name), bytes = std::move(bytes)] {
    return folder->putIfAbsent(name, bytes);
  };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(work));
}

rt::Task<Result<std::string>> FileCheckpointStore::get(std::string name) {
  auto work = [folder = folder_, name = std::move(name)] { return folder->get(name); };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(work));
}

rt::Task<Result<std::vector<std::string>>> FileCheckpointStore::list(std::string folder) {
  auto work = [files = folder_, folder = std::move(folder)] { return files->list(folder); };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(work));
}

rt::Task<Result<void>> FileCheckpointStore::remove(std::string name) {
  auto work = [folder = folder_, name = std::move(name)] { return folder->remove(name); };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(work));
}

}  // namespace tidemill::stream
