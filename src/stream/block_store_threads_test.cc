// The store with real files and threads: tasks read while the control lane puts and releases.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "block/directory_files.h"
#include "block/test_blocks.h"
#include "block/tiered_block_store.h"
#include "http/production_env.h"

namespace tidemill::stream {
namespace {

using namespace block;

class TieredThreadsTest : public testing::Test {
 protected:
  TieredThreadsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~TieredThreadsTest() override { std::filesystem::remove_all(root_); }

  std::shared_ptr<DirectoryFiles> folder(const std::string& name) {
    const rt::Env& env = production_.env();
    DiskBlocksOptions options;
    options.segmentBytes = 100'000;
    return std::make_shared<DirectoryFiles>(env.files, env.faults, env.log, root_ + "/" + name, options);
  }

  std::string root_;
  base::StderrLog log_{base::Severity::kError};
  http::ProductionEnv production_{log_};
};

TEST_F(TieredThreadsTest, TasksReadWhileTheLanePutsAndReleases) {
  constexpr int kBlocks = 200;
  const rt::Env& env = production_.env();
  TieredOptions options;
  options.memoryBytes = 60'000;
  std::unique_ptr<TieredBlockStore> store;
  production_.onControlLane([&] {
    TieredFiles files{folder("local"), {{"dir:replica", folder("replica")}}};
    store = std::make_unique<TieredBlockStore>(env, options, std::move(files));
  });
  ASSERT_TRUE(production_.block(store->open()));

  std::atomic<int> good{0};
  std::atomic<int> gone{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < kBlocks; ++i) {
    const auto block = testBlock("b" + std::to_string(i), 1 + i, 1 + i % 20, 500);
    const StorageLevel level = i % 3 == 0   ? StorageLevel::DISK_ONLY_2
                               : i % 3 == 1 ? StorageLevel::MEMORY_AND_DISK
                                            : StorageLevel::MEMORY_AND_DISK_SER_2;
    const auto placement = production_.block(store->put(block, level));
    ASSERT_TRUE(placement) << placement.error().message();
    ASSERT_GE(placement->copies, 1);
    std::shared_ptr<const BlockSource> source;
    production_.onControlLane([&] {
      source = store->find(block->id());
      if (i >= 10) store->release("b" + std::to_string(i - 10));
    });
    ASSERT_NE(source, nullptr);
    env.workers.submit([source, text = textOf(*block), &good, &gone, &wrong] {
      const auto loaded = source->load();
      if (!loaded) {
        ++(loaded.error().code() == Code::kIo ? gone : wrong);  // Its file may be deleted by now.
      } else {
        ++(textOf(**loaded) == text ? good : wrong);
      }
    });
  }
  while (good + gone + wrong < kBlocks) std::this_thread::yield();

  EXPECT_EQ(wrong, 0);
  EXPECT_GT(good, kBlocks / 2);
  production_.onControlLane([&] {
    for (int i = 0; i < kBlocks; ++i) store->release("b" + std::to_string(i));
  });
  EXPECT_TRUE(production_.block(store->drain(std::chrono::seconds(60))));
  production_.onControlLane([&] {
    EXPECT_EQ(store->totals().diskBlocks, 0);
    EXPECT_EQ(store->totals().memoryBytes, 0);
    store.reset();
  });
}

TEST_F(TieredThreadsTest, ASecondProcessIsToldWhoHasTheFolderAndWhatIsLeftIsFoundAgain) {
  const rt::Env& env = production_.env();
  const auto block = testBlock("b", 1, 5, 500);
  std::unique_ptr<TieredBlockStore> first;
  production_.onControlLane([&] {
    first = std::make_unique<TieredBlockStore>(env, TieredOptions{}, TieredFiles{folder("local"), {}});
  });
  ASSERT_TRUE(production_.block(first->open()));
  ASSERT_TRUE(production_.block(first->put(block, StorageLevel::DISK_ONLY)));

  std::unique_ptr<TieredBlockStore> second;
  production_.onControlLane([&] {
    second = std::make_unique<TieredBlockStore>(env, TieredOptions{}, TieredFiles{folder("local"), {}});
  });
  const auto refused = production_.block(second->open());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);

  production_.onControlLane([&] { first.reset(); });
  const auto found = production_.block(second->open());
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  const auto loaded = second->find("b")->load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(textOf(**loaded), textOf(*block));
  production_.onControlLane([&] { second.reset(); });
}

}  // namespace
}  // namespace tidemill::stream
