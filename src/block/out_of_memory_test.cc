// Memory that runs out at the n-th allocation, for every n: the process ends, and the store comes back.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "block/disk_blocks.h"
#include "block/test_blocks.h"
#include "rt/faults.h"
#include "rt/posix_file_system.h"

namespace {

// Allocations until the one that fails; negative: none does. Of one thread: the child has no other.
long allocationsLeft = -1;

void* allocate(std::size_t size) {
  if (allocationsLeft == 0) throw std::bad_alloc();
  if (allocationsLeft > 0) --allocationsLeft;
  void* bytes = std::malloc(size == 0 ? 1 : size);
  if (bytes == nullptr) throw std::bad_alloc();
  return bytes;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* bytes) noexcept {
  std::free(bytes);
}
void operator delete[](void* bytes) noexcept {
  std::free(bytes);
}
void operator delete(void* bytes, std::size_t) noexcept {
  std::free(bytes);
}
void operator delete[](void* bytes, std::size_t) noexcept {
  std::free(bytes);
}

namespace tidemill::block {
namespace {

DiskBlocksOptions tinyFiles() {
  return {.holder = "child", .salt = 5, .segmentBytes = 500, .indexBytes = 300};
}

constexpr int kPuts = 4;

std::shared_ptr<const Block> blockOf(int i) {
  return testBlock("b" + std::to_string(i), 10 * i);
}

// What the child does; writes a byte to `acks` for each block that counts as stored. Failures of calls end it
// with a code of their own: memory that is out must not come as one of them.
void childScript(const std::string& directory, int acks) noexcept {
  rt::PosixFileSystem files;
  rt::NoFaults faults;
  auto store = DiskBlocks::open(files, faults, directory, tinyFiles());
  if (!store) ::_exit(3);
  for (int i = 0; i < kPuts; ++i) {
    const std::vector<std::shared_ptr<const Block>> blocks = {blockOf(i)};
    if (!(*store)->put(blocks, i == 2 ? BlockEncoding::kLz4 : BlockEncoding::kNone)) ::_exit(4);
    if (::write(acks, "x", 1) != 1) ::_exit(5);
    if (!(*store)->load(*(*store)->location("b" + std::to_string(i)))) ::_exit(6);
  }
  const std::vector<std::string> gone = {"never"};
  if (!(*store)->release(gone)) ::_exit(7);
}

// The exit status of a child that has so many allocations, and how many blocks counted as stored.
int runChild(const std::string& directory, long allocations, int& stored) {
  int pipe[2];
  if (::pipe(pipe) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit noCore{0, 0};
    ::setrlimit(RLIMIT_CORE, &noCore);
    static_cast<void>(std::freopen("/dev/null", "w", stderr));
    allocationsLeft = allocations;
    childScript(directory, pipe[1]);
    ::_exit(0);
  }
  ::close(pipe[1]);
  char byte = 0;
  stored = 0;
  while (::read(pipe[0], &byte, 1) == 1) ++stored;
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(OutOfMemory, EndsTheProcessAndTheStoreComesBack) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-oom-XXXXXX").string();
  const std::string root = ::mkdtemp(pattern.data());
  rt::PosixFileSystem files;
  rt::NoFaults faults;
  bool finished = false;
  long allocations = 0;
  for (; !finished && allocations < 20'000 && !HasFailure(); ++allocations) {
    const std::string directory = root + "/" + std::to_string(allocations);
    int stored = 0;
    const int status = runChild(directory, allocations, stored);
    finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    ASSERT_TRUE(finished || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
        << "status " << status << " after " << allocations << " allocations";

    const auto store = DiskBlocks::open(files, faults, directory, tinyFiles());
    ASSERT_TRUE(store) << store.error().message();
    for (int i = 0; i < stored; ++i) {
      const auto where = (*store)->location("b" + std::to_string(i));
      ASSERT_TRUE(where) << i << " after " << allocations << " allocations";
      const auto block = (*store)->load(*where);
      ASSERT_TRUE(block) << block.error().message();
      EXPECT_EQ(textOf(**block), textOf(*blockOf(i)));
    }
    std::filesystem::remove_all(directory);
  }
  EXPECT_TRUE(finished);
  EXPECT_GT(allocations, 100);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tidemill::block
