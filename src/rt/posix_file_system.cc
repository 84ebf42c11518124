#include "rt/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "rt/path.h"

namespace tidemill::rt {
namespace {

// Whoever holds a lock writes a line about itself; this much of it is shown.
constexpr std::size_t kHolderBytesMax = 200;

tl::unexpected<Error> failed(int error, const std::string& what, const std::string& path) {
  return fail(fileError(error, what, path));
}

tl::unexpected<Error> noFile(const std::string& path) {
  return fail(Code::kIo, path + " is no file", "look at what lies there");
}

// Repeats `call` while signals interrupt it.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {  // Ends with the first call that no signal cuts short.
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);  // Linux frees the number whatever close() says: never repeated.
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// `mode` is for a file that this makes.
Descriptor openFile(const std::string& path, int flags, mode_t mode = 0) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

Result<void> writeAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {  // Bounded: each round writes something or fails.
    const ssize_t written = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (written < 0) return failed(errno, "could not append to", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> readAll(int fd, const std::string& path, std::uint64_t bytesMax) {
  std::string content;
  char buffer[64 * 1024];
  for (;;) {  // Bounded by bytesMax.
    const ssize_t got = uninterrupted([&] { return ::read(fd, buffer, sizeof buffer); });
    if (got < 0) return failed(errno, "could not read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > bytesMax) {
      return fail(Code::kIo, path + " is larger than the expected " + std::to_string(bytesMax) + " bytes",
                  "check that this file belongs to tidemill");
    }
  }
}

class PosixFile final : public AppendFile {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    if (dead_) return deadFile();
    const off_t before = ::lseek(fd_.get(), 0, SEEK_END);
    if (before < 0) return failed(errno, "could not append to", path_);
    auto written = writeAll(fd_.get(), bytes, path_);
    // Half a frame at the end would be taken for a torn one, and what follows it for damage: cut it off
    // again.
    if (!written && ::ftruncate(fd_.get(), before) != 0) dead_ = true;
    return written;
  }

  Result<void> sync() override {
    if (dead_) return deadFile();
    if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) == 0) return {};
    dead_ = true;
    return failed(errno, "could not sync", path_);
  }

 private:
  tl::unexpected<Error> deadFile() const {
    return fail(Code::kIo, path_ + ": an earlier write or sync failed, so this file takes no more",
                "look at the disk that holds " + path_ + ", then start again");
  }

  Descriptor fd_;
  const std::string path_;
  bool dead_ = false;
};

// What stands in a lock file, made safe for a message: anybody could have written it.
std::string holderIn(int fd) {
  std::string text(kHolderBytesMax, '\0');
  const ssize_t got = uninterrupted([&] { return ::pread(fd, text.data(), text.size(), 0); });
  if (got <= 0) return "another process";
  text.resize(static_cast<std::size_t>(got));
  return base::quoteIfNeeded(text);
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}  // Closing it frees the lock.

 private:
  Descriptor fd_;
};

bool isDirectory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Error fileError(int error, const std::string& what, const std::string& path) {
  const std::string message = what + " " + path + ": " + std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    return Error(Code::kDiskFull, message,
                 "free space on the disk that holds " + path + ", then start again");
  }
  if (error == EACCES || error == EPERM) {
    return Error(Code::kIo, message, "give this user the right to write to " + path);
  }
  if (error == EROFS) {
    return Error(Code::kIo, message, "remount the file system of " + path + " for writing");
  }
  return Error(Code::kIo, message, "look at the disk that holds " + path);
}

Result<void> PosixFileSystem::makeDirectory(const std::string& path) {
  if (isDirectory(path)) return {};
  const std::string parent = directoryOf(path);
  if (parent != path && !isDirectory(parent)) {
    auto made = makeDirectory(parent);
    if (!made) return made;
  }
  if (::mkdir(path.c_str(), 0755) != 0 && !(errno == EEXIST && isDirectory(path))) {
    return failed(errno, "could not create the folder", path);
  }
  return syncDirectory(parent);
}

Result<std::unique_ptr<AppendFile>> PosixFileSystem::openAppend(const std::string& path) {
  Descriptor fd = openFile(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (!fd.open()) return failed(errno, "could not open", path);
  return std::make_unique<PosixFile>(std::move(fd), path);
}

Result<std::string> PosixFileSystem::read(const std::string& path, std::uint64_t bytesMax) {
  // O_NONBLOCK means nothing for a file; a pipe in its place would be waited for.
  const Descriptor fd = openFile(path, O_RDONLY | O_NONBLOCK);
  if (!fd.open()) return failed(errno, "could not open", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failed(errno, "could not look at", path);
  if (!S_ISREG(status.st_mode)) return noFile(path);
  return readAll(fd.get(), path, bytesMax);
}

Result<std::size_t> PosixFileSystem::readAt(const std::string& path, std::uint64_t offset,
                                            std::span<char> into) {
  const Descriptor fd = openFile(path, O_RDONLY | O_NONBLOCK);  // As in read().
  if (!fd.open()) return failed(errno, "could not open", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failed(errno, "could not look at", path);
  if (!S_ISREG(status.st_mode)) return noFile(path);
  std::size_t filled = 0;
  while (filled < into.size()) {  // Bounded: each round reads something or ends.
    const ssize_t got = uninterrupted([&] {
      return ::pread(fd.get(), into.data() + filled, into.size() - filled,
                     static_cast<off_t>(offset + filled));
    });
    if (got < 0) return failed(errno, "could not read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<std::uint64_t> PosixFileSystem::size(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return failed(errno, "could not look at", path);
  if (!S_ISREG(status.st_mode)) return noFile(path);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> PosixFileSystem::truncate(const std::string& path, std::uint64_t size) {
  const Descriptor fd = openFile(path, O_WRONLY);
  if (!fd.open()) return failed(errno, "could not open", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failed(errno, "could not look at", path);
  if (static_cast<std::uint64_t>(status.st_size) <= size) return {};
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return failed(errno, "could not shorten", path);
  return {};
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failed(errno, "could not look at", path);
}

Result<bool> PosixFileSystem::isFolder(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) return S_ISDIR(status.st_mode);
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;
  return failed(errno, "could not look at", path);
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (directoryOf(from) != directoryOf(to)) {
    return fail(Code::kIo, "could not rename " + from + " to " + to + ": not in the same folder",
                "give both names in one folder: only there a rename replaces a file at once");
  }
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(errno, "could not rename " + from + " to", to);
  return {};
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed(errno, "could not remove", path);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()),
                                                   [](DIR* d) { return ::closedir(d); });
  if (stream == nullptr) return failed(errno, "could not list", directory);
  std::vector<std::string> names;
  for (;;) {  // Bounded by the entries of the folder.
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return failed(errno, "could not list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> PosixFileSystem::syncDirectory(const std::string& directory) {
  const Descriptor fd = openFile(directory, O_RDONLY | O_DIRECTORY);
  if (!fd.open()) return failed(errno, "could not open the folder", directory);
  if (uninterrupted([&] { return ::fsync(fd.get()); }) != 0)
    return failed(errno, "could not sync the folder", directory);
  return {};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path, const std::string& holder) {
  // Its content is replaced: in a folder of others a link could lead to a file of ours.
  Descriptor fd = openFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0644);
  if (!fd.open()) return failed(errno, "could not open the lock", path);
  if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return failed(errno, "could not lock", path);
    return fail(Code::kConflict, path + " is locked by " + holderIn(fd.get()),
                "stop that process first, or use another folder");
  }
  if (::ftruncate(fd.get(), 0) != 0) return failed(errno, "could not write the lock", path);
  auto written = writeAll(fd.get(), "process " + std::to_string(::getpid()) + ", " + holder, path);
  if (!written) return fail(written.error());
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace tidemill::rt
