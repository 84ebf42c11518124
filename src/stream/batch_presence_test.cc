#include "stream/batch_presence.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "block/memory_block_store.h"
#include "sim/world.h"
#include "stream/test_blocks.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// A store that can be told to take nothing, and knows at which levels it was asked to.
class MoodyStore final : public block::BlockStore {
 public:
  rt::Task<Result<block::Placement>> put(std::shared_ptr<const block::Block> block,
                                         StorageLevel level) override {
    levels.push_back(level);
    if (refuses) co_return fail(Code::kDiskFull, "no space left");
    co_return co_await memory.put(std::move(block), level);
  }
  std::shared_ptr<const block::BlockSource> find(const std::string& id) const override {
    return memory.find(id);
  }
  rt::Task<Result<std::shared_ptr<const block::Block>>> fetch(std::string id) override {
    if (outage) co_return fail(*outage);
    const auto found = far.find(id);
    if (found == far.end()) co_return fail(Code::kNotFound, "block " + id + " lies nowhere");
    co_return found->second;
  }
  void markLost(const std::string& id) override { memory.markLost(id); }
  void release(const std::string& id) override { memory.release(id); }

  block::MemoryBlockStore memory;
  bool refuses = false;
  std::vector<StorageLevel> levels;
  // Behind a network.
  std::map<std::string, std::shared_ptr<const block::Block>> far;
  std::optional<Error> outage;
};

class BatchPresenceTest : public testing::Test, public BlockRecovery, public StreamingListener {
 protected:
  BatchPresenceTest() {
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    auto store = std::make_unique<MoodyStore>();
    store_ = store.get();
    blocks_ = std::make_unique<StoredBlocks>(std::move(store));
    make({});
    for (const char* id : {"a", "b", "c"}) {
      whole_[id] = testBlock(id, {testSlice("s0", {std::string("1") + id[0]}), testSlice("s1", {"2"})});
    }
  }
  void make(PresenceOptions options) {
    presence_ = std::make_unique<BatchPresence>(node_->env(), *blocks_, options,
                                                std::vector<StreamingListener*>{this});
  }
  void store(const std::string& id) {
    ASSERT_TRUE(world_.loop().run(store_->memory.put(whole_.at(id), StorageLevel::MEMORY_ONLY)));
  }
  std::shared_ptr<const Batch> batchOf(const std::vector<std::string>& ids) const {
    Batch batch;
    auto& infos = batch.inputs.emplace_back();
    for (const std::string& id : ids) infos.push_back(whole_.at(id)->info());
    return std::make_shared<const Batch>(std::move(batch));
  }
  Result<PresentBatch> present(const std::vector<std::string>& ids) {
    return world_.loop().run(presence_->make(batchOf(ids), {this}));
  }
  std::int64_t recordsAt(const PresentBatch& batch, const std::string& id) const {
    return (*batch.sources.at(id)->load())->recordCount();
  }

  rt::Task<Result<std::vector<consume::RebuiltBlock>>> rebuild(BlockInfoList blocks) override {
    co_await node_->env().loop.sleepFor(10ms);
    if (failure_) co_return fail(*failure_);
    std::vector<consume::RebuiltBlock> rebuilt;
    for (const auto& info : blocks) {
      asked_.push_back(info->id);
      if (gone_ == info->id) {
        auto left = testBlock(info->id, {testSlice("s1", {"2"})});
        rebuilt.push_back({left, {Error(Code::kDataLoss, "s0 was trimmed")}});
      } else {
        rebuilt.push_back({whole_.at(info->id), {}});
      }
    }
    co_return std::move(rebuilt);
  }
  StorageLevel storageLevel() const override { return level_; }
  const std::string& streamName() const override { return stream_; }
  void onBlockLost(const std::string& id, const SequenceNumberRanges& ranges,
                   const std::string& why) override {
    told_.push_back("lost " + id + " " + std::to_string(ranges.size()) + ": " + why);
  }
  void onBlockRecovered(const std::string& id, const SequenceNumberRanges& ranges) override {
    told_.push_back("recovered " + id + " " + std::to_string(ranges.size()));
  }

  using Texts = std::vector<std::string>;

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  MoodyStore* store_ = nullptr;
  std::unique_ptr<StoredBlocks> blocks_;
  std::unique_ptr<BatchPresence> presence_;
  std::map<std::string, std::shared_ptr<const block::Block>> whole_;
  const std::string stream_ = "orders";
  StorageLevel level_ = StorageLevel::MEMORY_ONLY;
  std::optional<Error> failure_;
  std::string gone_;
  Texts asked_;
  Texts told_;
};

TEST_F(BatchPresenceTest, AsksForNothingThatIsStored) {
  store("a");
  store("b");
  auto batch = present({"a", "b"});
  ASSERT_TRUE(batch);
  EXPECT_EQ(recordsAt(*batch, "a"), 2);
  EXPECT_EQ(batch->sources.size(), 2u);
  EXPECT_EQ(asked_, Texts{});
  EXPECT_EQ(told_, Texts{});
}

TEST_F(BatchPresenceTest, ReadsWhatIsNowhereAgainAndPutsItBack) {
  store("b");
  auto batch = present({"a", "b", "c"});
  ASSERT_TRUE(batch);
  EXPECT_EQ(asked_, (Texts{"a", "c"}));
  EXPECT_TRUE(batch->unstored.empty());
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(recordsAt(*batch, id), 2);
  EXPECT_NE(store_->memory.find("a"), nullptr);
  EXPECT_EQ(presence_->blocksLost(), 2);
  EXPECT_EQ(presence_->blocksRebuilt(), 2);
  EXPECT_EQ(told_, (Texts{"lost a 2: no copy of it is left", "lost c 2: no copy of it is left",
                          "recovered a 2", "recovered c 2"}));
  EXPECT_EQ(node_->log().count("block_lost"), 2u);
  EXPECT_EQ(node_->log().count("block_recovered"), 2u);

  ASSERT_TRUE(present({"a", "b", "c"}));  // The next attempt finds them.
  EXPECT_EQ(asked_, (Texts{"a", "c"}));
}

TEST_F(BatchPresenceTest, SaysOfACopyThatCannotBeGotNowThatItIsThere) {
  store_->far.insert_or_assign("a", whole_.at("a"));
  store_->outage = Error(Code::kTimeout, "the store does not answer");
  failure_ = Error(Code::kThrottled, "slow down");
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(present({"a"}));
  EXPECT_EQ(told_, (Texts{"lost a 2: its copy cannot be got now: the store does not answer"}));

  store_->outage.reset();
  EXPECT_TRUE(present({"a"}));
  EXPECT_EQ(asked_, Texts{});

  blocks_->lose("a");
  store_->outage = Error(Code::kDamagedBlock, "other bytes than were written");
  EXPECT_FALSE(present({"a"}));
  ASSERT_EQ(told_.size(), 2u) << "it was back in between";
  EXPECT_EQ(told_[1], "lost a 2: no copy of it can be read");
}

TEST_F(BatchPresenceTest, AnOutageThatTurnsOutToBeALossIsTold) {
  store_->outage = Error(Code::kTimeout, "the store does not answer");
  failure_ = Error(Code::kThrottled, "slow down");
  EXPECT_FALSE(present({"a"}));
  store_->outage.reset();
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(present({"a"}));
  EXPECT_EQ(node_->log().count("block_lost"), 2u);
  EXPECT_EQ(presence_->blocksLost(), 1);
}

// (D11)
TEST_F(BatchPresenceTest, PutsBackAtTheLevelOfTheStream) {
  for (int i = 1; i <= static_cast<int>(StorageLevel::OFF_HEAP); ++i) {
    level_ = static_cast<StorageLevel>(i);
    SCOPED_TRACE(storageLevelName(level_));
    store_->levels.clear();
    ASSERT_TRUE(present({"a", "b"}));
    EXPECT_EQ(store_->levels, (std::vector<StorageLevel>{level_, level_}));
    for (const char* id : {"a", "b"}) blocks_->release(id);
  }
}

TEST_F(BatchPresenceTest, HoldsWhatTheStoreDoesNotTakeUntilItIsReleased) {
  for (const bool keep : {true, false}) {
    make({.keepRebuilt = keep});
    store_->refuses = keep;
    auto batch = present({"a"});
    ASSERT_TRUE(batch);
    EXPECT_EQ(recordsAt(*batch, "a"), 2);
    EXPECT_EQ(store_->memory.find("a"), nullptr);
    EXPECT_NE(blocks_->find("a"), nullptr);
    for (int attempt = 1; attempt <= 2; ++attempt) {
      EXPECT_EQ(batch->unstored, std::set<std::string>{"a"}) << attempt;
      batch = present({"a"});
    }
    EXPECT_EQ(node_->log().count("block_not_kept"), 1u) << "only where it was to be kept";
    presence_->forget("a");
    blocks_->release("a");
    EXPECT_EQ(blocks_->find("a"), nullptr);
    store("a");  // Nothing is left of it.
    EXPECT_TRUE(present({"a"})->unstored.empty());
    blocks_->release("a");
  }
}

TEST_F(BatchPresenceTest, ABlockThatWasHeldAndIsLostOnceMoreGoesIntoTheStore) {
  store_->refuses = true;
  EXPECT_EQ(present({"a"})->unstored.size(), 1u);
  store_->refuses = false;
  presence_->unreadable("a");
  EXPECT_TRUE(present({"a"})->unstored.empty());
  EXPECT_NE(store_->memory.find("a"), nullptr);
}

TEST_F(BatchPresenceTest, ALevelThatKeepsNothingHasEveryBlockReadAgain) {
  level_ = StorageLevel::NONE;
  ASSERT_TRUE(present({"a", "b"}));
  EXPECT_EQ(asked_, (Texts{"a", "b"}));
  EXPECT_EQ(store_->memory.size(), 0u);
  EXPECT_EQ(told_.front(), "lost a 2: the storage level keeps no blocks");
}

TEST_F(BatchPresenceTest, AFailedRecoveryIsTriedAgainAndTheLossToldOnce) {
  failure_ = Error(Code::kThrottled, "slow down");
  for (int i = 0; i < 2; ++i) {
    auto batch = present({"a"});
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code(), Code::kThrottled);
  }
  failure_.reset();
  EXPECT_TRUE(present({"a"}));
  EXPECT_EQ(told_, (Texts{"lost a 2: no copy of it is left", "recovered a 2"}));
}

TEST_F(BatchPresenceTest, ABlockThatATaskCouldNotReadIsReadAgain) {
  store("a");
  presence_->unreadable("a");
  ASSERT_TRUE(present({"a"}));
  EXPECT_EQ(told_, (Texts{"lost a 2: no copy of it can be read", "recovered a 2"}));
}

TEST_F(BatchPresenceTest, RecordsThatAreGoneLeaveTheBatchWithTheRest) {
  gone_ = "b";
  auto batch = present({"a", "b"});
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->batch->records(), 3);
  ASSERT_EQ(batch->batch->inputs[0][1]->slices.size(), 1u);
  EXPECT_EQ(batch->batch->inputs[0][1]->slices[0].range.shardId, "s1");
  EXPECT_EQ(recordsAt(*batch, "b"), 1);
  EXPECT_EQ(told_.back(), "recovered b 1");
}

TEST_F(BatchPresenceTest, LosesThePartOfTheBlocksThatATestAsksFor) {
  make({.losePerMillion = 300'000});
  for (int i = 0; i < 200; ++i) {
    store("a");
    ASSERT_TRUE(present({"a"}));
    blocks_->release("a");
  }
  EXPECT_GT(presence_->blocksLost(), 30);
  EXPECT_LT(presence_->blocksLost(), 90);
  EXPECT_EQ(presence_->blocksLost(), presence_->blocksRebuilt());
}

}  // namespace
}  // namespace tidemill::stream
