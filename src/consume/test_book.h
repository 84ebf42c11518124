// consume/test_book.h: a lease book in a simulated world, on a table in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consume/lease_book.h"
#include "consume/scripted_kinesis.h"
#include "lease/memory_lease_store.h"
#include "sim/world.h"

namespace tidemill::consume {

class BookFixture : public testing::Test, public LeaseEvents {
 protected:
  struct Loss {
    std::string shardId;
    std::int64_t token = 0;
    LeaseLoss loss = LeaseLoss::kExpired;
    friend bool operator==(const Loss&, const Loss&) = default;
  };

  void SetUp() override {
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    store_ = std::make_unique<lease::MemoryLeaseStore>(node_->env(), "app", "orders", table_);
    book_ = std::make_unique<LeaseBook>(node_->env(), *store_, options_, *this);
  }
  void leaseLost(const std::string& shardId, std::int64_t token, LeaseLoss loss) override {
    losses_.push_back({shardId, token, loss});
  }
  void shardEndWritten(const std::string& shardId) override { ends_.push_back(shardId); }
  void leaseWanted(const std::string& shardId, std::int64_t) override { wanted_.push_back(shardId); }

  lease::Lease& row(const std::string& key) { return table_->rows.at(key); }
  lease::Lease& addRow(const std::string& key, const std::string& owner = {},
                       const lease::Checkpoint& checkpoint = lease::Checkpoint::trimHorizon()) {
    lease::Lease lease;
    lease.leaseKey = key;
    lease.leaseOwner = owner;
    lease.checkpoint = checkpoint;
    return table_->rows.insert_or_assign(key, lease).first->second;
  }
  // As another worker's take or renewal does it.
  void writtenBy(const std::string& owner, const std::string& key = "shard-1") {
    row(key).leaseOwner = owner;
    ++row(key).leaseCounter;
  }
  Result<void> read() { return world_.loop().run(book_->read()); }
  lease::LeaseTake takeOf(const std::string& key) {
    return {.leaseKey = key,
            .reason = lease::TakeReason::kUnowned,
            .from = {},
            .waited = {},
            .seenCounter = book_->rows().at(key).leaseCounter};
  }
  Result<void> take(const std::vector<std::string>& keys) {
    std::vector<lease::LeaseTake> takes;
    for (const std::string& key : keys) takes.push_back(takeOf(key));
    return world_.loop().run(book_->take(std::move(takes)));
  }
  // Reads the table and takes this row, which must succeed.
  void hold(const std::string& key) {
    ASSERT_TRUE(read());
    ASSERT_TRUE(take({key}));
    ASSERT_NE(book_->find(key), nullptr);
  }
  std::int64_t tokenOf(const std::string& key) const { return book_->find(key)->token(); }
  void processed(const std::string& key, const lease::Checkpoint& to, std::int64_t records = 1) {
    book_->processed(key, tokenOf(key), to, records);
  }
  // Time goes by, and the book looks for what is due as often as a coordinator does.
  void pumpFor(rt::Duration duration) {
    const rt::TimePoint end = world_.loop().now() + duration;
    while (world_.loop().now() < end) {
      book_->pump();
      world_.runFor(std::chrono::milliseconds(50));
    }
  }
  void loses(const std::string& faultPoint, bool always) {
    world_.faultPlan().rates[faultPoint] = always ? 1'000'000 : 0;
  }
  std::uint64_t logged(std::string_view event) const { return node_->log().count(event); }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  ScriptedKinesis api_;
  std::shared_ptr<lease::MemoryLeaseTable> table_ = std::make_shared<lease::MemoryLeaseTable>();
  std::unique_ptr<lease::MemoryLeaseStore> store_;
  LeaseBookOptions options_{.worker = {"me", "me/1"},
                            .times = {.failover = std::chrono::seconds(10)},
                            .checkpointInterval = std::chrono::seconds(1)};
  std::vector<Loss> losses_;
  std::vector<std::string> ends_;
  std::vector<std::string> wanted_;
  std::unique_ptr<LeaseBook> book_;
};

}  // namespace tidemill::consume
