#include "stream/engine.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "stream/test_context.h"
#include "tidemill/block_rdd.h"

namespace tidemill {
namespace {

// Starts and stops that do not go as planned.
class EngineTest : public ContextFixture {
 protected:
  // Every answer is lost on its way, so that each call ends with its deadline only.
  void losesEverything(bool lost) {
    world_.net().faults().on = lost;
    world_.net().faults().requestLost = lost ? 1'000'000 : 0;
  }
  bool stopsWithin(StreamingContext& context, rt::Duration patience) {
    return world_.runUntil([&] { return context.getState() == StreamingContextState::STOPPED; }, patience);
  }
  std::string ownerOf(const std::string& stream) {
    return tables_->at("app", stream)->rows.begin()->second.leaseOwner;
  }
};

TEST_F(EngineTest, AStopDuringAStartThatHangsEndsAtOnceWithNothingDone) {
  for (const bool graceful : {true, false}) {
    losesEverything(true);
    auto context = makeContext();
    lines(*context).print();
    context->start();
    world_.runFor(3s);

    context->requestStop(graceful);

    ASSERT_TRUE(stopsWithin(*context, 1s)) << graceful;
    EXPECT_TRUE(context->awaitTermination());
    EXPECT_EQ(context->totals().received, 0);
    EXPECT_EQ(context->totals().processed, 0);
    EXPECT_EQ(context->totals().checkpointed, 0);
  }
  losesEverything(false);  // The state is free for whoever comes next.
  createStream(1);
  auto next = makeContext();
  lines(*next).print();
  next->start();
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*next));
}

// Spark: SPARK-6222.
TEST_F(EngineTest, BlocksOfASlowBatchStayWhileLaterBatchesAreMade) {
  createStream(1);
  put({"first"});
  Conf conf;
  conf.set("tidemill.worker.id", "me").set("tidemill.batch.maxFailures", "1000");
  StreamingContext context(*seams_, conf, Seconds(1));
  bool isDown = true;
  std::vector<std::string> seen;
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
    const auto batch = rdd.collect();
    if (isDown && !batch.empty()) throw std::runtime_error("the sink is down");
    seen.insert(seen.end(), batch.begin(), batch.end());
  });
  context.start();
  std::vector<std::string> all = {"first"};
  for (int i = 0; i < 5; ++i) {
    world_.runFor(1s);
    all.push_back("later-" + std::to_string(i));
    put({all.back()});
  }
  world_.runFor(1s);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(context.totals().processed, 0);
  isDown = false;
  world_.runFor(20s);
  EXPECT_EQ(seen, all);
  EXPECT_EQ(context.totals().blocksLost, 0);
  EXPECT_TRUE(stopped(context));
}

TEST_F(EngineTest, TellsASinkUnderWhichLeaseRecordsWereRead) {
  createStream(1);
  std::vector<FencingToken> seen;
  const auto run = [&](const std::string& worker, const std::string& text) {
    put({text});
    auto context = makeContext(worker);
    lines(*context).foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
      for (const FencingToken& token : batch.tokens) seen.push_back(token);
    });
    context->start();
    world_.runFor(10s);
    EXPECT_TRUE(stopped(*context));
  };
  run("me", "a");
  run("you", "b");

  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].streamName, "orders");
  EXPECT_EQ(seen[0].shardId, seen[1].shardId);
  EXPECT_GT(seen[0].token, 0);
  EXPECT_GT(seen[1].token, seen[0].token);
}

TEST_F(EngineTest, DeliversNothingThatWasReadUnderALostLease) {
  createStream(1);
  put({"a"});
  std::int64_t delivered = 0;
  auto context = makeContext();
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd) { delivered += rdd.count(); });
  context->start();
  world_.runUntil([&] { return !leases_->rows.empty() && ownerOf("orders") == "me"; }, 10s);

  world_.runFor(100ms);  // Read, and not in a batch yet.

  // The lease runs out while its records wait for their batch: they are read again, and delivered once.
  node_->stall(30s);
  world_.runFor(60s);

  EXPECT_EQ(node_->log().count("lease_lost"), 1u);
  EXPECT_EQ(delivered, 1);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(EngineTest, AStopDuringTheStartOfTheSecondInputEndsTheFirst) {
  createStream(1);
  createStream(1, "returns");
  put({"a"});
  int refused = 0;
  intercept_ = [&](const http::Request& request) -> std::optional<http::Response> {
    if (request.body.find("returns") == std::string::npos) return std::nullopt;
    ++refused;
    return sim::makeResponse(500, "application/x-amz-json-1.1", "{}");
  };
  auto context = makeContext();
  lines(*context).print();
  lines(*context, "returns").print();
  context->start();
  ASSERT_TRUE(world_.runUntil([&] { return refused > 0; }, 5s));
  context->requestStop(true);
  ASSERT_TRUE(stopsWithin(*context, 3s));
  EXPECT_TRUE(context->awaitTermination());
  EXPECT_EQ(context->totals().processed, 0);
}

TEST_F(EngineTest, AFailedStartLeavesTheStateToOthers) {
  createStream(1);
  auto failing = makeContext();
  lines(*failing, "no-such-stream").print();
  failing->start();
  EXPECT_EQ(failureOf(*failing), Code::kUnknownStream);
  auto next = makeContext();
  lines(*next).print();
  next->start();
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*next));
}

TEST_F(EngineTest, AStopWithoutGraceCutsAGracefulOneShort) {
  createStream(1);
  put({"a"});
  Conf conf;
  conf.set("tidemill.batch.maxFailures", "1000000").set("spark.streaming.gracefulStopTimeout", "24h");
  StreamingContext context(*seams_, conf, Seconds(1));
  lines(context).foreachRDD([](const RDD<std::string>& rdd) {
    if (!rdd.isEmpty()) throw std::runtime_error("the database is away for good");
  });
  context.start();
  world_.runFor(5s);
  context.requestStop(true);
  EXPECT_FALSE(stopsWithin(context, 600s));
  context.requestStop(true);  // Says nothing new.
  EXPECT_FALSE(stopsWithin(context, 60s));

  context.requestStop(false);

  ASSERT_TRUE(stopsWithin(context, 3s));
  EXPECT_TRUE(context.awaitTermination());
  EXPECT_EQ(context.totals().received, 1);
  EXPECT_EQ(context.totals().processed, 0);
}

TEST_F(EngineTest, AGracefulStopFinishesEveryInputWhateverHappensToOne) {
  createStream(1);
  createStream(1, "returns");
  put({"a"});
  put({"b"}, "returns");
  auto context = makeContext();
  lines(*context).print();
  lines(*context, "returns").print();
  context->start();
  world_.runFor(10s);
  EXPECT_EQ(ownerOf("returns"), "me");
  leases_->rows.begin()->second.leaseCounter += 1;  // As another process of this id would.

  const Result<void> end = stopped(*context);

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kWorkerIdInUse);
  EXPECT_NE(end.error().message().find("orders"), std::string::npos) << end.error().message();
  EXPECT_EQ(ownerOf("returns"), "");
  EXPECT_EQ(context->totals().checkpointed, 2);
}

TEST_F(EngineTest, AGracefulStopWhoseLastBatchKeepsFailingSaysSo) {
  createStream(1);
  auto context = makeContext();
  bool full = false;
  lines(*context).foreachRDD([&](const RDD<std::string>&) {
    if (full) throw std::runtime_error("no room");
  });
  context->start();
  world_.runFor(3500ms);
  full = true;
  const Result<void> end = stopped(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
  EXPECT_EQ(context->totals().processed, 0);
  EXPECT_EQ(ownerOf("orders"), "me");  // Left to the next start of this worker.
}

TEST_F(EngineTest, ShardsThatAStopLeavesToTheNextRunAreNotCalledStarted) {
  struct Shards final : StreamingListener {
    void onShardStarted(const std::string&, const std::string& shardId, const std::string&,
                        const std::string&) override {
      started.push_back(shardId);
    }
    std::vector<std::string> started;
  } shards;
  createStream(1);
  put({"a"});
  ASSERT_TRUE(world_.loop().run(
      client_->splitShard("orders", "shardId-000000000000", "170141183460469231731687303715884105728")));
  world_.runFor(3s);
  StreamingContext context(*seams_, Conf(), Minutes(10));
  context.addStreamingListener(shards);
  lines(context).print();
  context.start();
  world_.runFor(20s);  // The end of the shard was read, and waits for the only batch.
  ASSERT_TRUE(stopped(context));
  EXPECT_EQ(shards.started, std::vector<std::string>{"shardId-000000000000"});
  EXPECT_TRUE(leases_->rows.at("shardId-000000000000").checkpoint.isShardEnd());
}

TEST_F(EngineTest, ABatchDeliversOnlyTheRecordsOfLeasesThatAreHeld) {
  createStream(2);
  std::vector<std::string> delivered;
  StreamingContext context(*seams_, Conf().set("tidemill.worker.id", "me"), Seconds(30));
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
    for (const std::string& line : rdd.collect()) delivered.push_back(line);
    // Nor does whoever asks for its blocks get more.
    std::vector<std::string> ids;
    for (const Partition& partition : rdd.getPartitions()) ids.push_back(partition.blockId);
    EXPECT_EQ(BlockRDD<std::string>(context.sparkContext(), ids).collect(), rdd.collect());
  });
  context.start();
  world_.runFor(3s);
  ASSERT_EQ(ownerOf("orders"), "me");
  std::vector<std::string> all;
  for (int i = 0; i < 40; ++i) all.push_back("line-" + std::to_string(i));
  put(all);
  world_.runFor(3s);  // Both shards are read; the batch is to come.
  ASSERT_TRUE(delivered.empty());

  lease::Lease& taken = leases_->rows.begin()->second;
  taken.leaseOwner = "you";
  const auto renewed = [&] {  // As the other worker does it.
    ++taken.leaseCounter;
    world_.runFor(3s);
    return !delivered.empty();
  };
  for (int i = 0; i < 12 && !renewed();) ++i;

  EXPECT_EQ(node_->log().count("lease_lost"), 1u);
  EXPECT_GT(delivered.size(), 0u);
  EXPECT_LT(delivered.size(), all.size());
  EXPECT_FALSE(taken.checkpoint.isSequenceNumber());
  EXPECT_TRUE(stopped(context));
  EXPECT_EQ(taken.leaseOwner, "you");
}

}  // namespace
}  // namespace tidemill
