#include "tidemill/streaming_context.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <stdexcept>

#include "stream/test_context.h"
#include "tidemill/kinesis_input_dstream.h"

namespace tidemill {
namespace {

class StreamingContextTest : public ContextFixture {};

TEST_F(StreamingContextTest, DeliversEveryRecordAndStopsWithNothingLeft) {
  createStream(2);
  put({"a b", "c", "d e f"});
  auto context = makeContext();
  std::vector<std::string> seen;
  std::vector<SequenceNumberRange> ranges;
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
    for (std::string& line : rdd.collect()) seen.push_back(std::move(line));
    ranges.insert(ranges.end(), batch.ranges.begin(), batch.ranges.end());
  });
  context->start();
  world_.runFor(5s);
  put({"g"});
  world_.runFor(3s);

  ASSERT_TRUE(stopped(*context));

  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a b", "c", "d e f", "g"}));
  const StreamingTotals totals = context->totals();
  EXPECT_EQ(totals.received, 4);
  EXPECT_EQ(totals.processed, 4);
  EXPECT_EQ(totals.checkpointed, 4);
  std::int64_t inRanges = 0;
  for (const SequenceNumberRange& range : ranges) {
    EXPECT_EQ(range.streamName, "orders");
    inRanges += range.recordCount;
  }
  EXPECT_EQ(inRanges, 4);
  for (const auto& [key, row] : leases_->rows) EXPECT_EQ(row.leaseOwner, "") << key;
}

TEST_F(StreamingContextTest, AGracefulStopDeliversWhatLiesInNoBlockYet) {
  createStream(2);
  Conf conf;
  conf.set("tidemill.worker.id", "me").set("spark.streaming.blockInterval", "1h");
  StreamingContext context(*seams_, conf, Seconds(1));
  std::vector<std::string> seen;
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
    for (std::string& line : rdd.collect()) seen.push_back(std::move(line));
  });
  context.start();
  world_.runFor(3s);
  put({"a", "b", "c", "d"});
  world_.runFor(3s);
  ASSERT_TRUE(seen.empty());

  ASSERT_TRUE(stopped(context));

  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(context.totals().checkpointed, 4);
}

TEST_F(StreamingContextTest, StartsWhereTheLastRunStopped) {
  createStream(1);
  put({"first"});
  for (const char* expected : {"first", "second"}) {
    auto context = makeContext();
    std::string seen;
    lines(*context).foreachRDD([&](const RDD<std::string>& rdd) {
      for (const std::string& line : rdd.collect()) seen += line;
    });
    context->start();
    world_.runFor(5s);
    ASSERT_TRUE(stopped(*context));
    EXPECT_EQ(seen, expected);
    put({"second"});
  }
}

TEST_F(StreamingContextTest, LatestMissesNothingBetweenTheFirstStartAndTheFirstCheckpoint) {
  createStream(1);
  put({"before"});
  world_.runFor(2s);
  const auto run = [&](std::string& seen, bool fails) {
    auto context = makeContext();
    auto stream = KinesisInputDStream::builder()
                      .streamingContext(*context)
                      .streamName("orders")
                      .checkpointAppName("app")
                      .endpointUrl(kEndpoint)
                      .build();
    stream.foreachRDD([&, fails](const RDD<std::string>& rdd) {
      for (const std::string& line : rdd.collect()) seen += line + " ";
      if (fails && !seen.empty()) throw std::runtime_error("not yet");
    });
    context->start();
    world_.runFor(3s);
    put({fails ? "one" : "two"});
    world_.runFor(60s);
    context->requestStop(false);
    world_.runFor(5s);
  };
  std::string ignored;
  run(ignored, true);
  std::string seen;
  run(seen, false);
  EXPECT_EQ(seen, "one two ");
}

TEST_F(StreamingContextTest, TriesAFailedBatchAgainWithTheSameRecords) {
  createStream(1);
  put({"a", "b"});
  auto context = makeContext();
  std::vector<int> attempts;
  std::vector<std::string> seen;
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
    if (batch.records == 0) return;
    attempts.push_back(batch.attempt);
    if (batch.attempt < 3) throw std::runtime_error("the database is away");
    seen = rdd.collect();
  });
  context->start();
  world_.runFor(20s);
  ASSERT_TRUE(stopped(*context));
  EXPECT_EQ(attempts, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST_F(StreamingContextTest, StopsLoudlyWhenABatchKeepsFailingAndChecksNothingOff) {
  createStream(1);
  put({"a"});
  auto context = makeContext();
  lines(*context)
      .map([](const std::string& line) -> std::string { throw std::runtime_error("cannot read " + line); })
      .count()
      .print();
  context->start();
  EXPECT_EQ(failureOf(*context), Code::kUserCodeFailed);
  EXPECT_EQ(context->totals().processed, 0);
  for (const auto& [key, row] : leases_->rows) EXPECT_FALSE(row.checkpoint.isSequenceNumber()) << key;
}

TEST_F(StreamingContextTest, ReadsParentsToTheirEndBeforeTheirChildren) {
  createStream(1);
  put({"p1", "p2", "p3"});
  ASSERT_TRUE(world_.loop().run(
      client_->splitShard("orders", "shardId-000000000000", "170141183460469231731687303715884105728")));
  world_.runFor(3s);
  put({"c1", "c2", "c3", "c4"});
  auto context = makeContext();
  std::vector<std::string> seen;
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd) {
    for (std::string& line : rdd.collect()) seen.push_back(std::move(line));
  });
  context->start();
  world_.runFor(20s);
  ASSERT_TRUE(stopped(*context));
  ASSERT_EQ(seen.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i][0], 'p');
  const auto& parent = leases_->rows.at("shardId-000000000000");
  EXPECT_TRUE(parent.checkpoint.isShardEnd());
  EXPECT_EQ(parent.childShardIds, (std::set<std::string>{"shardId-000000000001", "shardId-000000000002"}));
}

TEST_F(StreamingContextTest, NeverFallsAsleepOnAnEmptyStream) {
  createStream(1);
  auto context = makeContext();
  int batches = 0;
  lines(*context).count().foreachRDD([&](const RDD<std::int64_t>& rdd) {
    EXPECT_EQ(rdd.collect(), std::vector<std::int64_t>{0});
    ++batches;
  });
  context->start();
  world_.runFor(10s);
  EXPECT_GE(batches, 8);
  ASSERT_TRUE(stopped(*context));
}

TEST_F(StreamingContextTest, GivesTheErrorOfAnUnknownStream) {
  auto context = makeContext();
  lines(*context, "no-such-stream").print();
  context->start();
  EXPECT_EQ(failureOf(*context), Code::kUnknownStream);
  EXPECT_NE(context->awaitTermination().error().message().find("no-such-stream"), std::string::npos);
}

TEST_F(StreamingContextTest, GivesTheErrorOfMissingCredentials) {
  seams_->environment = [](std::string_view) { return std::nullopt; };
  createStream(1);
  auto context = makeContext();
  lines(*context).print();
  context->start();
  EXPECT_EQ(failureOf(*context), Code::kNoCredentials);
}

TEST_F(StreamingContextTest, GivesAnErrorWhenAProxyAnswersWithHtml) {
  createStream(1);
  intercept_ = [](const http::Request&) {
    return sim::makeResponse(200, "text/html", "<html><body>Please log in</body></html>");
  };
  auto context = makeContext();
  lines(*context).print();
  context->start();
  EXPECT_EQ(failureOf(*context), Code::kMalformedResponse);
}

TEST_F(StreamingContextTest, RefusesASecondWorkerOnTheSameStateDirectory) {
  createStream(1);
  auto first = makeContext();
  lines(*first).print();
  first->start();
  world_.runFor(2s);
  rt::Registry registry;
  const rt::Env& mine = env();
  const rt::Env other{mine.loop, mine.http,   mine.fetchLoop, mine.fetchHttp, mine.workers,
                      mine.jobs, mine.store,  mine.replicas,  mine.files,     mine.random,
                      mine.log,  mine.faults, registry};
  const stream::Seams seams{other, *factory_, sim::testEnvironment()};
  Conf conf;
  conf.set("tidemill.worker.id", "me");
  StreamingContext second(seams, conf, Seconds(1));
  lines(second).print();
  second.start();
  EXPECT_EQ(failureOf(second), Code::kWorkerIdInUse);
  EXPECT_NE(second.awaitTermination().error().message().find("worker.lock is locked by worker me"),
            std::string::npos);
  ASSERT_TRUE(stopped(*first));
}

TEST_F(StreamingContextTest, RefusesMistakesInTheProgram) {
  createStream(1);
  auto context = makeContext();
  EXPECT_EQ(thrownBy([&] { context->start(); }), Code::kUsage);  // Nothing to compute.
  auto stream = lines(*context);
  stream.print();
  context->start();
  EXPECT_EQ(thrownBy([&] { stream.print(); }), Code::kUsage);
  EXPECT_EQ(thrownBy([&] { lines(*context); }), Code::kUsage);
  const auto identity = [](const std::string& line) { return line; };
  const std::vector<std::function<void()>> late = {
      [&] { stream.map(identity); },
      [&] { stream.window(Seconds(2)); },
      [&] { stream.cache(); },
      [&] { stream.uid("late"); },
      [&] { context->remember(Seconds(5)); },
      [&] { context->checkpoint("/late"); },
  };
  for (std::size_t i = 0; i < late.size(); ++i) EXPECT_EQ(thrownBy(late[i]), Code::kUsage) << i;
  context->start();  // A second time does nothing.
  world_.runFor(2s);
  auto second = makeContext();
  lines(*second).print();
  EXPECT_EQ(thrownBy([&] { second->start(); }), Code::kUsage);  // One active context in an environment.
  EXPECT_EQ(second->getState(), StreamingContextState::INITIALIZED);
  ASSERT_TRUE(stopped(*context));
  EXPECT_EQ(thrownBy([&] { context->start(); }), Code::kUsage);
  for (std::size_t i = 0; i < late.size(); ++i) EXPECT_EQ(thrownBy(late[i]), Code::kUsage) << i;
}

TEST_F(StreamingContextTest, RefusesParametersThatCannotBe) {
  auto context = makeContext();
  EXPECT_EQ(thrownBy([&] { lines(*context, ""); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([&] { StreamingContext(*seams_, Conf(), Milliseconds(1)); }), Code::kInvalidConfig);
  EXPECT_EQ(thrownBy([&] { KinesisInputDStream::builder().streamName("orders").build(); }),
            Code::kInvalidConfig);
  EXPECT_EQ(
      thrownBy([&] { KinesisInputDStream::builder().streamingContext(*context).streamName("s").build(); }),
      Code::kInvalidConfig);
}

TEST_F(StreamingContextTest, ReportsKeysThatHaveNoEffectOnce) {
  Conf conf;
  conf.set("spark.streaming.dynamicAllocation.enabled", "true").set("spark.streaming.blockIntervall", "1s");
  StreamingContext context(*seams_, conf, Seconds(1));
  lines(context).print();
  context.start();
  world_.runFor(1s);
  EXPECT_EQ(node_->log().count("key_without_effect"), 1u);
  EXPECT_EQ(node_->log().count("unknown_key"), 1u);
}

TEST_F(StreamingContextTest, RefusesToWaitForItselfInAnOutputOperationAndInAListener) {
  createStream(1);
  auto context = makeContext();
  std::vector<Code> refused;
  const auto keep = [&](const Result<void>& result) {
    refused.push_back(result ? Code::kCancelled : result.error().code());
  };
  struct Stopper final : StreamingListener {
    explicit Stopper(std::function<void()> f) : stop(std::move(f)) {}
    void onBatchCompleted(const BatchInfo&) override { stop(); }
    std::function<void()> stop;
  };
  // A question without patience waits for nothing.
  const auto poll = [&] {
    EXPECT_FALSE(context->awaitTerminationOrTimeout(Seconds(0)));
    refused.push_back(thrownBy([&] { context->awaitTerminationOrTimeout(Seconds(3600)); }));
  };
  Stopper stopper([&] {
    keep(context->stop());
    poll();
  });
  context->addStreamingListener(stopper);
  lines(*context).foreachRDD([&](const RDD<std::string>&) {
    keep(context->stop(true, true));
    keep(context->awaitTermination());
    poll();
  });
  context->start();
  world_.runFor(3s);
  EXPECT_GE(refused.size(), 5u);
  for (const Code code : refused) EXPECT_EQ(code, Code::kUsage);
  EXPECT_EQ(context->getState(), StreamingContextState::ACTIVE);  // Nothing was stopped by it.
  ASSERT_TRUE(stopped(*context));
}

TEST_F(StreamingContextTest, AnInputThatNobodyUsesIsReadAllTheSame) {
  createStream(1);
  put({"a", "b"});
  auto context = makeContext();
  lines(*context).print();
  KinesisUtils::createStream(*context, "app2", "orders", kEndpoint, "us-east-1",
                             InitialPositionInStream::TRIM_HORIZON, Seconds(1), StorageLevel::MEMORY_ONLY);
  context->start();
  world_.runFor(5s);
  ASSERT_TRUE(stopped(*context));
  EXPECT_EQ(context->totals().processed, 4);
}

TEST_F(StreamingContextTest, AWindowSeesTheBatchesBeforeAlsoWhenOneFails) {
  createStream(1);
  auto context = makeContext();
  std::map<std::int64_t, std::int64_t> counts;
  int failures = 2;
  const auto counted = lines(*context).countByWindow(Seconds(3), Seconds(1));
  counted.foreachRDD([&](const RDD<std::int64_t>& rdd, Time time) {
    if (rdd.first() > 1 && failures-- > 0) throw std::runtime_error("not yet");
    counts[time.time_since_epoch() / Seconds(1)] = rdd.first();
  });
  context->start();
  world_.runFor(3s);
  for (const char* line : {"a", "b", "c"}) {
    put({line});
    world_.runFor(1s);
  }
  world_.runFor(5s);
  ASSERT_TRUE(stopped(*context));
  std::int64_t all = 0;
  std::int64_t before = counts.begin()->first - 1;
  for (const auto& [second, count] : counts) {
    EXPECT_EQ(second, before + 1);  // Every batch runs, empty ones behind a slow one too.
    before = second;
    all += count;
  }
  EXPECT_EQ(all, 9);  // Each of three records in three windows.
}

TEST_F(StreamingContextTest, StopsBeforeItWasStarted) {
  auto context = makeContext();
  EXPECT_TRUE(context->stop());
  EXPECT_EQ(context->getState(), StreamingContextState::INITIALIZED);
}

}  // namespace
}  // namespace tidemill
