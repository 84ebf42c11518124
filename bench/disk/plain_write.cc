#include "plain_write.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/check.h"
#include "cli/child_process.h"

namespace tidemill::bench {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {  // Bounded: each round writes something or fails.
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    TIDEMILL_CHECK(written > 0, "the disk takes the bytes");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

double writeEachSynced(const std::string& path, const MadeBlocks& made) {
  const auto start = Clock::now();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  TIDEMILL_CHECK(fd >= 0, "a file can be made");
  for (std::size_t i = 0; i < made.blocks.size(); ++i) {
    writeAll(fd, made.payloadOf(i));
    TIDEMILL_CHECK(::fsync(fd) == 0, "the disk syncs");
  }
  ::close(fd);
  return secondsSince(start);
}

double ddSyncedAtEnd(const std::string& path, const std::string& source, std::size_t blockBytes) {
  const auto start = Clock::now();
  auto dd = cli::ChildProcess::start({"/bin/dd", "if=" + source, "of=" + path,
                                      "bs=" + std::to_string(blockBytes), "conv=fsync", "status=none"});
  TIDEMILL_CHECK(dd && dd->wait() == 0, "dd writes the file");
  return secondsSince(start);
}

void writeSource(const std::string& path, const MadeBlocks& made) {
  std::ofstream(path, std::ios::binary) << made.payload;
}

}  // namespace tidemill::bench
