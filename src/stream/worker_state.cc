#include "stream/worker_state.h"

#include <utility>

namespace tidemill::stream {
namespace {

constexpr std::uint64_t kNoteBytesMax = 4096;

Result<void> note(rt::FileSystem& files, const std::string& directory, const std::string& path,
                  const std::string& text) {
  const std::string aside = path + ".new";
  auto there = files.exists(aside);
  if (!there) return fail(there.error());
  if (*there) {
    auto removed = files.remove(aside);
    if (!removed) return fail(removed.error());
  }
  auto file = files.openAppend(aside);
  if (!file) return fail(file.error());
  auto written = (*file)->append(text);
  if (written) written = (*file)->sync();
  if (!written) return fail(written.error());
  auto renamed = files.rename(aside, path);
  if (!renamed) return fail(renamed.error());
  return files.syncDirectory(directory);
}

}  // namespace

Result<LockedState> lockWorkerState(rt::FileSystem& files, const std::string& directory,
                                    const std::string& worker, const std::string& incarnation) {
  auto made = files.makeDirectory(directory);
  if (!made) return fail(made.error());
  auto lock = files.lock(directory + "/worker.lock", "worker " + worker);
  if (!lock) return fail(lock.error());
  LockedState state{std::move(*lock), {}};
  const std::string path = directory + "/worker.incarnation";
  auto there = files.exists(path);
  if (!there) return fail(there.error());
  if (*there) {
    // A note that cannot be read is one that is missing: the leases are watched before they are taken.
    auto previous = files.read(path, kNoteBytesMax);
    if (previous && previous->starts_with(worker + "/")) state.previousIncarnation = std::move(*previous);
  }
  auto noted = note(files, directory, path, incarnation);
  if (!noted) return fail(noted.error());
  return state;
}

}  // namespace tidemill::stream
