#include "cli/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/text.h"

namespace tidemill::cli {

Result<TemporaryFolder> TemporaryFolder::make(std::string_view purpose) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error)
    return fail(Code::kIo, "no folder for temporary files: " + error.message(), "set TMPDIR to a folder");
  std::string path = (parent / ("tidemill-" + std::string(purpose) + "-XXXXXX")).string();
  if (mkdtemp(path.data()) == nullptr) {
    return fail(Code::kIo, "cannot make " + base::quoteIfNeeded(path) + ": " + std::strerror(errno),
                "set TMPDIR to a folder that may be written");
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!kept_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace tidemill::cli
