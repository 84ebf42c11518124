// Queues as inputs, batch by batch. (Spark: InputStreamsSuite)
#include <gtest/gtest.h>

#include <stdexcept>

#include "stream/test_stream.h"
#include "tidemill/queue_stream.h"

namespace tidemill {
namespace {

using QueuedNumbers = std::map<std::int64_t, std::vector<int>>;

class QueueStreamTest : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    hasCheckpointDirectory_ = false;
  }
  const std::shared_ptr<RDDQueue<int>> queue_ = std::make_shared<RDDQueue<int>>();
};

TEST_F(QueueStreamTest, GivesOneForEachBatch) {
  const auto seen = collect(context_->queueStream(queue_));
  queue_->push({1, 2});
  queue_->push({3});
  runBatches(1, 2);
  queue_->push({4});
  runBatches(3, 4);
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {1, 2}}, {2, {3}}, {3, {4}}, {4, {}}}));
}

TEST_F(QueueStreamTest, GivesAllThatIsThereIfNotOneAtATime) {
  const auto seen = collect(context_->queueStream(queue_, /*oneAtATime=*/false));
  queue_->push({1, 2});
  queue_->push({3});
  runBatches(1, 1);
  queue_->push({4});
  runBatches(2, 3);
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {1, 2, 3}}, {2, {4}}, {3, {}}}));
  EXPECT_EQ(queue_->size(), 0u);
}

TEST_F(QueueStreamTest, GivesTheDefaultWhereNothingIsThere) {
  const auto seen = collect(context_->queueStream(queue_, true, std::optional(std::vector<int>{7})));
  runBatches(1, 1);
  queue_->push({1});
  runBatches(2, 3);
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {7}}, {2, {1}}, {3, {7}}}));
}

TEST_F(QueueStreamTest, ABatchThatIsTriedAgainHasTheSameElements) {
  const auto stream = context_->queueStream(queue_);
  const auto seen = collect(stream);
  bool fails = true;
  stream.foreachRDD([&](const RDD<int>&) {
    if (std::exchange(fails, false)) throw std::runtime_error("not yet");
  });
  queue_->push({1});
  queue_->push({2});
  ASSERT_FALSE(runBatch(1));
  ASSERT_TRUE(runBatch(1, 2));
  ASSERT_TRUE(runBatch(2));
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {1}}, {2, {2}}}));
}

TEST_F(QueueStreamTest, TwoUsesOfAStreamSeeTheSameBatch) {
  const auto stream = context_->queueStream(queue_);
  const auto seen = collect(stream);
  const auto doubled = collect(stream.map([](int number) { return 2 * number; }));
  queue_->push({1});
  queue_->push({2});
  runBatches(1, 2);
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {1}}, {2, {2}}}));
  EXPECT_EQ(*doubled, (QueuedNumbers{{1, {2}}, {2, {4}}}));
}

TEST_F(QueueStreamTest, AWindowLooksBackAtWhatWasTaken) {
  const auto seen = collect(context_->queueStream(queue_).window(Seconds(2)));
  queue_->push({1});
  queue_->push({2});
  queue_->push({3});
  for (const std::int64_t second : {1, 2, 3}) {
    ASSERT_TRUE(runBatch(second));
    history_.push_back(second);
  }
  EXPECT_EQ(*seen, (QueuedNumbers{{1, {1}}, {2, {1, 2}}, {3, {2, 3}}}));
}

TEST_F(QueueStreamTest, IsRefusedTogetherWithACheckpointDirectory) {
  Conf conf;
  conf.set("spark.streaming.checkpoint.directory", "file:/checkpoints");
  StreamingContext context(*seams_, conf, Seconds(1));
  context.queueStream(queue_).print();
  try {
    context.start();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    EXPECT_NE(error.message().find("queueStream-0"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace tidemill
