#include "stream/folder_pattern.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <span>
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

}  // namespace

FolderPattern::FolderPattern(rt::FileSystem& files, std::string pattern)
    : files_(files), pattern_(withoutEnd(std::move(pattern))) {
  for (std::size_t from = 0; from < pattern_.size();) {
    const std::size_t end = std::min(pattern_.find('/', from), pattern_.size());
    std::string part = pattern_.substr(from, end - from);
    from = end + 1;
    if (!parts_.empty() || isPattern(part)) {
      if (!part.empty()) parts_.push_back(std::move(part));
    } else {
      root_ = end == 0 ? "/" : pattern_.substr(0, end);
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

Result<std::vector<std::string>> FolderPattern::listed(const std::string& folder) const {
  const std::string path = pathOf(folder);
  auto names = files_.list(path);
  if (names || folder.empty()) return names;
  const auto there = files_.exists(path);
  if (there && !*there) return std::vector<std::string>();
  char first = 0;
  if (files_.readAt(path, 0, std::span<char>(&first, 1))) return std::vector<std::string>();
  return names;
}

Result<std::vector<std::string>> FolderPattern::names(std::size_t most) const {
  std::vector<std::string> found = {""};
  for (std::size_t level = 0; level <= parts_.size(); ++level) {
    std::vector<std::string> next;
    for (const std::string& folder : found) {
      auto names = listed(folder);
      if (!names) return names;
      for (const std::string& name : *names) {
        if (level == parts_.size() || ::fnmatch(parts_[level].c_str(), name.c_str(), FNM_PERIOD) == 0)
          next.push_back(below(folder, name));
      }
      if (next.size() > most) {
        return fail(Code::kIo, fmt::format("{}: {} names", pattern_, next.size()),
                    fmt::format("move files away that were read; up to {} are looked through", most));
      }
    }
    found = std::move(next);
  }
  return found;
}

}  // namespace tidemill::stream
