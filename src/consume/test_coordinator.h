// consume/test_coordinator.h: a coordinator in a simulated world, between a scripted Kinesis and a table
// in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block.h"
#include "consume/scripted_kinesis.h"
#include "consume/shard_coordinator.h"
#include "lease/memory_lease_store.h"
#include "rt/task_group.h"
#include "sim/world.h"

namespace tidemill::consume {

class CoordinatorFixture : public testing::Test, public CoordinatorListener {
 protected:
  void SetUp() override {
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    store_ = std::make_unique<lease::MemoryLeaseStore>(node_->env(), "app", "orders", table_);
    options_.application = "app";
    options_.stream = "orders";
    options_.worker = {"me", "me/1"};
    options_.initialPosition = KinesisInitialPosition::TrimHorizon();
    restart();
  }
  // A new coordinator on the same table, as after a crash.
  void restart() {
    tasks_.cancel();
    ran_.reset();
    started_.clear();
    stopped_.clear();
    coordinator_ = std::make_unique<ShardCoordinator>(node_->env(), api_, *store_, *this, options_);
  }
  void startShard(const ShardStart& start) override { started_.insert_or_assign(start.shardId, start); }

  void stopShard(const ShardStop& stop) override { stopped_.push_back(stop); }

  Result<void> open() { return world_.loop().run(coordinator_->open()); }
  // Opens and lets run() go on beside the test.
  void openAndRun() {
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message();
    tasks_.spawn(runInto(*coordinator_, ran_));
  }
  Result<void> stopAndFinish() {
    coordinator_->requestStop();
    world_.runFor(std::chrono::seconds(1));
    EXPECT_TRUE(ran_.has_value()) << "run() has not ended";
    return world_.loop().run(coordinator_->finish());
  }
  // Code of what ended run(), which must have ended.
  Code runCode() {
    if (!ran_ || *ran_) return Code::kUsage;
    return ran_->error().code();
  }

  // The outputs of a batch with these records of one shard have succeeded; with `end`, the shard ended behind
  // them.
  void process(const std::string& shardId, const std::vector<std::string>& numbers,
               std::optional<block::ShardEnd> end = std::nullopt) {
    std::vector<block::BlockSlice> slices;
    if (!numbers.empty()) {
      auto page = std::make_shared<block::ShardPage>();
      page->streamName = "orders";
      page->shardId = shardId;
      page->token = tokenOf(shardId);
      page->page = pageOf(numbers, "next");
      slices.push_back({page, 0, numbers.size()});
    }
    std::vector<block::ShardEnd> ends;
    if (end) ends.push_back(*end);
    for (block::ShardEnd& one : ends) one.token = tokenOf(shardId);
    const block::Block all("b", std::move(slices), std::move(ends));
    coordinator_->processed({all.info()});
  }
  // As the shard was started with last.
  std::int64_t tokenOf(const std::string& shardId) const {
    const auto start = started_.find(shardId);
    return start == started_.end() ? 0 : start->second.token;
  }
  lease::Lease& row(const std::string& shardId) { return table_->rows.at(shardId); }
  lease::Lease& addRow(const std::string& shardId, const lease::Checkpoint& checkpoint) {
    lease::Lease lease;
    lease.leaseKey = shardId;
    lease.leaseOwner = "me";
    lease.incarnation = "me/1/0";
    lease.checkpoint = checkpoint;
    return table_->rows.insert_or_assign(shardId, lease).first->second;
  }
  std::uint64_t logged(std::string_view event) const { return node_->log().count(event); }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  ScriptedKinesis api_;
  std::shared_ptr<lease::MemoryLeaseTable> table_ = std::make_shared<lease::MemoryLeaseTable>();
  std::unique_ptr<lease::MemoryLeaseStore> store_;
  CoordinatorOptions options_;
  std::map<std::string, ShardStart> started_;
  std::vector<ShardStop> stopped_;
  std::unique_ptr<ShardCoordinator> coordinator_;
  std::optional<Result<void>> ran_;
  rt::TaskGroup tasks_{world_.loop()};

 private:
  static rt::Task<void> runInto(ShardCoordinator& coordinator, std::optional<Result<void>>& into) {
    auto ended = co_await coordinator.run();
    into.emplace(std::move(ended));
  }
};

}  // namespace tidemill::consume
