#include "stream/folder_looks.h"

#include <algorithm>
#include <utility>

namespace tidemill::stream {
namespace {

constexpr rt::Duration kPatienceMost = std::chrono::seconds(10);

}  // namespace

FolderLooks::FolderLooks(const rt::Env& env, const std::vector<FileInput>& inputs) : env_(env) {
  for (const FileInput& input : inputs) {
    auto folder = std::make_unique<Folder>();
    folder->choices = input.choices;
    folder->task = std::make_unique<rt::TaskGroup>(env.loop);
    folders_.push_back(std::move(folder));
  }
}

rt::Task<void> FolderLooks::look(Duration batchInterval) {
  const rt::Duration patience = std::min<rt::Duration>(batchInterval, kPatienceMost);
  const rt::TimePoint deadline = rt::laterBy(env_.loop.now(), patience);
  for (const auto& folder : folders_) {
    if (!folder->found && folder->task->running() == 0) folder->task->spawn(lookInto(*folder));
  }
  for (const auto& folder : folders_) {
    if (folder->late) continue;
    const rt::Duration left = std::max(rt::Duration(0), deadline - env_.loop.now());
    co_await folder->task->join(left);
  }
}

rt::Task<void> FolderLooks::lookInto(Folder& folder) {
  auto work = [choices = folder.choices] { return choices->look(); };
  auto found = co_await rt::runOn(env_.replicas, env_.loop, std::move(work));
  folder.found = std::move(found);
}

void FolderLooks::choose(Time time) {
  for (const auto& folder : folders_) {
    if (!folder->found) {
      folder->choices->chooseNone(time);
      tellLate(*folder);
      continue;
    }
    if (*folder->found) {
      folder->choices->choose(time, **folder->found);
    } else if (folder->late) {  // The job would hang where this look did.
      folder->choices->chooseNone(time);
      env_.log.warning("text_folder_failed", {{"directory", folder->choices->directory()},
                                              {"reason", folder->found->error().message()}});
    }
    folder->found.reset();
    folder->late = false;
  }
}

void FolderLooks::tellLate(Folder& folder) {
  if (std::exchange(folder.late, true)) return;
  env_.log.warning("text_folder_slow",
                   {{"directory", folder.choices->directory()},
                    {"reason", "it could not be listed in time: batches go on without its files"},
                    {"hint", "is it a mount that hangs? its files are read as soon as it answers"}});
}

}  // namespace tidemill::stream
