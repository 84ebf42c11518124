#include "stream/folder_looks.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tidemill::stream {
namespace {

constexpr rt::Duration kPatienceMost = std::chrono::seconds(10);

}  // namespace

FolderLooks::FolderLooks(const rt::Env& env, const std::vector<FileInput>& inputs)
    : env_(env), threads_(env.loop, std::max(1, env.replicas.threads() / 2)) {
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
  co_await threads_.acquire(1);
  const rt::Permit thread(threads_);
  auto work = [choices = folder.choices] { return choices->look(); };
  auto found = co_await rt::runOn(env_.replicas, env_.loop, std::move(work));
  folder.found = std::move(found);
}

void FolderLooks::choose(Time time) {
  for (const auto& folder : folders_) chooseOf(*folder, time);
}

void FolderLooks::chooseOf(Folder& folder, Time time) {
  if (!folder.found) {
    folder.choices->chooseNone(time);
    return tellLate(folder);
  }
  const Result<FolderLook> found = *std::exchange(folder.found, std::nullopt);
  if (found) {
    folder.choices->choose(time, *found);
    tellListed(folder);
  } else if (found.error().code() == Code::kUserCodeFailed) {
    folder.choices->refuse(time, found.error());
  } else {
    folder.choices->chooseNone(time);
    tellFailed(folder, found.error());
  }
}

void FolderLooks::tellListed(Folder& folder) {
  folder.late = false;
  const unsigned failures = std::exchange(folder.failures, 0);
  if (failures == 0) return;
  env_.log.info("text_folder_recovered",
                {{"directory", folder.choices->directory()}, {"failures", failures}});
}

// The 1st, 2nd, 4th, 8th … failure in a row: an outage of hours makes a few lines.
void FolderLooks::tellFailed(Folder& folder, const Error& error) {
  if (!std::has_single_bit(++folder.failures)) return;
  env_.log.warning("text_folder_failed",
                   {{"directory", folder.choices->directory()},
                    {"failures", folder.failures},
                    {"reason", error.message()},
                    {"hint", error.hint() + "; batches go on without its files until it can be listed"}});
}

void FolderLooks::tellLate(Folder& folder) {
  if (std::exchange(folder.late, true)) return;
  env_.log.warning("text_folder_slow",
                   {{"directory", folder.choices->directory()},
                    {"reason", "it could not be listed in time: batches go on without its files"},
                    {"hint", "is it a mount that hangs? its files are read as soon as it answers"}});
}

}  // namespace tidemill::stream
