// What a checkpoint directory gives: with the meaning of Spark's CheckpointSuite and FailureSuite.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "stream/test_driver.h"

namespace tidemill {
namespace {

class DriverRestartTest : public DriverFixture {
 protected:
  // Processes whose lease checkpoints follow the store, and which are killed; `between` befalls the host.
  void runStored(int lives, const std::function<void()>& between) {
    createStream(2);
    checkpointInterval_ = Seconds(0);
    conf_.set("kinesis.checkpoint.after", "stored");
    const Define define = [this](StreamingContext& context) {
      keep(input(context, StorageLevel::MEMORY_AND_DISK));
    };
    int produced = 0;
    for (int life = 0; life < lives; ++life) {
      auto context = begin(define);
      for (int step = 0; step < 3; ++step) {
        put(numbered(produced + 1, produced + 5));
        produced += 5;
        world_.runFor(std::chrono::milliseconds(random_.between(100, 900)));
      }
      context.reset();
      between();
    }
    auto last = begin(define);
    world_.runFor(15s);
    EXPECT_EQ(all(), numbered(1, produced));
    EXPECT_TRUE(stopped(*last));
  }
  // Leaves 40 lines in batches that failed. Another worker holds one of the two leases for so long, and does
  // nothing.
  void startWithoutOneOfTwoShards(std::chrono::seconds held) {
    createStream(2);
    put(numbered(1, 40));
    auto first = begin([&](StreamingContext& context) {
      input(context).foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
        if (batch.records > 0) throw std::runtime_error("the sink is down");
      });
    });
    EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
    first.reset();
    auto& row = leases_->rows.begin()->second;
    row.leaseOwner = "other";
    row.leaseCounter += 1;
    world_.spawn(renewOthersLease(static_cast<int>(held / 2s)));
  }
  rt::Task<void> renewOthersLease(int times) {
    for (int i = 0; i < times; ++i) {
      co_await world_.loop().sleepFor(2s);
      auto& row = leases_->rows.begin()->second;
      if (row.leaseOwner == "other") row.leaseCounter += 1;
    }
  }
};

TEST_F(DriverRestartTest, WhatWasCompletedIsNotDeliveredAgainThoughNoLeaseCheckpointSaysSo) {
  createStream(2);
  put(numbered(1, 20));
  auto first = begin(collect());
  world_.runFor(5s);
  EXPECT_EQ(all(), numbered(1, 20));
  first.reset();  // Killed.

  put(numbered(21, 30));
  auto second = begin(collect());
  world_.runFor(5s);
  EXPECT_EQ(all(), numbered(1, 30));
  EXPECT_TRUE(stopped(*second));
  EXPECT_EQ(second->totals().received, second->totals().processed);
}

TEST_F(DriverRestartTest, EmptyBatchesOfAThousandSecondsWithoutAProcessAreNotMadeUpFor) {
  createStream(1);
  std::set<Time> times;
  const Define define = [&](StreamingContext& context) {
    const auto lines = input(context);
    keep(lines);
    lines.foreachRDD([&](const RDD<std::string>&, Time time) { times.insert(time); });
  };
  put(numbered(1, 5));
  auto first = begin(define);
  world_.runFor(4s);
  first.reset();
  world_.runFor(1000s);
  times.clear();
  put(numbered(6, 8));

  auto second = begin(define);
  world_.runFor(10s);
  EXPECT_LE(times.size(), 12u);
  EXPECT_EQ(all(), numbered(1, 8));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(DriverRestartTest, OfAThousandMissedBatchesThoseRunThatAWindowSeesRecordsIn) {
  createStream(1);
  std::map<Time, std::int64_t> counts;
  const Define define = [&](StreamingContext& context) {
    input(context).window(Seconds(5)).foreachRDD([&](const RDD<std::string>& rdd, Time time) {
      counts[time] = rdd.count();
    });
  };
  put(numbered(1, 5));
  auto first = begin(define);
  world_.runFor(4s);
  first.reset();
  const std::map<Time, std::int64_t> before = counts;
  ASSERT_FALSE(before.empty());
  world_.runFor(1000s);

  auto second = begin(define);
  world_.runFor(10s);
  std::size_t missed = 0;
  for (const auto& [time, count] : counts) {
    if (!before.contains(time) && time < before.rbegin()->first + Seconds(990)) ++missed;
  }
  EXPECT_GE(missed, 1u);
  EXPECT_LE(missed, 6u);
  EXPECT_EQ(counts.rbegin()->second, 0);
  EXPECT_TRUE(stopped(*second));
}

TEST_F(DriverRestartTest, NoSecretOfTheProgramReachesTheDirectory) {
  fake::FakeAwsOptions anybody;
  anybody.verifySignatures = false;
  fake::FakeAws service(anybody);
  intercept_ = [&](const http::Request& request) -> std::optional<http::Response> {
    return service.handle(request, env().loop.wall()).response;
  };
  createStream(1);
  put(numbered(1, 5));
  const std::string key = "AKIA-of-the-program";
  const std::string secret = "secret-of-the-program";
  const Define define = [&](StreamingContext& context) {
    keep(KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                    InitialPositionInStream::TRIM_HORIZON, Seconds(1),
                                    StorageLevel::MEMORY_ONLY, key, secret));
  };
  conf_.set("tidemill.checkpoint.interval", "1s");
  auto context = begin(define);
  world_.runFor(6s);
  EXPECT_EQ(all(), numbered(1, 5));
  EXPECT_TRUE(stopped(*context));
  std::size_t files = 0;
  for (const char* folder : {"/checkpoints", "/checkpoints/log", "/checkpoints/metadata"}) {
    auto names = env().files.list(folder);
    ASSERT_TRUE(names) << folder;
    for (const std::string& name : *names) {
      auto bytes = env().files.read(std::string(folder) + "/" + name, 1 << 26);
      if (!bytes) continue;  // A folder.
      ++files;
      EXPECT_EQ(bytes->find(secret), std::string::npos) << name;
      EXPECT_EQ(bytes->find(key), std::string::npos) << name;
    }
  }
  EXPECT_GE(files, 3u);
  for (const std::string& line : node_->log().lines())
    EXPECT_EQ(line.find(secret), std::string::npos) << line;
  intercept_ = nullptr;
}

TEST_F(DriverRestartTest, ABatchThatWasNotCompletedRunsAgainAtItsTimeWithItsBlocks) {
  createStream(2);
  put(numbered(1, 20));
  std::vector<std::pair<std::int64_t, std::int64_t>> tried;  // Time and records.
  auto first = begin([&](StreamingContext& context) {
    input(context).foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
      if (batch.records == 0) return;
      tried.emplace_back(batch.time.time_since_epoch().count(), batch.records);
      throw std::runtime_error("the sink is down");
    });
  });
  EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
  ASSERT_FALSE(tried.empty());
  first.reset();
  world_.runFor(20s);

  auto second = begin(collect());
  world_.runFor(10s);
  ASSERT_TRUE(seen_.contains(tried.front().first)) << "the same batch";
  EXPECT_EQ(static_cast<std::int64_t>(seen_[tried.front().first].size()), tried.front().second);
  EXPECT_EQ(all(), numbered(1, 20));
}

// Spark: FailureSuite.
TEST_F(DriverRestartTest, ManyRandomRestartsDeliverEveryLineOnce) {
  createStream(4);
  int produced = 0;
  for (int life = 0; life < 15; ++life) {
    auto context = begin(collect());
    for (int step = 0; step < 4; ++step) {
      put(numbered(produced + 1, produced + 7));
      produced += 7;
      world_.runFor(std::chrono::milliseconds(random_.between(50, 900)));
    }
  }
  auto last = begin(collect());
  world_.runFor(15s);
  EXPECT_EQ(all(), numbered(1, produced));
  EXPECT_TRUE(stopped(*last));
}

TEST_F(DriverRestartTest, AfterAGracefulStopNothingComesAgainAndTheDirectoryIsClosed) {
  createStream(2);
  put(numbered(1, 10));
  auto first = begin(collect());
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*first));
  first.reset();
  auto second = begin(collect());
  world_.runFor(3s);
  EXPECT_EQ(all(), numbered(1, 10));
}

TEST_F(DriverRestartTest, BlocksOfAShardWhoseLeaseComesLaterAreDeliveredThen) {
  startWithoutOneOfTwoShards(30s);
  auto second = begin(collect());
  world_.runFor(90s);
  EXPECT_EQ(all(), numbered(1, 40));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(DriverRestartTest, BlocksOfAShardWhoseLeaseComesTooLateAreReadAgain) {
  startWithoutOneOfTwoShards(90s);
  auto second = begin(collect());
  world_.runFor(200s);
  EXPECT_EQ(all(), numbered(1, 40));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(DriverRestartTest, AnotherWorkersProgressIsNotRepeated) {
  createStream(1);
  put(numbered(1, 10));
  auto first = begin([&](StreamingContext& context) {
    input(context).foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
      if (batch.records > 0) throw std::runtime_error("the sink is down");
    });
  });
  EXPECT_EQ(failureOf(*first), Code::kUserCodeFailed);
  first.reset();
  // Somebody has processed everything meanwhile, outside of this directory.
  put({"their last"});
  kinesis::IteratorPosition start;
  start.type = kinesis::IteratorPosition::Type::kTrimHorizon;
  auto iterator = world_.loop().run(client_->getShardIterator("orders", "shardId-000000000000", start));
  ASSERT_TRUE(iterator);
  auto page = world_.loop().run(client_->getRecords("orders", "shardId-000000000000", *iterator, 100));
  ASSERT_TRUE(page);
  leases_->rows.begin()->second.checkpoint =
      lease::Checkpoint::at(std::string(page->records.back().sequenceNumber));

  put(numbered(11, 12));
  auto second = begin(collect());
  world_.runFor(10s);
  EXPECT_EQ(all(), numbered(11, 12));
}

TEST_F(DriverRestartTest, CheckpointsThatFollowTheStoreLoseNothingOfTheMemory) {
  runStored(8, [] {});
}

// The store does not sync what it has released.
TEST_F(DriverRestartTest, WhatAPowerCutBringsBackIsNotDeliveredAgain) {
  runStored(12, [this] { node_->disk().powerCut(); });
  EXPECT_GE(events("blocks_logged_before"), 1u);
}

}  // namespace
}  // namespace tidemill
