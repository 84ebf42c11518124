// Copies of blocks behind a network, beside those of a store that tasks can read.
#include "block/far_blocks.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>

#include "block/fake_block_files.h"
#include "block/test_blocks.h"
#include "block/tiered_block_store.h"
#include "rt/task_group.h"
#include "sim/world.h"

namespace tidemill::block {
namespace {

using namespace std::chrono_literals;

struct FarPlace {
  std::map<std::string, std::string> values;
  std::optional<Error> failure;
};

// Each call takes a while.
class FakeFarStore final : public FarStore {
 public:
  FakeFarStore(rt::Loop& loop, std::shared_ptr<FarPlace> place) : loop_(loop), place_(std::move(place)) {}
  rt::Task<Result<void>> open() override { co_return co_await pass(); }
  rt::Task<Result<void>> put(std::string name, std::string bytes) override {
    auto passed = co_await pass();
    if (passed) place_->values[name] = std::move(bytes);
    co_return std::move(passed);
  }
  rt::Task<Result<std::string>> get(std::string name) override {
    auto passed = co_await pass();
    if (!passed) co_return fail(passed.error());
    const auto found = place_->values.find(name);
    if (found == place_->values.end()) co_return fail(Code::kNotFound, "no " + name, "");
    co_return found->second;
  }
  rt::Task<Result<std::vector<std::string>>> list() override {
    auto passed = co_await pass();
    if (!passed) co_return fail(passed.error());
    std::vector<std::string> names;
    for (const auto& [name, bytes] : place_->values) names.push_back(name);
    co_return std::move(names);
  }
  rt::Task<Result<void>> remove(std::string name) override {
    auto passed = co_await pass();
    if (passed) place_->values.erase(name);
    co_return std::move(passed);
  }

 private:
  rt::Task<Result<void>> pass() {
    co_await loop_.sleepFor(10ms);
    if (place_->failure) co_return fail(*place_->failure);
    co_return Result<void>();
  }

  rt::Loop& loop_;
  const std::shared_ptr<FarPlace> place_;
};

class FarBlocksTest : public testing::Test {
 protected:
  FarBlocksTest()
      : node_(world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }))) {
    begin();
  }
  // A new process; `places` of the far ones.
  void begin(std::size_t places = 1) {
    store_.reset();
    TieredFiles files{std::make_shared<FakeFiles>(disk_), {}};
    while (far_.size() < places) far_.push_back(std::make_shared<FarPlace>());
    for (std::size_t i = 0; i < places; ++i) {
      const std::string name = "s3://bucket/" + std::to_string(i);
      auto store = std::make_shared<FakeFarStore>(node_.env().loop, far_[i]);
      files.replicas.push_back({name, nullptr, std::make_shared<FarBlocks>(node_.env(), name, store)});
    }
    store_ = std::make_unique<TieredBlockStore>(node_.env(), TieredOptions{}, std::move(files));
  }
  std::vector<std::shared_ptr<const BlockInfo>> opened() {
    auto found = world_.loop().run(store_->open());
    EXPECT_TRUE(found) << found.error().message();
    return found.value_or(std::vector<std::shared_ptr<const BlockInfo>>());
  }
  Placement put(const std::string& id, StorageLevel level) {
    auto placed = world_.loop().run(store_->put(testBlock(id, 100, 10, 500), level));
    EXPECT_TRUE(placed) << placed.error().message();
    return placed.value_or(Placement{});
  }
  // The text of the block that is fetched, or the name of the error.
  std::string fetched(const std::string& id) {
    auto block = world_.loop().run(store_->fetch(id));
    return block ? textOf(**block) : std::string(codeName(block.error().code()));
  }
  std::string textOfBlock(const std::string& id) { return textOf(*testBlock(id, 100, 10, 500)); }
  std::uint64_t events(std::string_view name) const { return node_.log().count(name); }

  sim::World world_{1};
  sim::Node& node_;
  std::shared_ptr<FakePlace> disk_ = std::make_shared<FakePlace>();
  std::vector<std::shared_ptr<FarPlace>> far_;
  std::unique_ptr<TieredBlockStore> store_;
};

TEST_F(FarBlocksTest, ALevelOfTwoIsReachedAndTheNearCopyIsWhatTasksRead) {
  for (const StorageLevel level :
       {StorageLevel::MEMORY_ONLY_2, StorageLevel::DISK_ONLY_2, StorageLevel::MEMORY_AND_DISK_SER_2}) {
    const std::string id = "a" + std::to_string(static_cast<int>(level));
    EXPECT_EQ(put(id, level).copies, 2);
    ASSERT_NE(store_->find(id), nullptr);
    EXPECT_TRUE(store_->find(id)->load());
    EXPECT_TRUE(far_[0]->values.contains(id));
    store_->release(id);
    world_.runFor(1s);
    EXPECT_FALSE(far_[0]->values.contains(id));
  }
  EXPECT_EQ(events("storage_level_reduced"), 0u);
}

TEST_F(FarBlocksTest, WhatIsLostHereIsFetched) {
  put("a", StorageLevel::DISK_ONLY_2);
  store_->markLost("a");
  EXPECT_EQ(store_->find("a"), nullptr);
  EXPECT_EQ(fetched("a"), textOfBlock("a"));
  EXPECT_EQ(fetched("b"), "NotFound");
  store_->release("a");
  world_.runFor(1s);
  EXPECT_TRUE(far_[0]->values.empty());
  EXPECT_TRUE(disk_->stored.empty()) << "the place that could not be read hears of it, too";
}

TEST_F(FarBlocksTest, ADamagedValueIsToldAndTheNextHolderIsAsked) {
  begin(2);
  auto placed = world_.loop().run(store_->put(testBlock("a", 100, 10, 500), StorageLevel::DISK_ONLY_3));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->copies, 3);
  std::string& value = far_[0]->values.at("a");
  value[value.size() - 7] = static_cast<char>(value[value.size() - 7] ^ 1);
  store_->markLost("a");
  EXPECT_EQ(fetched("a"), textOfBlock("a"));
  EXPECT_EQ(events("block_copy_damaged"), 1u);
  far_[1]->values.clear();
  EXPECT_EQ(fetched("a"), "DamagedBlock");
  EXPECT_EQ(fetched("a"), "NotFound") << "nobody is sent there again";
}

TEST_F(FarBlocksTest, AnOutageIsAWarningAndACopyLess) {
  far_[0]->failure = Error(Code::kServiceError, "503 Slow Down", "");
  EXPECT_EQ(put("a", StorageLevel::DISK_ONLY_2).copies, 1);
  EXPECT_EQ(events("block_store_failed"), 1u);
  EXPECT_EQ(events("storage_level_reduced"), 1u);
  far_[0]->failure.reset();
  world_.runFor(20s);
  EXPECT_EQ(put("b", StorageLevel::DISK_ONLY_2).copies, 2);
  EXPECT_EQ(events("block_store_restored"), 1u);
}

// Each call takes 10 ms.
TEST_F(FarBlocksTest, SeveralCallsAreOnTheirWayAtOnce) {
  rt::TaskGroup puts(node_.env().loop);
  const auto timeOf = [this](const std::function<void()>& act) {
    const rt::TimePoint began = world_.loop().now();
    act();
    return world_.loop().now() - began;
  };
  const auto putOne = [](TieredBlockStore& store, std::string id) -> rt::Task<void> {
    auto block = testBlock(id, 100, 10, 500);
    auto placed = co_await store.put(std::move(block), StorageLevel::DISK_ONLY_2);
    EXPECT_TRUE(placed && placed->copies == 2);
  };
  for (int i = 0; i < 64; ++i) puts.spawn(putOne(*store_, "b" + std::to_string(100 + i)));
  EXPECT_LT(timeOf([&] { world_.loop().run(puts.join(60s)); }), 320ms);
  EXPECT_EQ(far_[0]->values.size(), 64u);

  disk_->stored.clear();
  begin();
  EXPECT_LT(timeOf([&] { EXPECT_EQ(opened().size(), 64u); }), 320ms);
  for (int i = 0; i < 64; ++i) store_->release("b" + std::to_string(100 + i));
  world_.runFor(160ms);
  EXPECT_TRUE(far_[0]->values.empty());
}

TEST_F(FarBlocksTest, TheNextProcessFindsWhatLiesThereAndSkipsWhatIsNotOurs) {
  put("a", StorageLevel::DISK_ONLY_2);
  put("b", StorageLevel::DISK_ONLY_2);
  far_[0]->values["notes.txt"] = "hello";
  disk_->stored.clear();  // The machine is a new one.
  begin();
  std::vector<std::string> ids;
  for (const auto& info : opened()) ids.push_back(info->id);
  EXPECT_EQ(ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(events("far_block_unreadable"), 1u);
  EXPECT_EQ(store_->find("a"), nullptr);
  EXPECT_EQ(fetched("a"), textOfBlock("a"));
}

}  // namespace
}  // namespace tidemill::block
