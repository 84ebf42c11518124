// The store against a model of it, and against disks that lie: under random puts, releases, crashes.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "block/directory_files.h"
#include "block/fake_block_files.h"
#include "block/test_blocks.h"
#include "block/tiered_block_store.h"
#include "rt/task_group.h"
#include "sim/world.h"

namespace tidemill::block {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::shared_ptr<const Block> blockOf(std::uint64_t number, std::size_t bytes) {
  return testBlock("b" + std::to_string(number), static_cast<int>(100 + number), 1, bytes);
}

// --- Memory and levels.

// What the model knows of a block: the level, and what put() said. None: it has not ended yet.
struct Known {
  std::shared_ptr<const Block> block;
  StorageLevel level = StorageLevel::NONE;
  std::optional<Result<Placement>> result;
};

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed)
      : world_(seed),
        node_(world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }))),
        random_(seed) {
    options_.memoryBytes = 10'000;
    options_.encoding = seed % 2 == 0 ? BlockEncoding::kLz4 : BlockEncoding::kNone;
    disk_->room = seed % 3 == 0 ? 20'000 : std::size_t{1} << 30;
    store_ = std::make_unique<TieredBlockStore>(node_.env(), options_,
                                                TieredFiles{std::make_shared<FakeFiles>(disk_), {}});
    puts_ = std::make_unique<rt::TaskGroup>(node_.env().loop);
  }

  void run() {
    for (int i = 0; i < 300; ++i) {
      if (known_.empty() || random_.chance(2, 3)) {
        startPut();
      } else {
        releaseOne();
      }
      const std::uint64_t steps = random_.below(30);
      for (std::uint64_t k = 0; k < steps && world_.loop().step(); ++k) checkBudget();
    }
    for (int i = 0; i < 100'000 && puts_->running() > 0; ++i) {
      world_.loop().step();
      checkBudget();
    }
    ASSERT_EQ(puts_->running(), 0u) << "puts never end";
    for (auto& [id, known] : known_) checkBlock(id, known);
    releaseAll();
  }

  std::uint64_t spilled() const { return store_->totals().spilledBlocks; }
  int refused() const { return refused_; }

 private:
  void startPut() {
    static constexpr StorageLevel kLevels[] = {StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_ONLY,
                                               StorageLevel::DISK_ONLY, StorageLevel::MEMORY_AND_DISK_SER,
                                               StorageLevel::OFF_HEAP};
    const StorageLevel level = kLevels[random_.below(std::size(kLevels))];
    const std::size_t bytes = 100 + random_.below(4'000);
    const auto block = blockOf(++number_, bytes);
    known_[block->id()] = {block, level, {}};
    puts_->spawn(putOne(block, level));
  }

  rt::Task<void> putOne(std::shared_ptr<const Block> block, StorageLevel level) {
    if (!known_.contains(block->id())) co_return;  // Released before its put began.
    auto result = co_await store_->put(block, level);
    if (!result) ++refused_;
    const auto known = known_.find(block->id());
    if (known != known_.end()) known->second.result = std::move(result);
  }

  void releaseOne() {
    auto victim = known_.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(random_.below(known_.size())));
    store_->release(victim->first);
    EXPECT_EQ(store_->find(victim->first), nullptr);
    known_.erase(victim);
  }

  void checkBudget() { ASSERT_LE(store_->totals().memoryBytes, options_.memoryBytes); }

  void checkBlock(const std::string& id, const Known& known) {
    SCOPED_TRACE(id + " " + storageLevelName(known.level));
    ASSERT_TRUE(known.result);
    const auto source = store_->find(id);
    if (!*known.result) {
      EXPECT_EQ(known.result->error().code(), Code::kDiskFull);
      EXPECT_EQ(source, nullptr);
      return;
    }
    const StorageTraits wanted = traitsOf(known.level);
    if (wanted.disk) {
      EXPECT_EQ((*known.result)->copies, 1);
    }
    ASSERT_EQ(source != nullptr, (*known.result)->copies > 0);
    if (source == nullptr) return;
    const auto loaded = source->load();
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(textOf(**loaded), textOf(*known.block));
    if (!wanted.memory) {
      EXPECT_FALSE(store_->placement(id).memory);
    }
    if (!wanted.disk) {
      EXPECT_FALSE(store_->placement(id).disk);
    }
  }

  void releaseAll() {
    for (const auto& [id, known] : known_) store_->release(id);
    EXPECT_TRUE(world_.loop().run(store_->drain(seconds(10))));
    EXPECT_EQ(store_->totals().memoryBytes, 0);
    EXPECT_EQ(store_->totals().memoryBlocks, 0);
    EXPECT_TRUE(disk_->stored.empty());
  }

  sim::World world_;
  sim::Node& node_;
  base::Random random_;
  TieredOptions options_;
  std::shared_ptr<FakePlace> disk_ = std::make_shared<FakePlace>();
  std::unique_ptr<TieredBlockStore> store_;
  std::map<std::string, Known> known_;
  std::uint64_t number_ = 0;
  int refused_ = 0;
  std::unique_ptr<rt::TaskGroup> puts_;
};

TEST(TieredModel, KeepsWhatItSaysAndNeverMoreThanTheBudgetInMemory) {
  std::uint64_t spilled = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    ModelRun run(seed);
    ASSERT_NO_FATAL_FAILURE(run.run());
    spilled += run.spilled();
    refused += run.refused();
  }
  EXPECT_GT(spilled, 0u);
  EXPECT_GT(refused, 0);
}

// --- Crashes.

// What counts as stored, as whoever puts has been told: outside of the node, so it outlives crashes.
struct Promised {
  std::map<std::string, std::string> stored;  // Text by id.
  std::set<std::string> released;
  std::uint64_t number = 0;
  int found = 0;
  int putBack = 0;
  int notPutBack = 0;
};

TieredFiles filesOf(rt::Env& env, bool replica) {
  const auto folder = [&](const std::string& directory) {
    DiskBlocksOptions options;
    options.salt = env.random.next();
    options.segmentBytes = 4'000;
    return std::make_shared<DirectoryFiles>(env.files, env.faults, env.log, directory, options);
  };
  TieredFiles files{folder("/blocks"), {}};
  if (replica) files.replicas.push_back({"dir:/replica", folder("/replica")});
  return files;
}

class CrashingProgram final : public sim::NodeProgram {
 public:
  CrashingProgram(rt::Env& env, Promised& promised)
      : env_(env), promised_(promised), store_(env, options(), filesOf(env, true)), tasks_(env.loop) {
    tasks_.spawn(live());
  }

 private:
  static TieredOptions options() {
    TieredOptions options;
    options.memoryBytes = 3'000;
    options.encoding = BlockEncoding::kLz4;
    return options;
  }

  rt::Task<void> live() {
    const auto found = co_await store_.open();
    EXPECT_TRUE(found) << found.error().message();
    if (!found) co_return;
    checkPromises();
    for (int i = 0; i < 1000; ++i) {
      co_await putAndRelease();
      if (env_.random.chance(1, 4)) co_await losePutBack();
    }
  }

  void checkPromises() {
    for (const auto& [id, text] : promised_.stored) {
      const auto source = store_.find(id);
      EXPECT_NE(source, nullptr) << id << " was stored and is gone";
      if (source == nullptr) continue;
      const auto block = source->load();
      EXPECT_TRUE(block) << block.error().message();
      if (block) {
        EXPECT_EQ(textOf(**block), text);
      }
      ++promised_.found;
    }
  }

  rt::Task<void> putAndRelease() {
    const auto block = blockOf(++promised_.number, 50 + env_.random.below(1'500));
    const auto placement = co_await store_.put(block, StorageLevel::DISK_ONLY_2);
    if (!placement) co_return;
    if (placement->disk) promised_.stored[block->id()] = textOf(*block);
    if (promised_.stored.size() > 5) {
      const std::string oldest = promised_.stored.begin()->first;
      promised_.stored.erase(oldest);
      store_.release(oldest);
    }
  }

  // A stored block stays stored, also if a crash or a failure comes before it was put again.
  rt::Task<void> losePutBack() {
    if (promised_.stored.empty()) co_return;
    const std::string id = promised_.stored.begin()->first;
    const auto source = store_.find(id);
    if (source == nullptr) co_return;
    const auto block = source->load();
    if (!block) co_return;
    store_.markLost(id);
    const auto placement = co_await store_.put(*block, StorageLevel::DISK_ONLY_2);
    ++(placement ? promised_.putBack : promised_.notPutBack);
  }

  rt::Env& env_;
  Promised& promised_;
  TieredBlockStore store_;
  rt::TaskGroup tasks_;
};

TEST(TieredCrash, WhatCountedAsStoredIsThereAfterPowerCutsAndLyingDisks) {
  int found = 0;
  int putBack = 0;
  int notPutBack = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    Promised promised;
    sim::WorldOptions options;
    options.disk.syncFails = seed % 2 == 0 ? 20'000 : 0;
    options.disk.full = seed % 3 == 0 ? 100'000 : 0;
    sim::World world(seed, options);
    sim::Node& node = world.addNode(
        "worker", [&promised](rt::Env& env) { return std::make_unique<CrashingProgram>(env, promised); });
    for (int crash = 0; crash < 6; ++crash) {
      node.crashBeforeStep(100 + world.random().below(400), sim::CrashKind::kPowerCut);
      world.runFor(seconds(3));
      if (!node.up()) node.restart();
      world.runFor(milliseconds(50));
    }
    ASSERT_FALSE(world.failed()) << world.failureText();
    found += promised.found;
    putBack += promised.putBack;
    notPutBack += promised.notPutBack;
    world.end();
  }
  EXPECT_GT(found, 100);
  EXPECT_GT(putBack, 100);
  EXPECT_GT(notPutBack, 10);
}

TEST(TieredCrash, AFlippedByteInAFileIsReadFromTheReplicaAndThenAnew) {
  sim::World world(1);
  sim::Node& node = world.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  TieredBlockStore store(node.env(), {}, filesOf(node.env(), true));
  const auto block = blockOf(1, 1'000);
  ASSERT_TRUE(world.loop().run(store.put(block, StorageLevel::DISK_ONLY_2)));
  const auto flip = [&](const std::string& folder) {
    for (const auto& [path, inode] : node.disk().files()) {
      if (!path.starts_with(folder + "/segment-")) continue;
      char& byte = inode->bytes[inode->bytes.size() - 100];
      byte = static_cast<char>(byte ^ 8);
    }
  };

  flip("/blocks");
  auto loaded = store.find("b1")->load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(textOf(**loaded), textOf(*block));
  world.runFor(milliseconds(10));
  EXPECT_EQ(node.log().count("block_copy_damaged"), 1u);

  flip("/replica");
  const auto damaged = store.find("b1")->load();
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code(), Code::kDamagedBlock);
  store.markLost("b1");
  const auto again = world.loop().run(store.put(block, StorageLevel::DISK_ONLY_2));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, (Placement{false, true, 2}));
  loaded = store.find("b1")->load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(textOf(**loaded), textOf(*block));
}

TEST(TieredCrash, AFullDiskIsUsedAgainWhenThereIsRoom) {
  sim::World world(1);
  sim::Node& node = world.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  TieredOptions options;
  options.encoding = BlockEncoding::kNone;
  TieredBlockStore store(node.env(), options, filesOf(node.env(), false));
  node.disk().faults().bytesMax = 20'000;
  std::uint64_t stored = 0;
  Result<Placement> last;
  do {
    last = world.loop().run(store.put(blockOf(stored + 1, 3'000), StorageLevel::DISK_ONLY));
    if (last) ++stored;
  } while (last && stored < 100);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), Code::kDiskFull);
  EXPECT_GE(stored, 3u);

  for (std::uint64_t i = 1; i <= stored; ++i) {
    EXPECT_TRUE(store.find("b" + std::to_string(i))->load());
    store.release("b" + std::to_string(i));
  }
  EXPECT_TRUE(world.loop().run(store.drain(seconds(1))));
  last = world.loop().run(store.put(blockOf(200, 3'000), StorageLevel::DISK_ONLY));
  EXPECT_TRUE(last) << last.error().message();
}

}  // namespace
}  // namespace tidemill::block
