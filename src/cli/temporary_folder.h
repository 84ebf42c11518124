// cli/temporary_folder.h: a folder of one run alone.
#pragma once

#include <string>
#include <string_view>

#include "tidemill/result.h"

namespace tidemill::cli {

// Removed with all it holds when this object goes, unless keep() was called. One owner; not thread safe.
class TemporaryFolder {
 public:
  // Under TMPDIR or /tmp, named after `purpose`: "tidemill-demo-XXXXXX". kIo if it cannot be made.
  static Result<TemporaryFolder> make(std::string_view purpose);
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  void keep() { kept_ = true; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // Empty after a move.
  bool kept_ = false;
};

}  // namespace tidemill::cli
