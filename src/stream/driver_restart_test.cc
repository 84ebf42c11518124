// What a checkpoint directory gives: with the meaning of Spark's CheckpointSuite, FailureSuite and the
// getOrCreate tests of its StreamingContextSuite.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "stream/checkpoint/memory_checkpoint_store.h"
#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace {

using Batches = std::map<std::int64_t, std::vector<std::string>>;

class DriverRestartTest : public ContextFixture {
 protected:
  using Define = std::function<void(StreamingContext&)>;

  DStream<std::string> input(StreamingContext& context, StorageLevel level = StorageLevel::MEMORY_ONLY) {
    // Lease checkpoints stay far behind, so that all that is known is in the directory.
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, checkpointInterval_, level);
  }
  std::unique_ptr<StreamingContext> begin(const Define& define, bool resume = true) {
    const auto factory = [&] {
      auto context = makeContext();
      define(*context);
      return context;
    };
    std::unique_ptr<StreamingContext> context;
    if (resume) {
      context = StreamingContext::getOrCreate("/checkpoints", factory);
    } else {
      context = factory();
      context->checkpoint("/checkpoints");
    }
    context->start();
    return context;
  }
  // Keeps what succeeds, by batch.
  Define collect() {
    return [this](StreamingContext& context) {
      input(context).foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
        for (std::string& line : rdd.collect()) seen_[batch.time.time_since_epoch().count()].push_back(line);
      });
    };
  }
  std::vector<std::string> all() const {
    std::vector<std::string> lines;
    for (const auto& [time, batch] : seen_) lines.insert(lines.end(), batch.begin(), batch.end());
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::vector<std::string> numbered(int from, int to) const {
    std::vector<std::string> lines;
    for (int i = from; i <= to; ++i) lines.push_back("line-" + std::to_string(1000 + i));
    return lines;
  }
  std::uint64_t events(const std::string& name) { return node_->log().count(name); }
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

  Duration checkpointInterval_ = Seconds(3600);
  Batches seen_;
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

TEST_F(DriverRestartTest, AContextMadeAnewOverAnOldDirectoryIsToldAndLosesNothing) {
  createStream(2);
  put(numbered(1, 20));
  begin(collect()).reset();
  auto first = begin(collect());
  world_.runFor(2500ms);
  first.reset();
  put(numbered(21, 30));

  auto second = begin(collect(), /*resume=*/false);
  world_.runFor(5s);
  EXPECT_EQ(events("checkpoint_metadata_ignored"), 1u);
  EXPECT_EQ(all(), numbered(1, 30));
}

TEST_F(DriverRestartTest, CheckpointsThatFollowTheStoreLoseNothingOfTheMemory) {
  createStream(2);
  checkpointInterval_ = Seconds(0);
  const auto define = [this](StreamingContext& context) {
    input(context, StorageLevel::MEMORY_AND_DISK)
        .foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
          for (std::string& line : rdd.collect())
            seen_[batch.time.time_since_epoch().count()].push_back(line);
        });
  };
  const auto factory = [&] {
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("kinesis.checkpoint.after", "stored");
    auto context = std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
    define(*context);
    return context;
  };
  int produced = 0;
  for (int life = 0; life < 8; ++life) {
    auto context = StreamingContext::getOrCreate("/checkpoints", factory);
    context->start();
    for (int step = 0; step < 3; ++step) {
      put(numbered(produced + 1, produced + 5));
      produced += 5;
      world_.runFor(std::chrono::milliseconds(random_.between(100, 900)));
    }
  }
  auto last = StreamingContext::getOrCreate("/checkpoints", factory);
  last->start();
  world_.runFor(15s);
  EXPECT_EQ(all(), numbered(1, produced));
  EXPECT_TRUE(stopped(*last));
}

TEST_F(DriverRestartTest, AStoreThatIsOutOfOrderHoldsBatchesUpAndLosesNothing) {
  createStream(2);
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  auto context = begin(collect());
  put(numbered(1, 10));
  world_.runFor(3s);
  EXPECT_EQ(all(), numbered(1, 10));

  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  put(numbered(11, 20));
  world_.runFor(20s);
  EXPECT_EQ(all(), numbered(1, 10)) << "no batch runs whose blocks are not logged";
  EXPECT_EQ(events("checkpoint_store_unavailable"), 1u);

  place->failure.reset();
  world_.runFor(10s);
  EXPECT_EQ(all(), numbered(1, 20));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(DriverRestartTest, AContextEndsAtOnceAlthoughTheStoreIsOutOfOrder) {
  createStream(1);
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  auto context = begin(collect());
  world_.runFor(3s);
  place->failure = Error(Code::kServiceError, "503 Slow Down", "");
  put(numbered(1, 3));
  world_.runFor(2s);

  context->requestStop(false);
  world_.runFor(20s);
  EXPECT_EQ(context->getState(), StreamingContextState::STOPPED);
}

TEST_F(DriverRestartTest, WhoLosesTheDirectoryEndsFenced) {
  createStream(1);
  auto place = std::make_shared<stream::MemoryCheckpoints>();
  seams_->checkpoints = [&](const std::string&) -> Result<std::unique_ptr<stream::CheckpointStore>> {
    return std::make_unique<stream::MemoryCheckpointStore>(env().loop, place, 5ms);
  };
  auto context = begin(collect());
  world_.runFor(3s);
  // Another writer has the next number.
  std::uint64_t last = 0;
  for (const auto& [name, bytes] : place->values) {
    if (name.starts_with("log/")) last = std::stoull(name.substr(4));
  }
  place->values["log/" + std::string(20 - std::to_string(last + 1).size(), '0') + std::to_string(last + 1)] =
      "theirs";
  put(numbered(1, 3));
  EXPECT_EQ(failureOf(*context), Code::kFenced);
}

TEST_F(DriverRestartTest, AForeignDirectoryIsRefusedBeforeAnythingIsRead) {
  createStream(1);
  ASSERT_TRUE(env().files.makeDirectory("/checkpoints"));
  {
    auto file = env().files.openAppend("/checkpoints/checkpoint-1700000000000");
    ASSERT_TRUE(file);
  }
  auto context = begin(collect());
  EXPECT_EQ(failureOf(*context), Code::kForeignDirectory);
  EXPECT_TRUE(leases_->rows.empty());
}

TEST_F(DriverRestartTest, AnUnwritableDirectoryIsAnErrorThatNamesIt) {
  createStream(1);
  {
    auto file = env().files.openAppend("/checkpoints");
    ASSERT_TRUE(file);
  }
  auto context = begin(collect());
  const Result<void> end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kIo);
  EXPECT_NE(end.error().message().find("/checkpoints"), std::string::npos);
}

TEST_F(DriverRestartTest, WindowsGoOnAcrossARestart) {
  createStream(1);
  std::map<std::int64_t, std::int64_t> counts;
  const auto define = [&](StreamingContext& context) {
    input(context)
        .window(Seconds(30), Seconds(1))
        .foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
          counts[batch.time.time_since_epoch().count()] = rdd.count();
        });
  };
  put(numbered(1, 10));
  auto first = begin(define);
  world_.runFor(4s);
  ASSERT_FALSE(counts.empty());
  EXPECT_EQ(counts.rbegin()->second, 10);
  first.reset();
  put(numbered(11, 15));
  world_.runFor(3s);

  auto second = begin(define);
  world_.runFor(6s);
  EXPECT_EQ(counts.rbegin()->second, 15);
  const auto gap = [&] {
    std::int64_t before = 0;
    for (const auto& [time, count] : counts) {
      if (before != 0 && time - before != 1000) return true;
      before = time;
    }
    return false;
  };
  EXPECT_FALSE(gap()) << "the times at which no process ran have batches too: "
                      << testing::PrintToString(counts);
  world_.runFor(40s);
  EXPECT_EQ(counts.rbegin()->second, 0);
}

TEST_F(DriverRestartTest, StateGoesOnAcrossRestartsAndSnapshots) {
  createStream(2);
  std::map<std::string, std::int64_t> totals;
  const auto define = [&](StreamingContext& context) {
    input(context)
        .map([](const std::string& line) {
          return std::pair<std::string, std::int64_t>(line.substr(0, 4), 1);
        })
        .updateStateByKey(
            [](const std::vector<std::int64_t>& values, const std::optional<std::int64_t>& before) {
              std::int64_t sum = before.value_or(0);
              for (const std::int64_t value : values) sum += value;
              return std::optional(sum);
            })
        .uid("totals")
        .foreachRDD([&](const RDD<std::pair<std::string, std::int64_t>>& rdd) {
          for (const auto& [key, value] : rdd.collect()) totals[key] = value;
        });
  };
  std::int64_t produced = 0;
  for (int life = 0; life < 6; ++life) {
    auto context = begin(define);
    for (int step = 0; step < 3; ++step) {
      put({"lineA", "lineB", "otherC"});
      ++produced;
      world_.runFor(std::chrono::milliseconds(random_.between(500, 9000)));
    }
  }
  auto last = begin(define);
  world_.runFor(15s);
  EXPECT_EQ(totals["line"], 2 * produced);
  EXPECT_EQ(totals["othe"], produced);
  EXPECT_GE(events("state_restored"), 1u);
  EXPECT_TRUE(stopped(*last));
}

TEST_F(DriverRestartTest, AProgramWithoutTheOperatorWhoseStateIsKeptIsRefused) {
  createStream(1);
  put({"a"});
  const auto counting = [&](const std::string& uid) {
    return [this, uid](StreamingContext& context) {
      input(context)
          .map([](const std::string& line) { return std::pair<std::string, int>(line, 1); })
          .updateStateByKey([](const std::vector<int>& values, const std::optional<int>& before) {
            return std::optional(before.value_or(0) + static_cast<int>(values.size()));
          })
          .uid(uid)
          .print();
    };
  };
  auto first = begin(counting("totals"));
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*first));
  first.reset();

  auto second = begin(counting("sums"));
  const Result<void> end = ended(*second);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kInvalidConfig);
  EXPECT_NE(end.error().message().find("totals"), std::string::npos);
}

TEST_F(DriverRestartTest, StateNeedsACheckpointDirectory) {
  auto context = makeContext();
  input(*context)
      .map([](const std::string& line) { return std::pair<std::string, int>(line, 1); })
      .updateStateByKey([](const std::vector<int>&, const std::optional<int>& before) { return before; })
      .print();
  EXPECT_EQ(thrownBy([&] { context->start(); }), Code::kUsage);
}

TEST_F(DriverRestartTest, GetOrCreateRefusesWhatMakesNoSense) {
  EXPECT_EQ(thrownBy([&] { StreamingContext::getOrCreate("", [&] { return makeContext(); }); }),
            Code::kUsage);
  EXPECT_EQ(thrownBy([&] {
              StreamingContext::getOrCreate("/a",
                                            []() -> std::unique_ptr<StreamingContext> { return nullptr; });
            }),
            Code::kUsage);
  EXPECT_EQ(thrownBy([&] {
              StreamingContext::getOrCreate("/a", [&] {
                auto context = makeContext();
                context->checkpoint("/b");
                return context;
              });
            }),
            Code::kUsage);
}

TEST_F(DriverRestartTest, TheActiveContextIsFoundAndGoesOnWithoutTheHandle) {
  createStream(1);
  auto context = makeContext();
  collect()(*context);
  EXPECT_EQ(StreamingContext::getActive(context->sparkContext()), nullptr);
  context->start();
  auto active = StreamingContext::getActiveOrCreate(context->sparkContext(), [&] {
    ADD_FAILURE() << "one is active";
    return makeContext();
  });
  ASSERT_NE(active, nullptr);
  EXPECT_EQ(active->getState(), StreamingContextState::ACTIVE);
  active.reset();
  put(numbered(1, 3));
  world_.runFor(5s);
  EXPECT_EQ(all(), numbered(1, 3));
  EXPECT_TRUE(stopped(*context));
}

}  // namespace
}  // namespace tidemill
