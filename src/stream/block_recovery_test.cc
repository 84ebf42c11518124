#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "stream/test_delivery.h"

namespace tidemill {
namespace {

// Blocks that are lost between their arrival and their batch, in a whole context.
class BlockRecoveryTest : public DeliveryFixture {
 protected:
  bool asks(const http::Request& request, std::string_view what) const {
    return request.body.find(what) != std::string::npos;
  }
  // Nobody may read anything from the middle of a shard, as recovery does.
  std::optional<http::Response> refuseRecovery(const http::Request& request) const {
    if (!asks(request, "\"AT_SEQUENCE_NUMBER\"") && !asks(request, "AT_SEQUENCE_NUMBER")) return std::nullopt;
    return sim::makeResponse(500, "application/x-amz-json-1.1", "{}");
  }
  // A day and an hour pass at the service, and its records with them.
  void trimEverything() {
    intercept_ = [this](const http::Request& request) -> std::optional<http::Response> {
      return aws_.handle(request, world_.loop().wall() + 25h).response;
    };
  }
};

TEST_F(BlockRecoveryTest, LostBlocksAreReadAgainAndEveryRecordIsDeliveredOnce) {
  createStream(2);
  for (const char* lose : {"30%", "1"}) {
    StreamingContext context(*seams_, conf(lose), Seconds(1));
    deliver(context);
    context.start();
    putOverTime(15);
    ASSERT_TRUE(stopped(context));
    const StreamingTotals totals = context.totals();
    EXPECT_GT(totals.blocksLost, 0);
    EXPECT_EQ(totals.blocksLost, totals.blocksRebuilt);
    EXPECT_EQ(totals.received, 300);
    EXPECT_EQ(totals.checkpointed, 300);
    EXPECT_EQ(node_->log().count("block_lost"), node_->log().count("block_recovered"));
    EXPECT_EQ(node_->log().count("batch_failed"), 0u);
  }
  expectEachOnce();
}

TEST_F(BlockRecoveryTest, ALevelThatKeepsNothingReadsEveryBlockAgain) {
  createStream(2);
  StreamingContext context(*seams_, conf("0"), Seconds(1));
  deliver(context, StorageLevel::NONE);
  context.start();
  putOverTime(5);
  ASSERT_TRUE(stopped(context));
  expectEachOnce();
  EXPECT_GT(context.totals().blocksLost, 3);
  EXPECT_EQ(context.totals().blocksLost, context.totals().blocksRebuilt);
}

TEST_F(BlockRecoveryTest, BlocksWhoseFilesAreDamagedAreReadAgainWithoutAFailedAttempt) {
  createStream(1);
  using Damage = std::function<void(std::string & bytes)>;
  const std::map<std::string, Damage> damages = {
      {"flipped",
       [](std::string& bytes) {
         for (std::size_t at = 200; at < bytes.size(); at += 200)
           bytes[at] = static_cast<char>(bytes[at] ^ 1);
       }},
      {"truncated", [](std::string& bytes) { bytes.resize(bytes.size() / 2); }},
      {"emptied", [](std::string& bytes) { bytes.clear(); }},
      {"zeroed", [](std::string& bytes) { std::fill(bytes.begin() + 100, bytes.end() - 100, '\0'); }},
      {"removed", nullptr},
      {"zeroed to the end", [](std::string& bytes) { std::fill(bytes.begin() + 100, bytes.end(), '\0'); }},
  };
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    StreamingContext context(*seams_, conf("0"), Seconds(20));
    deliver(context, StorageLevel::DISK_ONLY);
    context.start();
    // Batches lie on multiples of their interval: the next one is far now.
    world_.runFor(20s - world_.loop().wall().time_since_epoch() % 20s + 3s);
    const std::size_t before = delivered_.size();
    putOverTime(4);
    ASSERT_EQ(delivered_.size(), before);
    int damaged = 0;
    const auto files = node_->disk().files();
    for (const auto& [path, inode] : files) {
      if (path.find("/segment-") == std::string::npos || inode->bytes.empty()) continue;
      if (damage) {
        damage(inode->bytes);
      } else {
        node_->disk().setName(path, nullptr);
      }
      ++damaged;
    }
    ASSERT_GT(damaged, 0);
    world_.runFor(40s);
    const auto end = stopped(context);
    ASSERT_TRUE(end) << end.error().message();
    expectEachOnce();
    EXPECT_GT(context.totals().blocksLost, 0);
    EXPECT_EQ(context.totals().blocksLost, context.totals().blocksRebuilt);
    EXPECT_EQ(node_->log().count("batch_failed"), 0u);
  }
}

TEST_F(BlockRecoveryTest, WhatWasStoredAndNotProcessedIsDeliveredByTheNextProcessOrReadAgain) {
  createStream(1);
  for (const char* after : {"stored", "processed"}) {
    const int before = put_;
    delivered_.clear();
    {
      StreamingContext first(*seams_, conf("0").set("kinesis.checkpoint.after", after), Seconds(60));
      deliver(first, StorageLevel::DISK_ONLY);
      first.start();
      world_.runFor(3s);
      putOverTime(3);
      world_.runFor(3s);
      first.requestStop(false);
      EXPECT_TRUE(ended(first));
      EXPECT_TRUE(delivered_.empty());
    }
    StreamingContext next(*seams_, conf("0").set("kinesis.checkpoint.after", after), Seconds(1));
    deliver(next, StorageLevel::DISK_ONLY);
    next.start();
    world_.runFor(20s);
    ASSERT_TRUE(stopped(next));
    EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(put_ - before));
    for (const auto& [line, times] : delivered_) EXPECT_EQ(times, 1) << line;
  }
  EXPECT_EQ(node_->log().count("blocks_left"), 2u);
}

TEST_F(BlockRecoveryTest, RecoveryGoesOnUnderThrottlingAndThroughAResharding) {
  createStream(2);
  world_.net().faults().on = true;
  world_.net().faults().throttle = 100'000;
  StreamingContext context(*seams_, conf("50%").set("spark.streaming.kinesis.retry.maxAttempts", "50"),
                           Seconds(1));
  deliver(context);
  context.start();
  putOverTime(3);
  ASSERT_TRUE(world_.loop().run(
      client_->splitShard("orders", "shardId-000000000000", "42535295865117307932921825928971026432")));
  putOverTime(20);
  world_.net().faults().on = false;
  // A stop leaves what was not read yet to the next run.
  world_.runUntil([this] { return delivered_.size() >= static_cast<std::size_t>(put_); }, 120s);
  ASSERT_TRUE(stopped(context));
  expectEachOnce();
  EXPECT_GT(context.totals().blocksRebuilt, 0);
}

TEST_F(BlockRecoveryTest, AnOutageOfTheRecoveryFailsTheBatchAndNothingIsLost) {
  createStream(1);
  StreamingContext context(*seams_, conf("1").set("tidemill.batch.maxFailures", "100"), Seconds(1));
  deliver(context);
  context.start();
  world_.runFor(3s);
  intercept_ = [this](const http::Request& request) { return refuseRecovery(request); };
  putOverTime(3);
  world_.runFor(30s);
  EXPECT_TRUE(delivered_.empty());
  EXPECT_GT(node_->log().count("batch_failed"), 0u);
  EXPECT_EQ(context.totals().processed, 0);
  intercept_ = nullptr;
  ASSERT_TRUE(stopped(context));
  expectEachOnce();
}

TEST_F(BlockRecoveryTest, AStopWithoutGraceCutsARecoveryShort) {
  createStream(1);
  StreamingContext context(*seams_, conf("1").set("tidemill.batch.maxFailures", "100"), Seconds(1));
  deliver(context);
  context.start();
  world_.runFor(3s);
  intercept_ = [this](const http::Request& request) { return refuseRecovery(request); };
  putOverTime(3);
  context.requestStop(true);
  EXPECT_FALSE(world_.runUntil([&] { return context.getState() == StreamingContextState::STOPPED; }, 20s));
  context.requestStop(false);
  EXPECT_TRUE(world_.runUntil([&] { return context.getState() == StreamingContextState::STOPPED; }, 3s));
  EXPECT_TRUE(context.awaitTermination());
  EXPECT_TRUE(delivered_.empty());
  intercept_ = nullptr;
  StreamingContext next(*seams_, conf("0"), Seconds(1));  // They are read from the lease checkpoint.
  deliver(next);
  next.start();
  world_.runFor(10s);
  ASSERT_TRUE(stopped(next));
  expectEachOnce();
}

TEST_F(BlockRecoveryTest, RecordsThatAreGoneStopTheContextWithDataLoss) {
  createStream(1);
  StreamingContext context(*seams_, conf("1"), Seconds(30));
  deliver(context);
  context.start();
  world_.runFor(3s);
  putOverTime(3);
  trimEverything();
  const Result<void> end = ended(context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kDataLoss);
  EXPECT_NE(end.error().message().find("shardId-000000000000"), std::string::npos) << end.error().message();
  EXPECT_TRUE(delivered_.empty());
  EXPECT_EQ(context.totals().processed, 0);
}

TEST_F(BlockRecoveryTest, RecordsThatAreGoneAreRecordedWherePolicySaysSoAndTheRestIsDelivered) {
  createStream(1);
  StreamingContext context(*seams_, conf("1").set("tidemill.recovery.onDataLoss", "record"), Seconds(30));
  deliver(context);
  context.start();
  world_.runFor(3s);
  putOverTime(2);
  trimEverything();
  world_.runFor(60s);
  EXPECT_TRUE(delivered_.empty());
  EXPECT_GE(node_->log().count("data_loss"), 1u);
  putNumbers(1000, 1010);
  world_.runFor(60s);
  EXPECT_EQ(delivered_.size(), 10u);
  EXPECT_TRUE(stopped(context));
}

TEST_F(BlockRecoveryTest, AnOutputThatFailsIsTriedAgainWithTheSameRecords) {
  createStream(1);
  StreamingContext context(*seams_, conf("1"), Seconds(1));
  int failures = 2;
  linesAt(context, StorageLevel::MEMORY_ONLY).foreachRDD([&](const RDD<std::string>& rdd) {
    const std::vector<std::string> all = rdd.collect();
    if (!all.empty() && failures-- > 0) throw std::runtime_error("the database is away");
    for (const std::string& line : all) ++delivered_[line];
  });
  context.start();
  putOverTime(3);
  ASSERT_TRUE(stopped(context));
  expectEachOnce();
}

TEST_F(BlockRecoveryTest, LeaseCheckpointsFollowTheOutputsOrTheStoreAsTheSettingSays) {
  createStream(1);
  for (const char* after : {"processed", "stored"}) {
    StreamingContext context(*seams_, conf("0").set("kinesis.checkpoint.after", after), Seconds(30));
    deliver(context);
    context.start();
    world_.runFor(3s);
    const lease::Checkpoint before = leases_->rows.begin()->second.checkpoint;
    delivered_.clear();
    putOverTime(3);
    world_.runFor(5s);
    const bool moved = leases_->rows.begin()->second.checkpoint.text() != before.text();
    EXPECT_EQ(moved, std::string_view(after) == "stored");
    EXPECT_TRUE(delivered_.empty());
    ASSERT_TRUE(stopped(context));
    EXPECT_EQ(delivered_.size(), 60u);
    EXPECT_EQ(context.totals().processed, 60);
    EXPECT_EQ(context.totals().checkpointed, 60);
  }
  EXPECT_EQ(node_->log().count("stored_blocks_not_durable"), 1u);
}

TEST_F(BlockRecoveryTest, ACheckpointThatFollowsAStoreThatKeepsNothingIsRefused) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("kinesis.checkpoint.after", "stored"), Seconds(1));
  deliver(context, StorageLevel::NONE);
  context.start();
  EXPECT_EQ(failureOf(context), Code::kInvalidConfig);
}

TEST_F(BlockRecoveryTest, WhatIsStoredUnderALeaseThatIsLostAfterwardsIsDeliveredHereIfCheckpointed) {
  createStream(1);
  StreamingContext context(*seams_, conf("0").set("kinesis.checkpoint.after", "stored"), Seconds(30));
  deliver(context);
  context.start();
  world_.runFor(3s);
  putOverTime(3);
  ASSERT_TRUE(delivered_.empty());
  lease::Lease& taken = leases_->rows.begin()->second;
  taken.leaseOwner = "you";
  ++taken.leaseCounter;
  world_.runFor(40s);
  EXPECT_EQ(node_->log().count("lease_lost"), 1u);
  expectEachOnce();
  EXPECT_TRUE(stopped(context));
}

}  // namespace
}  // namespace tidemill
