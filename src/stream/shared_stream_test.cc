#include "stream/shared_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stream/test_driver.h"

namespace tidemill {
namespace {

// The way of Spark's examples: a receiver for each shard, all of one application, and their union.
class SharedStreamTest : public DriverFixture {
 protected:
  // `others` inputs of another stream come before.
  Define unionOf(int inputs, int others = 0, StorageLevel level = StorageLevel::MEMORY_ONLY) {
    return [=, this](StreamingContext& context) {
      for (int i = 0; i < others; ++i) {
        KinesisUtils::createStream(context, "app", "returns", kEndpoint, "us-east-1",
                                   InitialPositionInStream::TRIM_HORIZON, checkpointInterval_, level);
      }
      std::vector<DStream<std::string>> streams;
      for (int i = 0; i < inputs; ++i) streams.push_back(input(context, level));
      keep(context.union_(streams));
    };
  }
  // One life after the other with so many inputs and others before them, each of them killed; then the end.
  void runLives(const std::vector<std::pair<int, int>>& lives, StorageLevel level) {
    createStream(3);
    createStream(1, "returns");
    int produced = 0;
    for (const auto& [inputs, others] : lives) {
      auto context = begin(unionOf(inputs, others, level));
      for (int step = 0; step < 3; ++step) {
        put(numbered(produced + 1, produced + 7));
        produced += 7;
        world_.runFor(std::chrono::milliseconds(random_.between(300, 1300)));
      }
    }
    auto last = begin(unionOf(2, 1, level));
    world_.runFor(15s);
    EXPECT_EQ(all(), numbered(1, produced));
    EXPECT_TRUE(stopped(*last));
    EXPECT_EQ(last->totals().unallocated, 0);
    EXPECT_EQ(last->totals().leasesHeld, 0);
  }
};

const std::vector<std::pair<int, int>> kManyPrograms = {{1, 0}, {3, 0}, {2, 2}, {1, 0}, {3, 1}, {4, 0}};

TEST_F(SharedStreamTest, EachRecordComesOnceThroughTheFirst) {
  createStream(3);
  put(numbered(1, 30));
  struct Started final : StreamingListener {
    void onReceiverStarted(const ReceiverInfo& receiver) override { ids.push_back(receiver.streamId); }
    void onReceiverStopped(const ReceiverInfo& receiver) override { stopped.push_back(receiver.streamId); }
    void onBatchCompleted(const BatchInfo& batch) override {
      for (const StreamInputInfo& input : batch.inputs) {
        EXPECT_TRUE(input.records == 0 || input.streamId == 0);
      }
    }
    std::vector<int> ids;
    std::vector<int> stopped;
  } started;
  auto context = makeContext();
  context->addStreamingListener(started);
  unionOf(3)(*context);
  context->start();
  world_.runFor(5s);
  EXPECT_EQ(context->totals().leasesHeld, 3);
  EXPECT_TRUE(ContextFixture::stopped(*context));
  EXPECT_EQ(all(), numbered(1, 30));
  EXPECT_EQ(started.ids, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(started.stopped.size(), 3u);
  EXPECT_EQ(events("receiver_idle"), 2u);
  EXPECT_EQ(context->totals().processed, 30);
  EXPECT_EQ(context->totals().checkpointed, 30);
}

TEST_F(SharedStreamTest, ProgramsWithMoreAndFewerInputsGoOnFromADirectory) {
  runLives(kManyPrograms, StorageLevel::MEMORY_ONLY);
}

TEST_F(SharedStreamTest, SoTheyDoWhereLeaseCheckpointsFollowTheStore) {
  checkpointInterval_ = Seconds(0);
  conf_.set("kinesis.checkpoint.after", "stored");
  runLives(kManyPrograms, StorageLevel::MEMORY_AND_DISK);
}

TEST_F(SharedStreamTest, WhatOneReaderCannotDoIsRefusedAtOnce) {
  const auto create = [](StreamingContext& context, const std::string& region,
                         InitialPositionInStream position, Duration interval, StorageLevel level) {
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, region, position, interval, level);
  };
  constexpr auto kTrim = InitialPositionInStream::TRIM_HORIZON;
  constexpr auto kLevel = StorageLevel::MEMORY_ONLY;
  auto context = makeContext();
  create(*context, "us-east-1", kTrim, Seconds(1), kLevel);
  const std::vector<std::pair<std::string, std::function<void()>>> mistakes = {
      {"regionName", [&] { create(*context, "eu-west-1", kTrim, Seconds(1), kLevel); }},
      {"initialPosition",
       [&] { create(*context, "us-east-1", InitialPositionInStream::LATEST, Seconds(1), kLevel); }},
      {"checkpointInterval", [&] { create(*context, "us-east-1", kTrim, Seconds(2), kLevel); }},
      {"storageLevel",
       [&] { create(*context, "us-east-1", kTrim, Seconds(1), StorageLevel::MEMORY_AND_DISK); }},
      {"messageHandler",
       [&] {
         KinesisUtils::createStream(*context, "app", "orders", kEndpoint, "us-east-1", kTrim, Seconds(1),
                                    kLevel, [](const Record& record) { return record.data.size(); });
       }},
  };
  for (const auto& [difference, mistake] : mistakes) {
    try {
      mistake();
      ADD_FAILURE() << difference;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUsage);
      EXPECT_EQ(error.message(),
                "inputs 0 and 1 both read stream orders for application app, with another " + difference);
      EXPECT_FALSE(error.hint().empty());
    }
  }
  // What was refused is no input.
  createStream(1);
  create(*context, "us-east-1", kTrim, Seconds(1), kLevel).print();
  context->start();
  world_.runFor(1s);
  EXPECT_EQ(events("receiver_idle"), 1u);
}

}  // namespace
}  // namespace tidemill
