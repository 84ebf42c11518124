// Memory that runs out at the n-th allocation of the block store, for every n: on the control lane and on the
// threads of the store and of the replicas. The process ends, and the store comes back.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <thread>

#include "block/directory_files.h"
#include "block/test_blocks.h"
#include "block/tiered_block_store.h"
#include "http/production_env.h"

namespace {

// The thread of the script is no part of the store: what it allocates is neither counted nor refused.
std::thread::id scriptThread;
// Allocations until the one that fails, which is the only one: what goes on after it has lost the failure.
std::atomic<long> allocationsLeft{-1};
std::atomic<bool> failed{false};

void* allocate(std::size_t size) {
  if (allocationsLeft.load() >= 0 && std::this_thread::get_id() != scriptThread &&
      allocationsLeft.fetch_sub(1) == 0) {
    failed = true;
    throw std::bad_alloc();
  }
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

// A process ends here, not the machine: what it has written stays, synced or not.
extern "C" int fsync(int /*fd*/) {
  return 0;
}
extern "C" int fdatasync(int /*fd*/) {
  return 0;
}

namespace tidemill::stream {
namespace {

using namespace block;

constexpr std::array kLevels = {StorageLevel::DISK_ONLY, StorageLevel::DISK_ONLY_2,
                                StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_AND_DISK_SER_2,
                                StorageLevel::MEMORY_AND_DISK};

std::shared_ptr<const Block> blockOf(std::size_t i) {
  return testBlock("b" + std::to_string(i), static_cast<int>(10 * i + 1), 4, 50);
}

// How a child ends that is not ended by a signal. All but kDone are failures of the test.
enum Exit : int { kDone, kNotOpened, kNotStored, kNotReleased, kNotTold, kLostFailure };

// Writes the number of each block that counts as stored on disk to `acks`. Exits in place: cleaning up would
// hide a lost failure behind another end.
void childScript(const std::string& root, long allocations, int acks) {
  base::StderrLog log(base::Severity::kError);
  http::ProductionEnv production(log);
  const rt::Env& env = production.env();
  const DiskBlocksOptions files{.holder = "child", .salt = 5, .segmentBytes = 900, .indexBytes = 500};
  const auto folder = [&](const std::string& name) {
    return std::make_shared<DirectoryFiles>(env.files, env.faults, log, root + "/" + name, files);
  };
  TieredOptions options;
  options.memoryBytes = 700;  // Blocks in memory move to the disk.
  std::unique_ptr<TieredBlockStore> store;
  production.onControlLane([&] {
    store = std::make_unique<TieredBlockStore>(
        env, options, TieredFiles{folder("local"), {{"dir:replica", folder("replica")}}});
  });

  allocationsLeft = allocations;
  if (!production.block(store->open())) ::_exit(kNotOpened);
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    const auto placed = production.block(store->put(blockOf(i), kLevels[i]));
    if (!placed || !placed->reaches(kLevels[i])) ::_exit(kNotStored);
    const char number = static_cast<char>(i);
    if (placed->disk && ::write(acks, &number, 1) != 1) ::_exit(kNotTold);
  }
  if (!production.block(store->put(testBlock("gone", 90), StorageLevel::DISK_ONLY))) ::_exit(kNotStored);
  production.onControlLane([&] { store->release("gone"); });
  if (!production.block(store->drain(std::chrono::minutes(1)))) ::_exit(kNotReleased);
  allocationsLeft = -1;
  production.onControlLane([&] { store.reset(); });
  ::_exit(failed ? kLostFailure : kDone);
}

// The exit status of a child, and the numbers of the blocks that counted as stored on disk.
int runChild(const std::string& root, long allocations, std::vector<std::size_t>& stored) {
  int pipe[2];
  if (::pipe(pipe) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit noCore{0, 0};
    ::setrlimit(RLIMIT_CORE, &noCore);
    static_cast<void>(std::freopen("/dev/null", "w", stderr));
    ::alarm(60);  // A failure that was lost may leave someone waiting.
    scriptThread = std::this_thread::get_id();
    childScript(root, allocations, pipe[1]);
  }
  ::close(pipe[1]);
  char number = 0;
  while (::read(pipe[0], &number, 1) == 1) stored.push_back(static_cast<std::size_t>(number));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(StoreMemory, WithoutItTheProcessEndsAndTheStoreComesBack) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-memory-XXXXXX").string();
  const std::string root = ::mkdtemp(pattern.data());
  rt::PosixFileSystem files;
  rt::NoFaults faults;
  bool finished = false;
  long allocations = 0;
  for (; !finished && allocations < 20'000 && !HasFailure(); ++allocations) {
    SCOPED_TRACE(std::to_string(allocations) + " allocations");
    const std::string directory = root + "/" + std::to_string(allocations);
    std::vector<std::size_t> stored;
    const int status = runChild(directory, allocations, stored);
    finished = WIFEXITED(status) && WEXITSTATUS(status) == kDone;
    ASSERT_TRUE(finished || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)) << "status " << status;

    const auto store = DiskBlocks::open(files, faults, directory + "/local", {.holder = "test", .salt = 6});
    ASSERT_TRUE(store) << store.error().message();
    for (const std::size_t i : stored) {
      const auto where = (*store)->location(blockOf(i)->id());
      ASSERT_TRUE(where) << blockOf(i)->id();
      const auto block = (*store)->load(*where);
      ASSERT_TRUE(block) << block.error().message();
      EXPECT_EQ(textOf(**block), textOf(*blockOf(i)));
    }
    if (finished) {
      EXPECT_GE(stored.size(), 3u);
    }
    std::filesystem::remove_all(directory);
  }
  EXPECT_TRUE(finished);
  EXPECT_GT(allocations, 300);
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace tidemill::stream
