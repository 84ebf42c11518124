#include "stream/block_keeper.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "block/fake_block_files.h"
#include "block/memory_block_store.h"
#include "block/memory_budget.h"
#include "block/test_blocks.h"
#include "block/tiered_block_store.h"
#include "codec/kpl_page.h"
#include "codec/test_modes.h"
#include "sim/world.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// A store whose every put is answered by the test, at once or after a while.
class ScriptedStore final : public block::BlockStore {
 public:
  explicit ScriptedStore(rt::Loop& loop) : loop_(loop) {}

  rt::Task<Result<block::Placement>> put(std::shared_ptr<const block::Block> block, StorageLevel) override {
    ++puts;
    ++inside;
    insideMax = std::max(insideMax, inside);
    const rt::Duration time = takes ? takes(block->id()) : 0ms;
    co_await loop_.sleepFor(time);
    --inside;
    Result<block::Placement> answer = block::Placement{.memory = false, .disk = true, .copies = 1};
    if (answers) answer = answers(block->id());
    if (answer) stored.push_back(block->id());
    co_return std::move(answer);
  }
  std::shared_ptr<const block::BlockSource> find(const std::string&) const override { return nullptr; }
  void markLost(const std::string&) override {}
  void release(const std::string&) override {}

  std::function<Result<block::Placement>(const std::string&)> answers;
  std::function<rt::Duration(const std::string&)> takes;
  std::vector<std::string> stored;
  int puts = 0;
  int inside = 0;
  int insideMax = 0;

 private:
  rt::Loop& loop_;
};

class BlockKeeperTest : public testing::Test, public KeeperHost {
 protected:
  BlockKeeperTest() {
    world_.net().faults().on = false;
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    auto store = std::make_unique<ScriptedStore>(node_->env().loop);
    store_ = store.get();
    blocks_ = std::make_unique<StoredBlocks>(std::move(store));
    budget_ = std::make_shared<block::MemoryBudget>(node_->env().loop, 1000);
  }
  void TearDown() override { keeper_.reset(); }

  void make(StorageLevel level = StorageLevel::DISK_ONLY, std::int64_t nowhereBytesMax = 1000,
            bool mayHold = true) {
    keeper_ = std::make_unique<BlockKeeper>(node_->env(), *blocks_,
                                            KeeperOptions{"orders", level, nowhereBytesMax, mayHold}, *this);
  }
  // One record of `bytes`, which the budget is charged for.
  std::shared_ptr<const block::Block> blockOf(const std::string& id, std::size_t bytes = 10) {
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = "orders";
    page->shardId = "shardId-000000000000";
    payloads_.push_back(std::make_unique<std::string>(bytes, 'x'));
    Record record;
    record.data = std::as_bytes(std::span(*payloads_.back()));
    record.sequenceNumber = "4711";
    page->page.records.push_back(record);
    page->page.payloadBytes = static_cast<std::int64_t>(bytes);
    page->hold = block::BudgetHold(budget_, 0);
    page->hold.resize(static_cast<std::int64_t>(bytes));
    return std::make_shared<block::Block>(id, std::vector<block::BlockSlice>{{page, 0, 1}},
                                          std::vector<block::ShardEnd>{});
  }
  static std::shared_ptr<const block::Block> endOf(const std::string& id) {
    return std::make_shared<block::Block>(id, std::vector<block::BlockSlice>{},
                                          std::vector<block::ShardEnd>{{.shardId = "shardId-000000000000"}});
  }
  void onKept(std::shared_ptr<const block::BlockInfo> info) override { kept_.push_back(info->id); }
  void onKeepFailed(const Error& error) override { failures_.push_back(error); }
  bool drained(rt::Duration patience) {
    bool done = false;
    rt::TaskGroup group(node_->env().loop);
    group.spawn(drainInto(done));
    return world_.runUntil([&] { return done; }, patience);
  }
  std::uint64_t logged(std::string_view event) const { return node_->log().count(event); }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  ScriptedStore* store_ = nullptr;
  std::unique_ptr<StoredBlocks> blocks_;
  std::shared_ptr<block::MemoryBudget> budget_;
  std::vector<std::unique_ptr<std::string>> payloads_;
  std::unique_ptr<BlockKeeper> keeper_;
  std::vector<std::string> kept_;
  std::vector<Error> failures_;

 private:
  rt::Task<void> drainInto(bool& done) {
    co_await keeper_->drain();
    done = true;
  }
};

using Ids = std::vector<std::string>;

TEST_F(BlockKeeperTest, GivesBlocksOutInTheirOrderHoweverLongEachTakes) {
  make();
  store_->takes = [](const std::string& id) { return id == "a" ? 500ms : id == "b" ? 10ms : 100ms; };
  for (const char* id : {"a", "b"}) keeper_->add(blockOf(id));
  keeper_->add(endOf("end"));
  keeper_->add(blockOf("c"));
  world_.runFor(200ms);
  EXPECT_EQ(kept_, Ids{});
  world_.runFor(1s);
  EXPECT_EQ(kept_, (Ids{"a", "b", "end", "c"}));
  EXPECT_EQ(store_->puts, 3);  // A block without records has nothing to store.
  EXPECT_EQ(budget_->used(), 0);
}

TEST_F(BlockKeeperTest, PutsSeveralAtOnceButNotAll) {
  make();
  store_->takes = [](const std::string&) { return 100ms; };
  for (int i = 0; i < 20; ++i) keeper_->add(blockOf(std::to_string(i)));
  world_.runFor(2s);
  EXPECT_EQ(kept_.size(), 20u);
  EXPECT_EQ(store_->insideMax, 8);
}

TEST_F(BlockKeeperTest, AFullStorePausesAndGoesOnWhenThereIsRoomWithNothingLostOrSwapped) {
  make();
  bool room = false;
  store_->answers = [&](const std::string& id) -> Result<block::Placement> {
    if (!room && id != "b") return fail(Code::kDiskFull, "no space left");
    return block::Placement{.memory = false, .disk = true, .copies = 1};
  };
  for (const char* id : {"a", "b", "c"}) keeper_->add(blockOf(id));
  world_.runFor(60s);
  keeper_->add(blockOf("d"));
  EXPECT_EQ(kept_, Ids{});
  EXPECT_EQ(budget_->used(), 30);  // What waits holds its memory, so that readers pause; b is stored.
  EXPECT_GE(logged("store_full"), 1u);
  EXPECT_EQ(logged("store_full"), logged("store_resumed") + 1);

  room = true;
  world_.runFor(2s);

  EXPECT_EQ(kept_, (Ids{"a", "b", "c", "d"}));
  EXPECT_EQ(logged("store_full"), logged("store_resumed"));
  EXPECT_EQ(budget_->used(), 0);
  EXPECT_TRUE(failures_.empty());
}

TEST_F(BlockKeeperTest, SaysOnceThatTheStoreIsFull) {
  make();
  store_->answers = [](const std::string&) { return fail(Code::kDiskFull, "no space left"); };
  for (const char* id : {"a", "b", "c"}) keeper_->add(blockOf(id));
  world_.runFor(60s);
  EXPECT_EQ(logged("store_full"), 1u);
  EXPECT_GT(store_->puts, 100);
}

TEST_F(BlockKeeperTest, HoldsWhatTheStoreHasNoRoomForWhenReadingHasEnded) {
  make();
  store_->answers = [](const std::string&) { return fail(Code::kDiskFull, "no space left"); };
  for (const char* id : {"a", "b"}) keeper_->add(blockOf(id));
  world_.runFor(5s);
  ASSERT_TRUE(drained(5s));
  EXPECT_EQ(kept_, (Ids{"a", "b"}));
  ASSERT_NE(blocks_->find("a"), nullptr);
  EXPECT_EQ((*blocks_->find("a")->load())->recordCount(), 1);
  blocks_->release("a");
  EXPECT_EQ(blocks_->find("a"), nullptr);
}

TEST_F(BlockKeeperTest, WaitsForRoomUntilTheEndWhereACheckpointFollowsTheStore) {
  make(StorageLevel::DISK_ONLY, 1000, false);
  bool room = false;
  store_->answers = [&](const std::string&) -> Result<block::Placement> {
    if (!room) return fail(Code::kDiskFull, "no space left");
    return block::Placement{.memory = false, .disk = true, .copies = 1};
  };
  keeper_->add(blockOf("a"));
  EXPECT_FALSE(drained(60s));
  room = true;
  EXPECT_TRUE(drained(5s));
  EXPECT_EQ(kept_, Ids{"a"});
}

TEST_F(BlockKeeperTest, TriesFourTimesThenNothingBehindTheFailedBlockIsGivenOut) {
  make();
  int failures = 3;
  store_->answers = [&](const std::string& id) -> Result<block::Placement> {
    if (id == "b" || (id == "a" && failures-- > 0)) return fail(Code::kIo, "the disk is ill");
    return block::Placement{.memory = false, .disk = true, .copies = 1};
  };
  keeper_->add(blockOf("a"));
  world_.runFor(10s);
  EXPECT_EQ(kept_, Ids{"a"});
  EXPECT_EQ(store_->puts, 4);

  for (const char* id : {"b", "c"}) keeper_->add(blockOf(id));
  world_.runFor(10s);
  keeper_->add(blockOf("d"));
  world_.runFor(10s);

  EXPECT_EQ(kept_, Ids{"a"});
  EXPECT_EQ(store_->puts, 4 + 4 + 1);
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].code(), Code::kIo);
  EXPECT_NE(failures_[0].message().find("block b of stream orders"), std::string::npos)
      << failures_[0].message();
  EXPECT_TRUE(drained(1s));  // There is nothing to wait for.
}

TEST_F(BlockKeeperTest, BlocksThatLieNowhereWaitForEarlierOnesToBeProcessed) {
  for (const StorageLevel level : {StorageLevel::NONE, StorageLevel::MEMORY_ONLY}) {
    kept_.clear();
    make(level, 100);
    store_->answers = [](const std::string&) { return block::Placement{}; };
    for (const char* id : {"a", "b", "c"}) keeper_->add(blockOf(id, 60));
    world_.runFor(5s);
    EXPECT_EQ(kept_, Ids{"a"});
    EXPECT_EQ(budget_->used(), 120);  // Readers pause.
    keeper_->released("a");
    EXPECT_EQ(kept_, (Ids{"a", "b"}));
    keeper_->released("b");
    world_.runFor(1s);
    EXPECT_EQ(kept_, (Ids{"a", "b", "c"}));
    EXPECT_EQ(budget_->used(), 0);
    EXPECT_EQ(keeper_->shortOfLevel(), level == StorageLevel::NONE ? 0 : 3);
  }
}

TEST_F(BlockKeeperTest, ABlockLargerThanWhatMayLieNowherePassesAlone) {
  make(StorageLevel::NONE, 100);
  keeper_->add(blockOf("a", 500));
  EXPECT_EQ(kept_, Ids{"a"});
}

// Blocks in the real store, whose places are made up.
class KeptBlocksTest : public BlockKeeperTest, public testing::WithParamInterface<Aggregation> {
 protected:
  void makeOver(StorageLevel level, std::int64_t memoryBytes) {
    keeper_.reset();
    infos_.clear();
    block::TieredFiles files;
    files.local = std::make_shared<block::FakeFiles>(std::make_shared<block::FakePlace>());
    for (const char* name : {"dir:/r0", "dir:/r1"}) {
      files.replicas.push_back(
          {name, std::make_shared<block::FakeFiles>(std::make_shared<block::FakePlace>())});
    }
    block::TieredOptions options;
    options.memoryBytes = memoryBytes;
    blocks_ = std::make_unique<StoredBlocks>(
        std::make_unique<block::TieredBlockStore>(node_->env(), options, std::move(files)));
    make(level);
  }
  static std::shared_ptr<const block::ShardPage> pageOf(const std::vector<std::string>& numbers) {
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = "orders";
    page->shardId = "shardId-000000000000";
    page->page = codec::pageIn(GetParam(), numbers);
    codec::splitAggregates(page->page, {});
    return page;
  }
  void onKept(std::shared_ptr<const block::BlockInfo> info) override { infos_.push_back(std::move(info)); }

  std::vector<std::shared_ptr<const block::BlockInfo>> infos_;
};

INSTANTIATE_TEST_SUITE_P(Records, KeptBlocksTest, codec::plainAndAggregated(), codec::modeName);

// (Spark's ReceivedBlockHandlerSuite: record counting of each level, also when the memory is too small.)
TEST_P(KeptBlocksTest, AreCountedRightAtEveryLevelWhereverTheyLie) {
  const int parts = codec::partsOf(GetParam());
  const auto first = pageOf({"10", "11", "12", "13"});
  const auto second = pageOf({"20", "21"});
  ASSERT_EQ(first->page.records.size(), static_cast<std::size_t>(4 * parts));
  // The second block begins in the middle of 11 if that has parts.
  const auto a = std::make_shared<const block::Block>("a", std::vector<block::BlockSlice>{{first, 0, 2}},
                                                      std::vector<block::ShardEnd>{});
  const auto b = std::make_shared<const block::Block>(
      "b",
      std::vector<block::BlockSlice>{{first, 2, first->page.records.size()},
                                     {second, 0, second->page.records.size()}},
      std::vector<block::ShardEnd>{});

  for (int i = 0; i <= static_cast<int>(StorageLevel::OFF_HEAP); ++i) {
    for (const std::int64_t memoryBytes : {std::int64_t{1} << 20, std::int64_t{0}}) {
      const auto level = static_cast<StorageLevel>(i);
      SCOPED_TRACE(storageLevelName(level) + " with " + std::to_string(memoryBytes));
      makeOver(level, memoryBytes);
      for (const auto& block : {a, b}) keeper_->add(block);
      world_.runFor(1s);

      ASSERT_EQ(infos_.size(), 2u);
      EXPECT_EQ(infos_[0]->recordCount(), 2);
      EXPECT_EQ(infos_[1]->recordCount(), 6 * parts - 2);
      EXPECT_EQ(infos_[1]->slices[0].range.recordCount, 4 * parts - 2);
      EXPECT_EQ(infos_[1]->slices[1].range.recordCount, 2 * parts);
      const StorageTraits traits = traitsOf(level);
      const bool somewhere =
          traits.disk || (traits.memory && memoryBytes > 0) || (traits.memory && traits.replicas > 1);
      for (const auto& block : {a, b}) {
        const auto source = blocks_->find(block->id());
        ASSERT_EQ(source != nullptr, somewhere);
        if (source == nullptr) continue;
        EXPECT_EQ(block::textOf(**source->load()), block::textOf(*block));
      }
    }
  }
  EXPECT_TRUE(failures_.empty());
}

}  // namespace
}  // namespace tidemill::stream
