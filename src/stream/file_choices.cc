#include "stream/file_choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "rt/path.h"
#include "stream/task_retry.h"

namespace tidemill::stream {

FileChoices::FileChoices(rt::FileSystem& files, base::LogSink& log, std::string directory, Filter filter,
                         bool newFilesOnly)
    : files_(files), log_(log), folders_(files, std::move(directory)), filter_(std::move(filter)) {
  auto there = names();
  if (!there) throw there.error();
  if (there->folders == 0 && there->unlisted.empty()) {
    log_.warning("text_folder_missing", {{"directory", this->directory()},
                                         {"hint", "no folder matches: one that comes later is read"}});
  }
  if (newFilesOnly && !there->unlisted.empty()) {
    const auto& [name, reason] = *there->unlisted.begin();
    throw Error(Code::kIo,
                fmt::format("text files of {}: the folder {} cannot be listed: {}", this->directory(),
                            folders_.pathOf(name), reason),
                "which of its files are new is known from a list of them only");
  }
  if (newFilesOnly) setSeen({there->names.begin(), there->names.end()});
}

// A folder that cannot be listed keeps nobody from the files of the others.
Result<FolderNames> FileChoices::names() {
  auto names = folders_.names(kNamesMost);
  if (!names) return fail(names.error().within("text files of " + directory()));
  state_.with([&](State& state) {
    std::erase_if(state.unlisted, [&](const std::string& name) { return !names->unlisted.contains(name); });
    for (const auto& [name, reason] : names->unlisted) {
      if (state.unlisted.insert(name).second)
        log_.warning("text_folder_failed", {{"directory", folders_.pathOf(name)}, {"reason", reason}});
    }
  });
  return names;
}

// The filter is the user's, and no thread here bears an exception.
Result<bool> FileChoices::wanted(const std::string& path) const {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.starts_with('.') || name.starts_with('_') || name.ends_with("._COPYING_")) return false;
  try {
    return !filter_ || filter_(name);
  } catch (...) {
    return fail(Code::kUserCodeFailed,
                fmt::format("text files of {}: the filter of names threw for {}: {}", directory(), name,
                            describeCurrentException()),
                "mend the filter; the file is looked for again");
  }
}

Result<FolderLook> FileChoices::look() {
  FolderLook look;
  look.choices = state_.with([](const State& state) { return state.choices; });
  auto there = names();
  if (!there) return fail(there.error());
  look.names = std::move(there->names);
  for (const auto& [name, reason] : there->unlisted) look.unlisted.push_back(name);
  std::sort(look.names.begin(), look.names.end());
  std::vector<std::string> unseen;
  state_.with([&](const State& state) {
    std::set_difference(look.names.begin(), look.names.end(), state.seen.begin(), state.seen.end(),
                        std::back_inserter(unseen));
  });
  std::map<std::string, std::string> unreadable;
  for (const std::string& name : unseen) {
    // A file that is renamed when it is whole is new under its last name.
    const auto isWanted = wanted(name);
    if (!isWanted) return fail(isWanted.error());
    if (!*isWanted) continue;
    if (look.fresh.size() == kFilesMost) break;
    char first = 0;
    const auto read = files_.readAt(folders_.pathOf(name), 0, std::span<char>(&first, 1));
    if (read) {
      look.fresh.push_back(name);
    } else {
      unreadable.emplace(name, read.error().message());
    }
  }
  state_.with([&](State& state) {
    std::erase_if(state.complainedOf, [&](const std::string& name) { return !unreadable.contains(name); });
    for (const auto& [name, reason] : unreadable) {
      if (state.complainedOf.insert(name).second)
        log_.warning("text_file_skipped", {{"path", folders_.pathOf(name)}, {"reason", reason}});
    }
  });
  return look;
}

std::vector<std::string> FileChoices::choose(Time time, const FolderLook& look) {
  return state_.with([&](State& state) {
    const auto [place, added] = state.chosen.try_emplace(time);
    if (!added) return place->second;
    // A choice since the look began may be of a file that it did not meet yet.
    if (look.choices == state.choices) {
      std::erase_if(state.seen, [&](const std::string& name) {
        return !std::binary_search(look.names.begin(), look.names.end(), name) &&
               std::none_of(look.unlisted.begin(), look.unlisted.end(),
                            [&](const std::string& folder) { return name.starts_with(folder + "/"); });
      });
    }
    for (const auto& [refused, error] : state.refused) state.chosen.try_emplace(refused);
    state.refused.clear();
    ++state.choices;
    for (const std::string& name : look.fresh)
      if (state.seen.insert(name).second) place->second.push_back(folders_.pathOf(name));
    return place->second;
  });
}

void FileChoices::chooseNone(Time time) {
  state_.with([&](State& state) { state.chosen.try_emplace(time); });
}

void FileChoices::refuse(Time time, Error error) {
  state_.with([&](State& state) { state.refused.try_emplace(time, std::move(error)); });
}

std::optional<Error> FileChoices::refusalOf(Time time) const {
  return state_.with([&](const State& state) -> std::optional<Error> {
    const auto found = state.refused.find(time);
    if (found == state.refused.end()) return std::nullopt;
    return found->second;
  });
}

void FileChoices::restore(Time time, const std::vector<std::string>& paths) {
  state_.with([&](State& state) {
    state.chosen[time] = paths;
    for (const std::string& path : paths)
      if (const auto name = folders_.nameOf(path)) state.seen.insert(*name);
  });
}

std::optional<std::vector<std::string>> FileChoices::of(Time time) const {
  return state_.with([&](const State& state) -> std::optional<std::vector<std::string>> {
    const auto found = state.chosen.find(time);
    if (found == state.chosen.end()) return std::nullopt;
    return found->second;
  });
}

Result<std::vector<std::string>> FileChoices::stillThere(std::vector<std::string> paths, bool needed) {
  std::vector<std::string> kept;
  std::set<std::string> emptied;  // Folders that miss a file.
  for (std::string& path : paths) {
    const auto there = files_.exists(path);
    if (!there) return fail(there.error());
    if (*there) {
      kept.push_back(std::move(path));
    } else {
      log_.warning("text_file_gone", {{"path", path}, {"hint", "keep files until their batch is done"}});
      if (needed && folders_.nameOf(path)) emptied.insert(rt::directoryOf(path));
    }
  }
  for (const std::string& path : emptied) {
    const auto folder = files_.isFolder(path);
    if (!folder) return fail(folder.error());
    if (*folder) continue;
    return fail(Code::kIo, fmt::format("text files of {}: the folder {} is gone", directory(), path),
                "is it a mount? if its files are not wanted any more, make it again, empty");
  }
  return kept;
}

void FileChoices::forgetUpTo(Time time) {
  state_.with([&](State& state) {
    state.chosen.erase(state.chosen.begin(), state.chosen.upper_bound(time));
    state.refused.erase(state.refused.begin(), state.refused.upper_bound(time));
  });
}

std::set<std::string> FileChoices::seenAt(Time time) const {
  return state_.with([&](const State& state) {
    std::set<std::string> seen = state.seen;
    for (auto later = state.chosen.upper_bound(time); later != state.chosen.end(); ++later) {
      for (const std::string& path : later->second)
        if (const auto name = folders_.nameOf(path)) seen.erase(*name);
    }
    return seen;
  });
}

void FileChoices::setSeen(std::set<std::string> seen) {
  state_.with([&](State& state) { state.seen = std::move(seen); });
}

}  // namespace tidemill::stream
