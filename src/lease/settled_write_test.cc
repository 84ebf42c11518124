#include "lease/settled_write.h"

#include <gtest/gtest.h>

#include "lease/memory_lease_store.h"
#include "sim/world.h"

namespace tidemill::lease {
namespace {

// A memory table whose requests and responses get lost as often as a test says.
class SettledWriteTest : public testing::Test {
 protected:
  void SetUp() override {
    Lease row;
    row.leaseKey = "shard-1";
    row.leaseOwner = "me";
    table_->rows["shard-1"] = row;
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    store_ = std::make_unique<MemoryLeaseStore>(node_->env(), "app", "orders", table_);
  }
  SettleContext context() { return {world_.loop(), *store_, random_}; }
  const Lease& row() const { return table_->rows.at("shard-1"); }

  sim::World world_{1};
  base::Random random_{1};
  sim::Node* node_ = nullptr;
  std::shared_ptr<MemoryLeaseTable> table_ = std::make_shared<MemoryLeaseTable>();
  std::unique_ptr<MemoryLeaseStore> store_;
};

TEST_F(SettledWriteTest, TakesALostResponseForSuccessNotForTheft) {
  world_.faultPlan().rates = {{"lease.lost_response", 500'000}};
  Lease held = row();
  for (int i = 1; i <= 50; ++i) {
    auto written =
        world_.loop().run(writeSettled(context(), checkpointing(held, Checkpoint::at(std::to_string(i)))));
    ASSERT_TRUE(written) << written.error().message();
    held = written->row;
    EXPECT_EQ(held, row());
  }
  EXPECT_EQ(row().leaseCounter, 50);
}

TEST_F(SettledWriteTest, TriesAgainWhenTheRequestWasLost) {
  world_.faultPlan().rates = {{"lease.lost_request", 400'000}};
  auto written = world_.loop().run(writeSettled(context(), checkpointing(row(), Checkpoint::at("7"))));
  ASSERT_TRUE(written);
  EXPECT_EQ(row().checkpoint, Checkpoint::at("7"));
}

TEST_F(SettledWriteTest, TellsAnotherOwnersWriteApart) {
  const Lease stale = row();
  table_->rows["shard-1"].leaseOwner = "you";
  ++table_->rows["shard-1"].leaseCounter;
  auto written = world_.loop().run(writeSettled(context(), checkpointing(stale, Checkpoint::at("7"))));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kConflict);
  EXPECT_EQ(
      written.error().message(),
      "application app, stream orders, lease shard-1: the row was written by another; its owner is you");
  EXPECT_FALSE(row().checkpoint.isSequenceNumber());
}

TEST_F(SettledWriteTest, TellsATwinOfTheSameIdApart) {
  const Lease held = row();
  table_->rows["shard-1"] = taking(held, {"me", "twin"}).after;
  auto written = world_.loop().run(writeSettled(context(), renewing(held)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kConflict);
}

TEST_F(SettledWriteTest, DatesALostAnswerByTheFirstAttempt) {
  const rt::TimePoint start = world_.loop().now();
  world_.faultPlan().rates = {{"lease.lost_response", 500'000}};
  Lease held = row();
  for (int i = 0; i < 20; ++i) {
    const rt::TimePoint before = world_.loop().now();
    const std::int64_t counter = row().leaseCounter;
    auto written = world_.loop().run(writeSettled(context(), renewing(held)));
    ASSERT_TRUE(written);
    EXPECT_EQ(row().leaseCounter, counter + 1);
    EXPECT_EQ(written->sent, before);
    held = written->row;
  }
  EXPECT_GT(world_.loop().now(), start);
}

TEST_F(SettledWriteTest, GivesUpAfterItsAttempts) {
  world_.faultPlan().rates = {{"lease.lost_request", 1'000'000}};
  auto written = world_.loop().run(writeSettled(context(), checkpointing(row(), Checkpoint::at("7"))));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kTimeout);
}

TEST_F(SettledWriteTest, LearnsFromTheSameWriteWhetherALostOneWasApplied) {
  world_.faultPlan().rates = {{"lease.lost_response", 1'000'000}};
  const Lease held = row();
  const auto open = world_.loop().run(writeSettled(context(), checkpointing(held, Checkpoint::at("7"))));
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code(), Code::kTimeout);    // Not a conflict: nobody could look.
  EXPECT_EQ(row().checkpoint, Checkpoint::at("7"));  // Applied, but nobody was told.

  world_.faultPlan().rates = {};
  const auto again = world_.loop().run(writeSettled(context(), checkpointing(held, Checkpoint::at("7"))));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->row, row());
}

TEST_F(SettledWriteTest, CreatesARowOnceHoweverOftenItIsSent) {
  world_.faultPlan().rates = {{"lease.lost_response", 400'000}};
  Lease child;
  child.leaseKey = "shard-2";
  EXPECT_TRUE(world_.loop().run(createSettled(context(), child)));
  EXPECT_EQ(table_->rows.at("shard-2"), child);
}

}  // namespace
}  // namespace tidemill::lease
