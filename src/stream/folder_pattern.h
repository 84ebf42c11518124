// stream/folder_pattern.h: what lies in a folder, or in all folders that a pattern names.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rt/file_system.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// Names are paths below the root of the pattern.
struct FolderNames {
  std::vector<std::string> names;
  // Folders that are there and could not be listed, and why: nothing is known of what is below them.
  std::map<std::string, std::string> unlisted;
  // Folders that were listed.
  std::size_t folders = 0;
};

// "/data", or with '*', '?' and "[…]" in some of its parts "/data/*/hour-??"; a backslash takes the meaning
// from the next character. None of them matches a '/', nor a '.' or '_' that begins a name. What is there
// under the pattern's own name is that folder. Links are followed. Thread safe.
class FolderPattern {
 public:
  // `files` must outlive this. Slashes at the end of `pattern` say nothing. Throws Error(kUsage) for what
  // could never match: "." or ".." behind a pattern, a backslash at the end of a part.
  FolderPattern(rt::FileSystem& files, std::string pattern);

  // Blocking. What went meanwhile, or is no folder where one is looked for, has no names. kIo: the root
  // cannot be listed, or there are more than `most` names.
  Result<FolderNames> names(std::size_t most) const;

  std::string pathOf(const std::string& name) const;
  // Nothing: it does not lie below the root.
  std::optional<std::string> nameOf(const std::string& path) const;

  const std::string& pattern() const { return pattern_; }

 private:
  void addFolder(std::string name, std::vector<std::string>& folders, FolderNames& found) const;

  rt::FileSystem& files_;
  const std::string pattern_;
  // The folder above all that may match; the folder itself where nothing is a pattern.
  std::string root_;
  std::vector<std::string> parts_;  // Below the root.
};

}  // namespace tidemill::stream
