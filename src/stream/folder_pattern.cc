#include "stream/folder_pattern.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <utility>

namespace tidemill::stream {
namespace {

std::string withoutEnd(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool isPattern(const std::string& part) {
  return part.find_first_of("*?[\\") != std::string::npos;
}

std::string below(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

bool matches(const std::string& part, const std::string& name) {
  if (name.starts_with('_') && !part.starts_with('_')) return false;
  return ::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

bool canMatch(const std::string& part) {
  const std::size_t last = part.find_last_not_of('\\');
  const std::size_t backslashes = last == std::string::npos ? part.size() : part.size() - last - 1;
  return part != "." && part != ".." && backslashes % 2 == 0;
}

}  // namespace

FolderPattern::FolderPattern(rt::FileSystem& files, std::string pattern)
    : files_(files), pattern_(withoutEnd(std::move(pattern))) {
  const auto itself = files.isFolder(pattern_);
  if (!itself) throw itself.error().within("the folder or pattern " + pattern_);
  if (*itself) {
    root_ = pattern_;
    return;
  }
  for (std::size_t from = 0; from < pattern_.size();) {
    const std::size_t end = std::min(pattern_.find('/', from), pattern_.size());
    std::string part = pattern_.substr(from, end - from);
    from = end + 1;
    if (parts_.empty() && !isPattern(part)) {
      root_ = end == 0 ? "/" : pattern_.substr(0, end);
    } else if (!canMatch(part)) {
      throw Error(Code::kUsage, fmt::format("the pattern of folders {} can match nothing", pattern_),
                  fmt::format("its part {} is the name of no folder", part));
    } else if (!part.empty()) {
      parts_.push_back(std::move(part));
    }
  }
  if (root_.empty() && !parts_.empty()) root_ = ".";
}

std::string FolderPattern::pathOf(const std::string& name) const {
  return name.empty() ? root_ : below(root_, name);
}

std::optional<std::string> FolderPattern::nameOf(const std::string& path) const {
  const std::string before = below(root_, "");
  if (path.size() <= before.size() || !path.starts_with(before)) return std::nullopt;
  return path.substr(before.size());
}

void FolderPattern::addFolder(std::string name, std::vector<std::string>& folders, FolderNames& found) const {
  const auto folder = files_.isFolder(pathOf(name));
  if (!folder) {
    found.unlisted.emplace(std::move(name), folder.error().message());
  } else if (*folder) {
    folders.push_back(std::move(name));
  }
}

Result<FolderNames> FolderPattern::names(std::size_t most) const {
  FolderNames found;
  std::vector<std::string> folders = {""};
  for (std::size_t level = 0; level <= parts_.size(); ++level) {
    const bool last = level == parts_.size();
    std::vector<std::string> next;
    for (const std::string& folder : folders) {
      auto names = files_.list(pathOf(folder));
      if (!names && folder.empty()) return fail(names.error());
      if (!names) {
        const auto there = files_.isFolder(pathOf(folder));
        if (!there || *there) found.unlisted.emplace(folder, names.error().message());
        continue;
      }
      if (last) ++found.folders;
      for (const std::string& name : *names) {
        if (last) {
          found.names.push_back(below(folder, name));
        } else if (matches(parts_[level], name)) {
          addFolder(below(folder, name), next, found);
        }
      }
      const std::size_t known = next.size() + found.names.size() + found.unlisted.size();
      if (known > most) {
        return fail(Code::kIo, fmt::format("{} names", known),
                    fmt::format("move files away that were read; up to {} are looked through", most));
      }
    }
    folders = std::move(next);
  }
  return found;
}

}  // namespace tidemill::stream
