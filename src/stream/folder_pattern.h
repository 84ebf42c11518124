// stream/folder_pattern.h: what lies in a folder, or in all folders that a pattern names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rt/file_system.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// "/data", or with '*', '?' and "[…]" in some of its parts "/data/*/hour-??"; a backslash takes the meaning
// from the next character. None of them matches a '/', nor a '.' that begins a name. Thread safe.
class FolderPattern {
 public:
  // `files` must outlive this. Slashes at the end of `pattern` say nothing.
  FolderPattern(rt::FileSystem& files, std::string pattern);

  // Names below root() of what lies in the folders. Blocking. kIo: the root, or a folder that is there,
  // cannot be listed, or there are more than `most` names.
  Result<std::vector<std::string>> names(std::size_t most) const;

  std::string pathOf(const std::string& name) const;
  // Nothing: it does not lie below the root.
  std::optional<std::string> nameOf(const std::string& path) const;

  const std::string& pattern() const { return pattern_; }
  // The folder above all that may match; the folder itself where nothing is a pattern.
  const std::string& root() const { return root_; }

 private:
  // Of a folder below the root; "" is the root. What went meanwhile, or is no folder, has none.
  Result<std::vector<std::string>> listed(const std::string& folder) const;

  rt::FileSystem& files_;
  const std::string pattern_;
  std::string root_;
  std::vector<std::string> parts_;  // Below the root.
};

}  // namespace tidemill::stream
