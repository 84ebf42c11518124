#include "block/tiered_block_store.h"

#include <gtest/gtest.h>

#include "block/fake_block_files.h"
#include "block/test_blocks.h"
#include "codec/test_modes.h"
#include "sim/hanging_pool.h"
#include "sim/world.h"

namespace tidemill::block {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBytes = 1000;

std::shared_ptr<const Block> blockOf(const std::string& id, std::size_t bytes = kBytes) {
  return testBlock(id, 100, 1, bytes);
}

std::int64_t heldBy(const std::shared_ptr<const Block>& block) {
  return MemoryBlocks(0).bytesFor({block->info(), block});
}

class TieredBlockStoreTest : public testing::Test {
 protected:
  TieredBlockStoreTest()
      : node_(world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }))),
        storePool_(node_.env().store),
        replicaPool_(node_.env().replicas),
        env_{node_.env().loop,
             node_.env().http,
             node_.env().fetchLoop,
             node_.env().fetchHttp,
             node_.env().workers,
             node_.env().jobs,
             storePool_,
             replicaPool_,
             node_.env().files,
             node_.env().random,
             node_.env().log,
             node_.env().faults,
             node_.env().registry} {
    options_.memoryBytes = 3 * heldBy(blockOf("a"));
    options_.encoding = BlockEncoding::kNone;
  }

  TieredBlockStore& store() {
    if (store_ == nullptr) {
      TieredFiles files{std::make_shared<FakeFiles>(disk_), {}};
      for (std::size_t i = 0; i < replicas_.size(); ++i)
        files.replicas.push_back({"dir:/r" + std::to_string(i), std::make_shared<FakeFiles>(replicas_[i])});
      store_ = std::make_unique<TieredBlockStore>(env_, options_, std::move(files));
    }
    return *store_;
  }
  void restart() {
    store_.reset();
    disk_->calls.clear();
  }
  void replicate(std::size_t count) {
    while (replicas_.size() < count) replicas_.push_back(std::make_shared<FakePlace>());
  }

  Result<Placement> put(const std::shared_ptr<const Block>& block, StorageLevel level) {
    return world_.loop().run(store().put(block, level));
  }
  Placement placed(const std::shared_ptr<const Block>& block, StorageLevel level) {
    const auto result = put(block, level);
    EXPECT_TRUE(result) << result.error().message();
    return result.value_or(Placement{});
  }
  // What the block holds now, or the name of the error.
  std::string loaded(const std::string& id) {
    const auto source = store().find(id);
    if (source == nullptr) return "nowhere";
    const auto block = source->load();
    settle();
    return block ? textOf(**block) : std::string(codeName(block.error().code()));
  }
  void settle() { world_.runFor(milliseconds(100)); }
  std::uint64_t events(std::string_view name) const { return node_.log().count(name); }
  std::string lastEvent(std::string_view name) const {
    for (auto line = node_.log().lines().rbegin(); line != node_.log().lines().rend(); ++line)
      if (line->find("event=" + std::string(name)) != std::string::npos) return *line;
    return {};
  }

  sim::World world_{1};
  sim::Node& node_;
  sim::HangingPool storePool_;
  sim::HangingPool replicaPool_;
  rt::Env env_;
  TieredOptions options_;
  std::shared_ptr<FakePlace> disk_ = std::make_shared<FakePlace>();
  std::vector<std::shared_ptr<FakePlace>> replicas_;
  std::unique_ptr<TieredBlockStore> store_;
};

struct LevelCase {
  StorageLevel level;
  Placement placement;
  const char* disk;
};

class TieredLevelsTest : public TieredBlockStoreTest, public testing::WithParamInterface<Aggregation> {
 protected:
  // One record, which has a hash key if it is a part.
  static std::shared_ptr<const Block> recordOf(const std::string& id) {
    auto block = testBlock(id, GetParam() == Aggregation::kPart ? 108 : 101, 1, kBytes);
    block->forEach([](const Record& record) {
      EXPECT_EQ(record.aggregation, GetParam());
      EXPECT_EQ(record.explicitHashKey.empty(), GetParam() == Aggregation::kNone);
    });
    return block;
  }
};

INSTANTIATE_TEST_SUITE_P(Records, TieredLevelsTest, codec::plainAndAggregated(), codec::modeName);

TEST_P(TieredLevelsTest, EachLevelPutsABlockWhereItSays) {
  replicate(2);
  const Placement nowhere;
  const Placement memory{true, false, 1};
  const Placement disk{false, true, 1};
  const std::vector<LevelCase> cases = {
      {StorageLevel::NONE, nowhere, ""},
      {StorageLevel::DISK_ONLY, disk, "put b"},
      {StorageLevel::DISK_ONLY_2, {false, true, 2}, "put b"},
      {StorageLevel::DISK_ONLY_3, {false, true, 3}, "put b"},
      {StorageLevel::MEMORY_ONLY, memory, ""},
      {StorageLevel::MEMORY_ONLY_2, {true, false, 2}, ""},
      {StorageLevel::MEMORY_ONLY_SER, memory, ""},
      {StorageLevel::MEMORY_ONLY_SER_2, {true, false, 2}, ""},
      {StorageLevel::MEMORY_AND_DISK, memory, ""},
      {StorageLevel::MEMORY_AND_DISK_2, {true, false, 2}, ""},
      {StorageLevel::MEMORY_AND_DISK_SER, memory, ""},
      {StorageLevel::MEMORY_AND_DISK_SER_2, {true, false, 2}, ""},
      {StorageLevel::OFF_HEAP, memory, ""},
  };
  for (const LevelCase& c : cases) {
    for (const BlockEncoding encoding : {BlockEncoding::kNone, BlockEncoding::kLz4, BlockEncoding::kZstd}) {
      SCOPED_TRACE(storageLevelName(c.level));
      restart();
      options_.encoding = encoding;
      const auto block = recordOf("b");

      EXPECT_EQ(placed(block, c.level), c.placement);
      EXPECT_TRUE(c.level == StorageLevel::NONE || c.placement.reaches(c.level));
      EXPECT_EQ(loaded("b"), c.level == StorageLevel::NONE ? "nowhere" : textOf(*block));
      EXPECT_EQ(disk_->calls.empty() ? "" : disk_->calls.front(), c.disk);

      store().release("b");
      settle();
      EXPECT_EQ(store().find("b"), nullptr);
      EXPECT_TRUE(disk_->stored.empty());
      EXPECT_TRUE(replicas_[0]->stored.empty());
      EXPECT_TRUE(replicas_[1]->stored.empty());
      EXPECT_EQ(store().totals().memoryBytes, 0);
    }
  }
  EXPECT_EQ(events("storage_level_reduced"), 0u);
}

TEST_F(TieredBlockStoreTest, SerializedLevelsTakeLessMemory) {
  options_.memoryBytes = 1 << 20;
  std::string zeros(50'000, 'x');
  auto page = std::make_shared<ShardPage>();
  page->page.body = codec::Body::copyOf(zeros);
  Record record;
  record.data = std::as_bytes(std::span(page->page.body->view()));
  record.sequenceNumber = "1";
  page->page.records.push_back(record);
  for (const BlockEncoding encoding : {BlockEncoding::kLz4, BlockEncoding::kZstd}) {
    restart();
    options_.encoding = encoding;
    const auto block = testBlock("b", {page});
    placed(block, StorageLevel::MEMORY_ONLY_SER);
    EXPECT_GT(store().totals().memoryBytes, 0);
    EXPECT_LT(store().totals().memoryBytes, 5'000);
    EXPECT_EQ(loaded("b"), textOf(*block));
  }
}

TEST_F(TieredBlockStoreTest, TheOldestMoveToTheDiskWhenTheMemoryIsFull) {
  for (const char* id : {"a", "b", "c"}) placed(blockOf(id), StorageLevel::MEMORY_AND_DISK);
  EXPECT_TRUE(disk_->calls.empty());

  EXPECT_EQ(placed(blockOf("d"), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));
  placed(blockOf("e"), StorageLevel::MEMORY_AND_DISK);

  EXPECT_EQ(disk_->calls, (std::vector<std::string>{"put a", "put b"}));
  EXPECT_EQ(store().placement("a"), (Placement{false, true, 1}));
  EXPECT_EQ(store().placement("c"), (Placement{true, false, 1}));
  EXPECT_EQ(loaded("a"), textOf(*blockOf("a")));
  EXPECT_EQ(store().totals().spilledBlocks, 2u);
  EXPECT_EQ(store().totals().memoryBlocks, 3);
  EXPECT_EQ(store().totals().diskBlocks, 2);
}

TEST_F(TieredBlockStoreTest, ABlockLargerThanTheMemoryGoesToTheDiskAndMovesNobody) {
  placed(blockOf("a"), StorageLevel::MEMORY_AND_DISK);
  EXPECT_EQ(placed(blockOf("big", 100 * kBytes), StorageLevel::MEMORY_AND_DISK), (Placement{false, true, 1}));
  EXPECT_EQ(store().placement("a"), (Placement{true, false, 1}));
  EXPECT_EQ(events("storage_level_reduced"), 0u);
}

TEST_F(TieredBlockStoreTest, AMemoryOnlyBlockWithoutRoomIsNotKeptAndSaidOnce) {
  for (const char* id : {"a", "b", "c"}) placed(blockOf(id), StorageLevel::MEMORY_ONLY);
  for (const char* id : {"d", "e", "f"})
    EXPECT_EQ(placed(blockOf(id), StorageLevel::MEMORY_ONLY), Placement{}) << id;

  EXPECT_EQ(store().find("d"), nullptr);
  EXPECT_EQ(loaded("a"), textOf(*blockOf("a")));
  EXPECT_EQ(events("storage_level_reduced"), 1u);
  EXPECT_NE(lastEvent("storage_level_reduced").find("stream=orders block=d requested=MEMORY_ONLY"),
            std::string::npos)
      << lastEvent("storage_level_reduced");
  EXPECT_EQ(store().totals().notKept, 3u);
  EXPECT_EQ(store().totals().shortfalls, 3u);

  store().release("a");
  world_.runFor(seconds(11));
  EXPECT_EQ(placed(blockOf("g"), StorageLevel::MEMORY_ONLY), (Placement{true, false, 1}));
  EXPECT_EQ(events("storage_level_restored"), 1u);
}

TEST_F(TieredBlockStoreTest, AKnownBlockIsNotPutAgainAndAnotherOneOfItsIdTakesItsPlace) {
  const auto first = blockOf("a");
  placed(first, StorageLevel::DISK_ONLY);
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY), (Placement{false, true, 1}));
  EXPECT_EQ(disk_->calls, std::vector<std::string>{"put a"});

  const auto other = testBlock("a", 500, 2, kBytes);
  placed(other, StorageLevel::DISK_ONLY);
  EXPECT_EQ(disk_->calls, (std::vector<std::string>{"put a", "replace a"}));
  EXPECT_EQ(loaded("a"), textOf(*other));
}

TEST_F(TieredBlockStoreTest, BlocksThatWaitForTheDiskAreWrittenTogetherAndInOrder) {
  storePool_.hang();
  rt::TaskGroup group(env_.loop);
  std::string order;
  const auto one = [&](std::string id) -> rt::Task<void> {
    const auto block = blockOf(id);
    const auto placement = co_await store().put(block, StorageLevel::DISK_ONLY);
    EXPECT_TRUE(placement);
    order += id;
  };
  for (const char* id : {"a", "b", "c", "d"}) {
    group.spawn(one(id));
    settle();
  }
  EXPECT_EQ(order, "");
  storePool_.goOn();
  settle();

  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(disk_->calls, (std::vector<std::string>{"put a", "put b c d"}));
}

// --- Full and broken disks.

TEST_F(TieredBlockStoreTest, AFullDiskIsSaidUntilThereIsRoom) {
  placed(blockOf("a"), StorageLevel::DISK_ONLY);
  disk_->room = disk_->used();

  const auto refused = put(blockOf("b"), StorageLevel::DISK_ONLY);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kDiskFull);
  EXPECT_EQ(store().find("b"), nullptr);

  store().release("a");
  settle();
  EXPECT_EQ(placed(blockOf("b"), StorageLevel::DISK_ONLY), (Placement{false, true, 1}));
  EXPECT_EQ(events("block_store_failed"), 0u);
}

TEST_F(TieredBlockStoreTest, OnAFullDiskTheSmallOnesOfAGroupAreStored) {
  disk_->room = 3 * kBytes;
  storePool_.hang();
  rt::TaskGroup group(env_.loop);
  std::string stored;
  const auto one = [&](std::string id, std::size_t bytes) -> rt::Task<void> {
    const auto block = blockOf(id, bytes);
    const auto placement = co_await store().put(block, StorageLevel::DISK_ONLY);
    stored += placement ? id : "-";
  };
  group.spawn(one("a", 10));
  settle();
  group.spawn(one("b", 10 * kBytes));
  settle();
  group.spawn(one("c", kBytes));
  settle();
  storePool_.goOn();
  settle();

  EXPECT_EQ(stored, "a-c");
}

TEST_F(TieredBlockStoreTest, WithMemoryAndDiskAFullDiskMattersOnlyWhenTheMemoryIsFull) {
  disk_->room = 0;
  for (const char* id : {"a", "b", "c"})
    EXPECT_EQ(placed(blockOf(id), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));

  const auto refused = put(blockOf("d"), StorageLevel::MEMORY_AND_DISK);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kDiskFull);
  EXPECT_EQ(store().totals().memoryBlocks, 3);
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(loaded(id), textOf(*blockOf(id)));
  store().release("b");
  EXPECT_EQ(placed(blockOf("d"), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));
}

TEST_F(TieredBlockStoreTest, ABrokenDiskIsSaidOnceAndTriedAgain) {
  disk_->failure = Error(Code::kIo, "read-only file system");
  for (const char* id : {"a", "b"}) {
    const auto refused = put(blockOf(id), StorageLevel::DISK_ONLY);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kIo);
  }
  EXPECT_EQ(placed(blockOf("m"), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));
  EXPECT_EQ(events("block_store_failed"), 1u);

  disk_->failure.reset();
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY), (Placement{false, true, 1}));
  EXPECT_EQ(events("block_store_restored"), 1u);
}

TEST_F(TieredBlockStoreTest, ALevelWithDiskIsRefusedWithoutAFolder) {
  store_ = std::make_unique<TieredBlockStore>(env_, options_, TieredFiles{});
  const auto refused = put(blockOf("a"), StorageLevel::MEMORY_AND_DISK);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
  EXPECT_NE(refused.error().hint().find("tidemill.block.directory"), std::string::npos);
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::MEMORY_ONLY), (Placement{true, false, 1}));
}

// --- Replicas.

TEST_F(TieredBlockStoreTest, AReplicaTakesOverWhenTheCopyHereIsDamaged) {
  replicate(1);
  const auto block = blockOf("a");
  placed(block, StorageLevel::DISK_ONLY_2);
  disk_->flip("a");

  EXPECT_EQ(loaded("a"), textOf(*block));
  EXPECT_EQ(loaded("a"), textOf(*block));

  EXPECT_EQ(events("block_copy_damaged"), 1u);
  EXPECT_NE(lastEvent("block_copy_damaged").find("block=a place=disk where="), std::string::npos)
      << lastEvent("block_copy_damaged");
  EXPECT_EQ(store().placement("a"), (Placement{false, false, 1}));
  EXPECT_EQ(store().totals().damagedCopies, 1u);
}

TEST_F(TieredBlockStoreTest, ABlockIsDamagedOnlyIfNoCopyIsGood) {
  replicate(1);
  placed(blockOf("a"), StorageLevel::DISK_ONLY_2);
  disk_->flip("a");
  replicas_[0]->flip("a");

  EXPECT_EQ(loaded("a"), "DamagedBlock");
  EXPECT_EQ(events("block_copy_damaged"), 2u);
  EXPECT_EQ(loaded("a"), "nowhere");
}

TEST_F(TieredBlockStoreTest, AnIntactCopyOfAnotherBlockIsDamage) {
  replicate(1);
  const auto block = blockOf("a");
  placed(block, StorageLevel::DISK_ONLY_2);
  placed(blockOf("b"), StorageLevel::DISK_ONLY_2);
  // The same id with other records, as an older state of the folder would have it; and another id.
  disk_->stored["a"] = std::string((*packBlock(testBlock("a", 700, 1, kBytes), options_.encoding))->view());
  EXPECT_EQ(loaded("a"), textOf(*block));
  EXPECT_EQ(events("block_copy_damaged"), 1u);

  replicas_[0]->stored["a"] = replicas_[0]->stored["b"];
  EXPECT_EQ(loaded("a"), "DamagedBlock");
  EXPECT_EQ(loaded("b"), textOf(*blockOf("b")));
}

TEST_F(TieredBlockStoreTest, ACopyThatCannotBeReadIsNotCalledDamaged) {
  replicate(1);
  placed(blockOf("a"), StorageLevel::DISK_ONLY_2);
  disk_->flip("a");
  replicas_[0]->stored.clear();

  EXPECT_EQ(loaded("a"), "Io");
}

TEST_F(TieredBlockStoreTest, ALostBlockIsWrittenAnewWherePlacesClaimToHaveIt) {
  replicate(1);
  const auto block = blockOf("a");
  placed(block, StorageLevel::DISK_ONLY_2);
  disk_->flip("a");
  replicas_[0]->flip("a");
  store().markLost("a");
  EXPECT_EQ(store().find("a"), nullptr);
  EXPECT_EQ(store().totals().lostBlocks, 1u);

  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 2}));
  EXPECT_EQ(loaded("a"), textOf(*block));
  EXPECT_EQ(disk_->calls.back(), "replace a");
  EXPECT_EQ(replicas_[0]->calls.back(), "replace a");
}

TEST_F(TieredBlockStoreTest, ALostBlockThatIsReleasedGivesItsRoomBack) {
  placed(blockOf("a"), StorageLevel::DISK_ONLY);
  store().markLost("a");
  EXPECT_TRUE(disk_->stored.contains("a"));
  store().release("a");
  settle();
  EXPECT_TRUE(disk_->stored.empty());
}

TEST_F(TieredBlockStoreTest, APutThatFailsLeavesWhatPlacesHadBefore) {
  replicate(1);
  const auto block = blockOf("a");
  for (const bool same : {true, false}) {
    SCOPED_TRACE(same);
    restart();
    placed(block, StorageLevel::DISK_ONLY);
    if (same) store().markLost("a");
    disk_->room = disk_->used();

    const auto again = same ? blockOf("a") : testBlock("a", 500, 2, kBytes);
    const auto refused = put(again, StorageLevel::DISK_ONLY_2);
    settle();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kDiskFull);
    EXPECT_EQ(loaded("a"), "nowhere");
    EXPECT_TRUE(replicas_[0]->stored.empty());  // It had nothing before.

    restart();  // A crash.
    ASSERT_TRUE(world_.loop().run(store().open()));
    EXPECT_EQ(loaded("a"), textOf(*block));

    disk_->room *= 10;
    store().markLost("a");
    EXPECT_EQ(placed(again, StorageLevel::DISK_ONLY_2), (Placement{false, true, 2}));
    EXPECT_EQ(loaded("a"), textOf(*again));
    store().release("a");
    settle();
    EXPECT_TRUE(disk_->stored.empty());
    EXPECT_TRUE(replicas_[0]->stored.empty());
  }
}

TEST_F(TieredBlockStoreTest, AReplicaThatFailsIsOneCopyLessAndOneEvent) {
  replicate(1);
  replicas_[0]->failure = Error(Code::kIo, "stale file handle");
  for (const char* id : {"a", "b", "c"})
    EXPECT_EQ(placed(blockOf(id), StorageLevel::DISK_ONLY_2), (Placement{false, true, 1})) << id;

  EXPECT_EQ(events("storage_level_reduced"), 1u);
  EXPECT_NE(lastEvent("storage_level_reduced").find("stale file handle"), std::string::npos)
      << lastEvent("storage_level_reduced");
  EXPECT_EQ(store().totals().shortfalls, 3u);
  EXPECT_EQ(replicas_[0]->calls.size(), 1u);  // Not asked in vain for a while.

  replicas_[0]->failure.reset();
  world_.runFor(seconds(11));
  EXPECT_EQ(placed(blockOf("d"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 2}));
  EXPECT_EQ(events("storage_level_restored"), 1u);
}

TEST_F(TieredBlockStoreTest, AFullReplicaIsDoneWithout) {
  replicate(1);
  replicas_[0]->room = 0;
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::MEMORY_AND_DISK_2), (Placement{true, false, 1}));
  EXPECT_EQ(events("storage_level_reduced"), 1u);
}

TEST_F(TieredBlockStoreTest, AReplicaInTroubleIsReplacedByAnotherOne) {
  replicate(2);
  replicas_[0]->failure = Error(Code::kIo, "gone");
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 1}));
  EXPECT_EQ(placed(blockOf("b"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 2}));
  EXPECT_TRUE(replicas_[1]->stored.contains("b"));
}

TEST_F(TieredBlockStoreTest, AReplicaThatHangsCostsOneDeadlineAndItsLateCopyCounts) {
  replicate(1);
  replicaPool_.hang();
  const rt::TimePoint start = world_.loop().now();

  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 1}));
  const rt::TimePoint first = world_.loop().now();
  EXPECT_GE(first - start, seconds(30));
  EXPECT_LT(first - start, seconds(31));
  EXPECT_EQ(placed(blockOf("b"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 1}));
  EXPECT_LT(world_.loop().now() - first, seconds(1));

  replicaPool_.goOn();
  settle();
  EXPECT_EQ(store().placement("a"), (Placement{false, true, 2}));
  EXPECT_EQ(store().placement("b"), (Placement{false, true, 1}));
  EXPECT_EQ(events("storage_level_reduced"), 1u);
  EXPECT_EQ(events("block_store_failed"), 1u);
}

TEST_F(TieredBlockStoreTest, ALateCopyOfAReleasedBlockIsReleasedToo) {
  replicate(1);
  replicaPool_.hang();
  placed(blockOf("a"), StorageLevel::DISK_ONLY_2);
  store().release("a");
  replicaPool_.goOn();
  settle();
  EXPECT_EQ(replicas_[0]->calls, (std::vector<std::string>{"put a", "release a"}));
  EXPECT_TRUE(replicas_[0]->stored.empty());
  EXPECT_TRUE(disk_->stored.empty());
}

TEST_F(TieredBlockStoreTest, RequiredReplicasFailThePutAndLeaveNothing) {
  replicate(1);
  options_.replication = Replication::kRequire;
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::DISK_ONLY_2), (Placement{false, true, 2}));
  replicas_[0]->failure = Error(Code::kIo, "gone");

  for (const char* id : {"b", "c"}) {
    const auto refused = put(blockOf(id), StorageLevel::DISK_ONLY_2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kIo);
    EXPECT_NE(refused.error().message().find("DISK_ONLY_2"), std::string::npos);
    EXPECT_NE(refused.error().message().find("gone"), std::string::npos);
    settle();
    EXPECT_FALSE(disk_->stored.contains(id));
  }
  EXPECT_EQ(std::count(disk_->calls.begin(), disk_->calls.end(), "put c"), 0);  // Not even tried.
  EXPECT_EQ(placed(blockOf("d"), StorageLevel::DISK_ONLY), (Placement{false, true, 1}));
}

TEST_F(TieredBlockStoreTest, RequiredReplicasThatAreNotNamedAreAMistake) {
  options_.replication = Replication::kRequire;
  const auto refused = put(blockOf("a"), StorageLevel::MEMORY_ONLY_2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
}

TEST_F(TieredBlockStoreTest, WithoutANamedReplicaTheShortfallSaysSo) {
  EXPECT_EQ(placed(blockOf("a"), StorageLevel::MEMORY_AND_DISK_2), (Placement{true, false, 1}));
  EXPECT_NE(lastEvent("storage_level_reduced").find("tidemill.block.replicas"), std::string::npos);
}

// --- Starting again.

TEST_F(TieredBlockStoreTest, WhatAnEarlierProcessLeftIsFoundAndCanBeReleased) {
  replicate(1);
  placed(blockOf("a"), StorageLevel::DISK_ONLY_2);
  placed(blockOf("b"), StorageLevel::DISK_ONLY);
  restart();

  const auto found = world_.loop().run(store().open());

  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0]->id, "a");
  EXPECT_EQ(store().placement("a"), (Placement{false, true, 2}));
  EXPECT_EQ(loaded("b"), textOf(*blockOf("b")));
  store().release("a");
  store().release("b");
  EXPECT_TRUE(world_.loop().run(store().drain(seconds(1))));
  EXPECT_TRUE(disk_->stored.empty());
  EXPECT_TRUE(replicas_[0]->stored.empty());
}

TEST_F(TieredBlockStoreTest, AFolderThatCannotBeOpenedIsAnErrorAndAReplicaAnEvent) {
  replicate(1);
  replicas_[0]->failure = Error(Code::kIo, "gone");
  EXPECT_TRUE(world_.loop().run(store().open()));
  EXPECT_EQ(events("block_store_failed"), 1u);
  restart();
  disk_->failure = Error(Code::kConflict, "another process has it");
  const auto refused = world_.loop().run(store().open());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
}

TEST_F(TieredBlockStoreTest, AReplicaThatOpensLateGivesItsRoomBack) {
  replicate(1);
  placed(blockOf("a"), StorageLevel::DISK_ONLY_2);
  placed(blockOf("b"), StorageLevel::MEMORY_ONLY_2);
  restart();
  replicaPool_.hang();
  const auto found = world_.loop().run(store().open());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 1u);  // Only the replica has b.
  EXPECT_EQ(store().placement("a"), (Placement{false, true, 1}));

  replicaPool_.goOn();
  settle();
  EXPECT_EQ(store().placement("a"), (Placement{false, true, 2}));
  EXPECT_TRUE(replicas_[0]->stored.contains("a"));
  EXPECT_FALSE(replicas_[0]->stored.contains("b"));
  EXPECT_EQ(events("stored_blocks_not_delivered"), 0u);
}

TEST_F(TieredBlockStoreTest, AReplicaThatOpensLateKeepsWhatNobodyElseRemembers) {
  replicate(1);
  const auto owed =
      std::make_shared<const Block>("a", blockOf("a")->slices(), std::vector<ShardEnd>(), "app");
  placed(owed, StorageLevel::DISK_ONLY_2);
  disk_->stored.clear();  // Another machine, with the same mount.
  restart();
  replicaPool_.hang();
  EXPECT_EQ(world_.loop().run(store().open())->size(), 0u);
  replicaPool_.goOn();
  settle();
  EXPECT_NE(lastEvent("stored_blocks_not_delivered").find("dir:/r0"), std::string::npos);

  restart();
  EXPECT_EQ(world_.loop().run(store().open())->size(), 1u);
  EXPECT_EQ(loaded("a"), textOf(*owed));
}

// --- Cancelled puts and sources.

TEST_F(TieredBlockStoreTest, ACancelledPutHoldsNothingUp) {
  for (const char* id : {"a", "b", "c"}) placed(blockOf(id), StorageLevel::MEMORY_AND_DISK);
  storePool_.hang();
  {
    rt::TaskGroup group(env_.loop);
    const auto one = [&](std::string id) -> rt::Task<void> {
      const auto block = blockOf(id);
      co_await store().put(block, StorageLevel::MEMORY_AND_DISK);
    };
    group.spawn(one("d"));  // Waits until one of the others lies on the disk.
    group.spawn(one("e"));
    settle();
  }
  storePool_.goOn();

  EXPECT_EQ(placed(blockOf("d"), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));
  EXPECT_EQ(placed(blockOf("e"), StorageLevel::MEMORY_AND_DISK), (Placement{true, false, 1}));
  EXPECT_EQ(loaded("a"), textOf(*blockOf("a")));
  EXPECT_LE(store().totals().memoryBytes, options_.memoryBytes);
}

TEST_F(TieredBlockStoreTest, ABlockReleasedWhileItIsPutIsNowhere) {
  storePool_.hang();
  rt::TaskGroup group(env_.loop);
  std::optional<Placement> placement;
  const auto one = [&]() -> rt::Task<void> {
    const auto block = blockOf("a");
    auto result = co_await store().put(block, StorageLevel::DISK_ONLY);
    placement = result.value();
  };
  group.spawn(one());
  settle();
  store().release("a");
  storePool_.goOn();
  settle();

  EXPECT_EQ(placement, Placement{});
  EXPECT_EQ(store().find("a"), nullptr);
  EXPECT_TRUE(disk_->stored.empty());
}

TEST_F(TieredBlockStoreTest, ASourceOutlivesReleaseAndStore) {
  const auto block = blockOf("a");
  placed(block, StorageLevel::MEMORY_ONLY);
  const auto source = store().find("a");
  store().release("a");
  store_.reset();
  const auto loaded = source->load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(textOf(**loaded), textOf(*block));
}

TEST_F(TieredBlockStoreTest, DamageThatIsFoundAfterTheStoreIsGoneDoesNothing) {
  placed(blockOf("a"), StorageLevel::DISK_ONLY);
  disk_->flip("a");
  const auto source = store().find("a");
  store_.reset();
  EXPECT_EQ(source->load().error().code(), Code::kDamagedBlock);
  settle();
  EXPECT_EQ(events("block_copy_damaged"), 0u);
}

}  // namespace
}  // namespace tidemill::block
