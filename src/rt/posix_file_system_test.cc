#include "rt/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

namespace tidemill::rt {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(root_); }
  std::string at(const std::string& name) const { return root_ + "/" + name; }

  PosixFileSystem files_;
  std::string root_;
};

TEST_F(PosixFileSystemTest, AFullDiskSaysSoWithPathAndHint) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "this system has no /dev/full";
  auto file = files_.openAppend("/dev/full");
  ASSERT_TRUE(file);
  const auto written = (*file)->append("x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kDiskFull);
  EXPECT_NE(written.error().message().find("/dev/full"), std::string::npos);
  EXPECT_NE(written.error().hint().find("free space"), std::string::npos);
}

TEST(FileError, SaysWhatFailedAndWhatToDo) {
  struct Case {
    int error;
    Code code;
    std::string hint;
  };
  const std::vector<Case> cases = {
      {EROFS, Code::kIo, "remount the file system of /a/b for writing"},
      {ENOSPC, Code::kDiskFull, "free space on the disk that holds /a/b, then start again"},
      {EDQUOT, Code::kDiskFull, "free space on the disk that holds /a/b, then start again"},
      {EACCES, Code::kIo, "give this user the right to write to /a/b"},
      {EPERM, Code::kIo, "give this user the right to write to /a/b"},
      {EIO, Code::kIo, "look at the disk that holds /a/b"},
  };
  for (const Case& one : cases) {
    const Error error = fileError(one.error, "could not open", "/a/b");
    EXPECT_EQ(error.code(), one.code);
    EXPECT_EQ(error.message(), "could not open /a/b: " + std::generic_category().message(one.error));
    EXPECT_EQ(error.hint(), one.hint);
  }
}

TEST_F(PosixFileSystemTest, WhatIsAppendedToIsForItsOwnerAlone) {
  ASSERT_TRUE(files_.openAppend(at("letters")));
  struct stat status{};
  ASSERT_EQ(::stat(at("letters").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, mode_t{0600});
}

TEST_F(PosixFileSystemTest, AnAppendThatFailsHalfWayLeavesNothingBehind) {
  // A file size limit gives a short write and then an error, as a disk that runs full does.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto file = files_.openAppend(at("log"));
    if (!file || !(*file)->append("12345678")) ::_exit(1);
    if ((*file)->append("abcdefgh")) ::_exit(2);
    const auto content = files_.read(at("log"), 100);
    if (!content || *content != "12345678") ::_exit(3);
    ::_exit((*file)->append("90") ? 0 : 4);  // What fits still goes in.
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PosixFileSystemTest, AFileIsDeadAfterAFailedSync) {
  // Pipes cannot be synced.
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  const int reader = ::open(at("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto file = files_.openAppend(at("pipe"));
  ASSERT_TRUE(file);
  const auto synced = (*file)->sync();
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().code(), Code::kIo);
  const auto later = (*file)->append("x");
  ASSERT_FALSE(later);
  EXPECT_NE(later.error().message().find("earlier"), std::string::npos);
  EXPECT_FALSE((*file)->sync());
  ::close(reader);
}

TEST_F(PosixFileSystemTest, TheKernelFreesTheLockOfAKilledProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = files_.lock(at("lock"), "worker me");
    const char answer = lock ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &answer, 1));
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto refused = files_.lock(at("lock"), "you");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("process " + std::to_string(child) + ", worker me"),
            std::string::npos);

  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(files_.lock(at("lock"), "me"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixFileSystemTest, WhatStandsInALockFileIsCutAndEscaped) {
  const auto lock = files_.lock(at("lock"), "\x1b[2J\nerror[Fine]: " + std::string(5000, 'x'));
  ASSERT_TRUE(lock);
  const auto refused = files_.lock(at("lock"), "you");
  ASSERT_FALSE(refused);
  const std::string& message = refused.error().message();
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST_F(PosixFileSystemTest, ALinkInThePlaceOfALockIsNotFollowed) {
  ASSERT_TRUE((*files_.openAppend(at("precious")))->append("data"));
  ASSERT_EQ(::symlink(at("precious").c_str(), at("lock").c_str()), 0);
  const auto refused = files_.lock(at("lock"), "me");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kIo);
  EXPECT_EQ(*files_.read(at("precious"), 100), "data");
}

TEST_F(PosixFileSystemTest, APipeOrADeviceInThePlaceOfAFileIsNotRead) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  for (const std::string& path : {at("pipe"), std::string("/dev/zero")}) {
    const auto read = files_.read(path, 1 << 20);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), Code::kIo);
    EXPECT_NE(read.error().message().find(path + " is no file"), std::string::npos);
    char byte = 0;
    const auto at = files_.readAt(path, 0, std::span(&byte, 1));
    ASSERT_FALSE(at);
    EXPECT_EQ(at.error().message(), read.error().message());
  }
}

TEST_F(PosixFileSystemTest, RefusesAPathThatIsNoFolder) {
  ASSERT_TRUE(files_.openAppend(at("file")));
  const auto made = files_.makeDirectory(at("file/sub"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kIo);
  EXPECT_NE(made.error().message().find("file"), std::string::npos);
}

}  // namespace
}  // namespace tidemill::rt
