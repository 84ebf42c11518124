#include "tidemill/context.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "stream/test_context.h"
#include "tidemill/block_rdd.h"

namespace tidemill {
namespace {

// A record whose texts live as long as the test.
Record recordOf(std::string_view data, std::string_view number,
                std::string_view shard = "shardId-000000000000") {
  Record record;
  record.data = std::as_bytes(std::span(data));
  record.partitionKey = "key";
  record.sequenceNumber = number;
  record.shardId = shard;
  return record;
}

std::string thrownMessage(const std::function<void()>& mistake) {
  try {
    mistake();
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

TEST(Context, KeepsBlocksUntilTheyAreRemoved) {
  Context context;

  ASSERT_TRUE(context.putBlock("b", "orders", {recordOf("one", "1")}));
  EXPECT_TRUE(*context.hasBlock("b"));
  ASSERT_TRUE(context.removeBlock("b"));

  EXPECT_FALSE(*context.hasBlock("b"));
  EXPECT_TRUE(context.removeBlock("b"));
}

TEST(Context, TakesNoBlockWithoutIdOrRecords) {
  Context context;
  EXPECT_EQ(context.putBlock("", "orders", {recordOf("one", "1")}).error().code(), Code::kUsage);
  EXPECT_EQ(context.putBlock("b", "orders", {}).error().code(), Code::kUsage);
}

TEST(Context, LeavesNothingOnTheDiskByItself) {
  const std::string folder = testing::TempDir() + "context-leaves-nothing";
  Conf conf;
  conf.set("tidemill.state.directory", folder);
  {
    const Context context(conf);
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(BlockRDD, HasOnePartitionForEachBlockInOrder) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "1"), recordOf("2", "2")}));
  ASSERT_TRUE(context.putBlock("b", "orders", {recordOf("3", "3"), recordOf("4", "1", "shardId-9")}));
  const BlockRDD<std::string> rdd(context, {"b", "a"});

  EXPECT_EQ(rdd.collect(), (std::vector<std::string>{"3", "4", "1", "2"}));
  EXPECT_EQ(rdd.count(), 4);
  EXPECT_EQ(rdd.compute(1), (std::vector<std::string>{"1", "2"}));
  ASSERT_EQ(rdd.getNumPartitions(), 2u);
  EXPECT_EQ(rdd.getPartitions()[0], (Partition{.index = 0, .blockId = "b"}));
  EXPECT_EQ(rdd.filter([](const std::string& s) { return s > "2"; }).getPartitions()[1].blockId, "a");
}

TEST(BlockRDD, AHandlerMakesElementsOfRecords) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "7"), recordOf("2", "8")}));
  const BlockRDD<std::pair<std::string, int>> numbers(context, {"a"}, [](const Record& record) {
    return std::pair(std::string(record.shardId), std::stoi(std::string(record.sequenceNumber)));
  });
  EXPECT_EQ(numbers.reduceByKey(std::plus<>()).collect(),
            (std::vector{std::pair<std::string, int>("shardId-000000000000", 15)}));

  const BlockRDD<std::vector<std::byte>> bytes(context, {"a"});
  EXPECT_EQ(bytes.collect()[1], std::vector{std::byte{'2'}});
}

TEST(BlockRDD, NamesABlockThatIsNotThere) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "1")}));
  const BlockRDD<std::string> rdd(context, {"a", "input-0-7"});

  EXPECT_EQ(thrownBy([&] { rdd.collect(); }), Code::kDataLoss);
  EXPECT_NE(thrownMessage([&] { rdd.count(); }).find("block input-0-7"), std::string::npos);
  // The other partition is none the worse for it.
  EXPECT_EQ(rdd.compute(0), std::vector<std::string>{"1"});
  EXPECT_EQ(thrownBy([&] { rdd.compute(2); }), Code::kUsage);
}

TEST(BlockRDD, IsNotValidAfterItsBlocksWereRemoved) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "1")}));
  BlockRDD<std::string> rdd(context, {"a"});
  ASSERT_TRUE(rdd.isValid());

  rdd.removeBlocks();

  EXPECT_FALSE(rdd.isValid());
  EXPECT_FALSE(*context.hasBlock("a"));
  EXPECT_EQ(thrownBy([&] { rdd.collect(); }), Code::kUsage);
}

TEST(BlockRDD, OutlivesItsContextAndSaysSo) {
  auto context = std::make_unique<Context>();
  ASSERT_TRUE(context->putBlock("a", "orders", {recordOf("1", "1")}));
  const BlockRDD<std::string> rdd(*context, {"a"});
  context->stop();
  EXPECT_TRUE(context->isStopped());
  EXPECT_EQ(thrownBy([&] { rdd.collect(); }), Code::kUsage);
  EXPECT_EQ(context->hasBlock("a").error().code(), Code::kUsage);
  context.reset();
  EXPECT_EQ(thrownBy([&] { rdd.collect(); }), Code::kUsage);
}

TEST(BlockRDD, TwoContextsKnowNothingOfEachOther) {
  Context one;
  Context other;
  ASSERT_TRUE(one.putBlock("a", "orders", {recordOf("1", "1")}));
  EXPECT_EQ(BlockRDD<std::string>(one, {"a"}).count(), 1);
  EXPECT_EQ(thrownBy([&] { BlockRDD<std::string>(other, {"a"}).count(); }), Code::kDataLoss);
}

TEST(BlockRDD, ATaskDoesNotWaitForBlocks) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "1")}));
  const BlockRDD<std::string> rdd(context, {"a"});
  const auto nested = rdd.map([&](const std::string&) { return rdd.count(); });

  const std::string message = thrownMessage([&] { nested.collect(); });

  EXPECT_NE(message.find("inside a task"), std::string::npos) << message;
}

TEST(BlockRDD, AHandlerThatKeepsThrowingFailsTheAction) {
  Context context;
  ASSERT_TRUE(context.putBlock("a", "orders", {recordOf("1", "1")}));
  int calls = 0;
  const BlockRDD<int> rdd(context, {"a"}, [&](const Record&) -> int {
    ++calls;
    throw std::runtime_error("unreadable");
  });
  EXPECT_EQ(thrownBy([&] { rdd.compute(0); }), Code::kUserCodeFailed);
  EXPECT_EQ(calls, 4);  // spark.task.maxFailures
}

class BorrowedContextTest : public ContextFixture {};

TEST_F(BorrowedContextTest, ComputesWhatIsThereAndWaitsForNothing) {
  Context context(*seams_, Conf());
  const auto put = context.putBlock("a", "orders", {recordOf("1", "1")});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kUsage);
  EXPECT_FALSE(*context.hasBlock("a"));
  EXPECT_EQ(thrownBy([&] { BlockRDD<std::string>(context, {"a"}).collect(); }), Code::kDataLoss);
}

TEST_F(BorrowedContextTest, StreamingContextsStandOnIt) {
  createStream(1);
  put({"1", "2"});
  Conf conf;
  conf.set("tidemill.worker.id", "me");
  const Context shared(*seams_, conf);
  StreamingContext streaming(shared, Seconds(1));
  std::vector<Partition> partitions;
  std::vector<std::string> seen;
  lines(streaming)
      .map([](const std::string& line) { return line + "!"; })
      .foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
        if (batch.records == 0) return;
        partitions = rdd.getPartitions();
        seen = rdd.collect();
        EXPECT_EQ(partitions[0].seqNumberRanges, batch.ranges);
      });
  streaming.start();
  world_.runUntil([&] { return !seen.empty(); }, 60s);

  ASSERT_EQ(partitions.size(), 1u);
  EXPECT_TRUE(partitions[0].blockId.starts_with("input-0-")) << partitions[0].blockId;
  EXPECT_TRUE(partitions[0].isBlockIdValid);
  EXPECT_EQ(partitions[0].seqNumberRanges[0].recordCount, 2);
  EXPECT_EQ(seen, (std::vector<std::string>{"1!", "2!"}));
  StreamingContext second(shared, Seconds(1));
  lines(second).print();
  EXPECT_EQ(thrownBy([&] { second.start(); }), Code::kUsage);
  EXPECT_TRUE(stopped(streaming));
  EXPECT_FALSE(streaming.sparkContext().isStopped());
  EXPECT_TRUE(streaming.stop());
  EXPECT_TRUE(shared.isStopped());
}

}  // namespace
}  // namespace tidemill
