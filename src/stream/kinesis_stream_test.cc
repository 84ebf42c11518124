// What Spark tests of its Kinesis stream, with the same meaning; the numbers are those of its list. The sixth
// is in kinesis_stream_recovery_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "block/memory_block_store.h"
#include "stream/block_view.h"
#include "stream/context_world.h"
#include "stream/task_retry.h"
#include "stream/test_blocks.h"
#include "stream/test_context.h"
#include "stream/test_numbers.h"
#include "tidemill/kinesis_backed_block_rdd.h"
#include "tidemill/kinesis_input_dstream.h"

namespace tidemill {
namespace {

using Strings = std::vector<std::string>;
using Backed = KinesisBackedBlockRDD<std::string>;

// Nobody serves it, and in a simulated world nobody could wait for an answer.
constexpr char kNoService[] = "https://kinesis.nowhere.example.com";

// The blocks, ranges and flags of an RDD, as a program may keep them.
struct Kept {
  explicit Kept(const std::vector<Partition>& partitions) {
    for (const Partition& partition : partitions) {
      ids.push_back(partition.blockId);
      ranges.push_back(partition.seqNumberRanges);
      valid.push_back(partition.isBlockIdValid);
    }
  }
  std::vector<std::string> ids;
  std::vector<SequenceNumberRanges> ranges;
  std::vector<bool> valid;
};

// What a stream makes of a batch, without AWS.
class KinesisStreamRDDTest : public ContextFixture {
 protected:
  using Views = std::vector<std::shared_ptr<const stream::BlockView>>;

  static std::shared_ptr<const stream::BlockView> view(const std::string& id, const Strings& numbers,
                                                       bool isStored = true) {
    const auto block = stream::testBlock(id, {stream::testSlice("shardId-000000000000", numbers)});
    return std::make_shared<const stream::BlockView>(block->info(), std::make_shared<block::HeldBlock>(block),
                                                     isStored);
  }
  template <class T>
  RDD<T> rddOf(const DStream<T>& stream, const Views& views) {
    detail::BatchContext batch;
    batch.tasks = &tasks();
    auto input = std::make_shared<detail::InputBatch>();
    input->blocks.emplace_back(views.begin(), views.end());
    input->handlerFailures = {nullptr};
    batch.batches.emplace(batch.info.time, std::move(input));
    return stream.rddOf(batch);
  }
  TaskRunner& tasks() {
    if (tasks_ == nullptr) tasks_ = std::make_unique<stream::RetryingTaskRunner>(env().workers, 1);
    return *tasks_;
  }

 private:
  std::unique_ptr<TaskRunner> tasks_;
};

// 1.
TEST_F(KinesisStreamRDDTest, BlocksBecomeAKinesisBackedRddOfTheStream) {
  StreamingContext context(*seams_, Conf(), Seconds(7));
  const auto stream = KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                                 InitialPositionInStream::LATEST, Seconds(3),
                                                 StorageLevel::MEMORY_AND_DISK, "key", "secret");
  const Views views = {view("input-0-1", {"1", "2"}), view("input-0-2", {"3"})};

  const RDD<std::string> rdd = rddOf(stream, views);
  const auto backed = Backed::of(rdd);

  ASSERT_TRUE(backed);
  EXPECT_EQ(backed->regionName(), "us-east-1");
  EXPECT_EQ(backed->endpointUrl(), kEndpoint);
  EXPECT_EQ(backed->readConfigurations().retryTimeoutMs, 7000);
  EXPECT_EQ(backed->readConfigurations().storageLevel, StorageLevel::MEMORY_AND_DISK);
  EXPECT_TRUE(backed->hasCredentials());
  EXPECT_TRUE(backed->isValid());
  const std::vector<Partition> partitions = {
      {.index = 0, .blockId = "input-0-1", .seqNumberRanges = views[0]->info()->ranges()},
      {.index = 1, .blockId = "input-0-2", .seqNumberRanges = views[1]->info()->ranges()}};
  EXPECT_EQ(backed->getPartitions(), partitions);
  EXPECT_EQ(rdd.getPartitions(), partitions);
  EXPECT_EQ(rdd.collect(), (Strings{"1", "2", "3"}));
}

TEST_F(KinesisStreamRDDTest, NoBlocksBecomeAKinesisBackedRddWithoutPartitions) {
  auto context = makeContext();
  const auto backed = Backed::of(rddOf(lines(*context), {}));
  ASSERT_TRUE(backed);
  EXPECT_EQ(backed->getNumPartitions(), 0u);
  EXPECT_EQ(backed->regionName(), "us-east-1");
  EXPECT_FALSE(backed->hasCredentials());
  EXPECT_EQ(backed->count(), 0);
}

TEST_F(KinesisStreamRDDTest, BlocksThatAreNotValidBecomePartitionsThatAreNot) {
  auto context = makeContext();
  const Views views = {view("input-0-1", {"1"}), view("input-0-2", {"3"}, false), view("input-0-3", {"5"})};
  const auto backed = Backed::of(rddOf(lines(*context), views));
  ASSERT_TRUE(backed);
  EXPECT_EQ(Kept(backed->getPartitions()).valid, (std::vector<bool>{true, false, true}));
}

TEST_F(KinesisStreamRDDTest, WhatWasMadeOfTheStreamsRddIsNotKinesisBacked) {
  auto context = makeContext();
  const RDD<std::string> rdd = rddOf(lines(*context), {view("input-0-1", {"1"})});
  EXPECT_FALSE(Backed::of(rdd.filter([](const std::string&) { return true; })));
  EXPECT_FALSE(KinesisBackedBlockRDD<int>::of(rdd.map([](const std::string&) { return 1; })));
}

// 4.
TEST_F(KinesisStreamRDDTest, SettingsOfRetriesReachItsReadConfigurations) {
  Conf conf;
  conf.set("spark.streaming.kinesis.retry.waitTime", "2000ms");
  conf.set("spark.streaming.kinesis.retry.maxAttempts", "5");
  conf.set("tidemill.recovery.onDataLoss", "record").set("tidemill.recovery.keep", "false");
  StreamingContext configured(*seams_, conf, Seconds(1));
  const KinesisReadConfigurations read =
      Backed::of(rddOf(lines(configured), {view("input-0-1", {"1"})}))->readConfigurations();
  EXPECT_EQ(read.retryWaitTimeMs, 2000);
  EXPECT_EQ(read.maxRetries, 5);
  EXPECT_EQ(read.retryTimeoutMs, 1000);  // The batch interval.
  EXPECT_FALSE(read.failOnDataLoss);
  EXPECT_FALSE(read.keepRebuilt);

  StreamingContext plain(*seams_, Conf(), Seconds(1));
  const KinesisReadConfigurations defaults = Backed::of(rddOf(lines(plain), {}))->readConfigurations();
  EXPECT_EQ(defaults.retryWaitTimeMs, 100);
  EXPECT_EQ(defaults.maxRetries, 3);
  EXPECT_TRUE(defaults.failOnDataLoss);
  EXPECT_TRUE(defaults.keepRebuilt);
}

// A program that reads blocks of a shard again has used up its limit for a while.
TEST_F(KinesisStreamRDDTest, ProgramsAndTheStreamShareThePaceOfAShard) {
  createStream(1);
  put({"1"});
  const Context shared(*seams_, Conf().set("tidemill.worker.id", "me"));
  const rt::TimePoint now = env().fetchLoop.now();
  detail::ContextAccess::world(shared)
      ->paces()
      ->of("orders", "shardId-000000000000", now)
      ->reads.answered(now, 100 << 20);  // 50 seconds of the limit.
  StreamingContext context(shared, Seconds(1));
  Strings seen;
  lines(context).foreachRDD([&](const RDD<std::string>& rdd) {
    for (const std::string& line : rdd.collect()) seen.push_back(line);
  });
  context.start();
  world_.runFor(45s);
  EXPECT_EQ(seen, Strings{});
  world_.runFor(15s);
  EXPECT_EQ(seen, Strings{"1"});
  EXPECT_TRUE(stopped(context));
}

// Whole streams, with records of their own and with aggregated ones.
class KinesisStreamTest : public ContextFixture, public testing::WithParamInterface<Aggregation> {
 protected:
  // Puts the integers from `first` to `last`.
  void push(int first, int last) {
    auto outcomes = world_.loop().run(client_->putRecords("orders", numberEntries(first, last, GetParam())));
    ASSERT_TRUE(outcomes);
    for (const kinesis::PutOutcome& outcome : *outcomes) ASSERT_EQ(outcome.errorCode, "");
    for (int number = first; number <= last; ++number) pushed_.insert(number);
  }
  // True as soon as the collected integers are those that were pushed.
  bool allArrive() {
    return world_.runUntil([this] { return collected_ == pushed_; }, 120s);
  }
  DStream<std::string> linesAt(StreamingContext& context, StorageLevel level) {
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Seconds(1), level);
  }
  // How many shards of the stream are closed and open.
  std::pair<int, int> shards() {
    auto all = world_.loop().run(kinesis::listAllShards(*client_, "orders"));
    EXPECT_TRUE(all);
    const auto open = std::count_if(all->begin(), all->end(), [](const auto& shard) { return shard.open(); });
    return {static_cast<int>(all->size()) - static_cast<int>(open), static_cast<int>(open)};
  }

  std::set<int> pushed_;
  std::set<int> collected_;
};

INSTANTIATE_TEST_SUITE_P(Records, KinesisStreamTest, codec::plainAndAggregated(), codec::modeName);

// 2. From LATEST, which is why they are pushed again and again.
TEST_P(KinesisStreamTest, IntegersThatArePushedArrive) {
  createStream(2);
  auto context = makeContext();
  KinesisInputDStream::builder()
      .streamingContext(*context)
      .streamName("orders")
      .checkpointAppName("app")
      .endpointUrl(kEndpoint)
      .build()
      .map([](const std::string& text) { return std::stoi(text); })
      .foreachRDD([this](const RDD<int>& rdd) {
        for (const int number : rdd.collect()) collected_.insert(number);
      });
  context->start();
  for (int i = 0; i < 12 && (i == 0 || collected_ != pushed_); ++i) {
    push(1, 10);
    world_.runFor(10s);
  }
  EXPECT_EQ(collected_, pushed_);
  EXPECT_TRUE(stopped(*context));
}

// 3.
TEST_P(KinesisStreamTest, AMessageHandlerAddsFiveToEach) {
  createStream(2);
  auto context = makeContext();
  const auto addFive = [](const Record& record) { return numberIn(record) + 5; };
  KinesisUtils::createStream(*context, "app", "orders", kEndpoint, "us-east-1",
                             InitialPositionInStream::TRIM_HORIZON, Seconds(1), StorageLevel::MEMORY_ONLY,
                             addFive)
      .foreachRDD([this](const RDD<int>& rdd) {
        const std::vector<int> numbers = rdd.collect();
        for (const int number : numbers) collected_.insert(number - 5);
        EXPECT_EQ(KinesisBackedBlockRDD<int>::of(rdd)->collect(), numbers);
      });
  context->start();
  push(1, 10);
  EXPECT_TRUE(allArrive());
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(context->totals().processed, 10);
}

// 5.
TEST_P(KinesisStreamTest, ASplitAndAMergeWhileItRunsLoseNothing) {
  createStream(1);
  auto context = makeContext();
  lines(*context).foreachRDD([this](const RDD<std::string>& rdd) {
    for (const std::string& text : rdd.collect()) collected_.insert(std::stoi(text));
  });
  context->start();
  push(1, 10);
  EXPECT_TRUE(allArrive());

  ASSERT_TRUE(world_.loop().run(
      client_->splitShard("orders", "shardId-000000000000", "170141183460469231731687303715884105728")));
  world_.runFor(2s);
  EXPECT_EQ(shards(), std::pair(1, 2));
  push(11, 20);
  EXPECT_TRUE(allArrive());

  ASSERT_TRUE(
      world_.loop().run(client_->mergeShards("orders", "shardId-000000000001", "shardId-000000000002")));
  world_.runFor(2s);
  EXPECT_EQ(shards(), std::pair(3, 1));
  push(21, 30);
  EXPECT_TRUE(allArrive());

  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(context->totals().processed, 30);
}

TEST_P(KinesisStreamTest, AnRddThatAProgramMakesFindsTheBlocksOfTheBatchUntilItIsOver) {
  createStream(2);
  for (const StorageLevel level :
       {StorageLevel::MEMORY_ONLY, StorageLevel::DISK_ONLY, StorageLevel::MEMORY_AND_DISK_SER}) {
    auto context = makeContext();
    std::vector<Backed> kept;
    std::vector<std::string> ids;
    linesAt(*context, level).foreachRDD([&](const RDD<std::string>& rdd) {
      const Strings texts = rdd.collect();
      for (const std::string& text : texts) collected_.insert(std::stoi(text));
      const Kept blocks(rdd.getPartitions());
      const Backed made(context->sparkContext(), "us-east-1", kNoService, blocks.ids, blocks.ranges);
      EXPECT_EQ(made.collect(), texts);
      EXPECT_EQ(made.count(), static_cast<std::int64_t>(texts.size()));
      EXPECT_EQ(BlockRDD<std::string>(context->sparkContext(), blocks.ids).collect(), texts);
      kept.push_back(*Backed::of(rdd));
      EXPECT_EQ(kept.back().collect(), texts);
      for (const std::string& id : blocks.ids) {
        EXPECT_TRUE(*context->sparkContext().hasBlock(id));
        // The batch goes on with its blocks, whoever takes them out.
        EXPECT_TRUE(context->sparkContext().removeBlock(id));
      }
      EXPECT_EQ(rdd.collect(), texts);
      ids.insert(ids.end(), blocks.ids.begin(), blocks.ids.end());
    });
    context->start();
    world_.runFor(2s);
    push(static_cast<int>(pushed_.size()) + 1, static_cast<int>(pushed_.size()) + 10);
    ASSERT_TRUE(allArrive());
    world_.runFor(2s);

    ASSERT_FALSE(ids.empty());
    for (const std::string& id : ids) EXPECT_FALSE(*context->sparkContext().hasBlock(id));
    // From now on they are in Kinesis alone, for which nobody can wait here.
    const auto last = std::find_if(kept.begin(), kept.end(),
                                   [](const Backed& batch) { return batch.getNumPartitions() > 0; });
    EXPECT_EQ(thrownBy([&] { last->collect(); }), Code::kUsage);
    EXPECT_TRUE(stopped(*context));
    EXPECT_EQ(context->totals().blocksLost, 0);
  }
}

TEST_P(KinesisStreamTest, BlocksThatAreLostAreNotValidUnlessTheyAreBackInTheStore) {
  createStream(2);
  for (const bool keep : {true, false}) {
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("tidemill.test.loseBlocks", "1");
    conf.set("tidemill.recovery.keep", keep ? "true" : "false");
    StreamingContext context(*seams_, conf, Seconds(1));
    std::set<bool> valid;
    int attempts = 0;
    lines(context).foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
      const Kept blocks(rdd.getPartitions());
      valid.insert(blocks.valid.begin(), blocks.valid.end());
      if (batch.records > 0) attempts = std::max(attempts, batch.attempt);
      if (batch.records > 0 && batch.attempt == 1) throw std::runtime_error("once more");
      const Strings texts = rdd.collect();
      for (const std::string& text : texts) collected_.insert(std::stoi(text));
      if (keep) {
        EXPECT_EQ(Backed::of(rdd)->collect(), texts);
      }
    });
    context.start();
    push(static_cast<int>(pushed_.size()) + 1, static_cast<int>(pushed_.size()) + 10);
    EXPECT_TRUE(allArrive());
    EXPECT_TRUE(stopped(context));
    EXPECT_EQ(valid, std::set<bool>{keep});
    EXPECT_EQ(attempts, 2);
    EXPECT_GT(context.totals().blocksRebuilt, 0);
  }
}

TEST_F(KinesisStreamRDDTest, TheBlocksOfTheContextThatRunsAreFound) {
  createStream(1);
  const Context shared(*seams_, Conf().set("tidemill.worker.id", "me"));
  Strings seen;
  const auto run = [&](const std::string& text) {
    auto streaming = std::make_unique<StreamingContext>(shared, Seconds(1));
    lines(*streaming).foreachRDD([&](const RDD<std::string>& rdd) {
      for (const std::string& line : Backed::of(rdd)->collect()) seen.push_back(line);
    });
    put({text});
    streaming->start();
    world_.runUntil([&] { return !seen.empty() && seen.back() == text; }, 60s);
    return streaming;
  };
  auto first = run("1");
  EXPECT_TRUE(stopped(*first));
  auto second = run("2");
  first.reset();  // Takes nothing with it that is not its own.
  put({"3"});
  world_.runUntil([&] { return seen.size() == 3; }, 60s);
  EXPECT_EQ(seen, (Strings{"1", "2", "3"}));
  EXPECT_TRUE(stopped(*second));
}

}  // namespace
}  // namespace tidemill
