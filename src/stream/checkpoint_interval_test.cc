#include <gtest/gtest.h>

#include <vector>

#include "stream/test_context.h"

namespace tidemill {
namespace {

class CheckpointIntervalTest : public ContextFixture, public testing::WithParamInterface<int> {};

// The seed's intervals: 10, 30 and 120 s.
TEST_P(CheckpointIntervalTest, LeaseCheckpointsAreThatFarApartAndTheStopWritesTheRest) {
  const Duration interval = Seconds(GetParam());
  createStream(1);
  auto context = makeContext();
  std::int64_t records = 0;
  KinesisUtils::createStream(*context, "app", "orders", kEndpoint, "us-east-1",
                             InitialPositionInStream::TRIM_HORIZON, interval, StorageLevel::MEMORY_ONLY)
      .foreachRDD([&](const RDD<std::string>& rdd) { records += rdd.count(); });
  context->start();
  std::vector<rt::TimePoint> moves;
  std::string last;
  std::int64_t written = 0;
  const auto end = world_.loop().now() + 3 * interval;
  while (world_.loop().now() < end) {
    put({"line"});
    ++written;
    for (int i = 0; i < 20; ++i) {
      world_.runFor(100ms);
      const auto row = leases_->rows.find("shardId-000000000000");
      if (row == leases_->rows.end()) continue;
      const std::string now = row->second.checkpoint.text();
      if (now == last) continue;
      if (row->second.checkpoint.isSequenceNumber()) moves.push_back(world_.loop().now());
      last = now;
    }
  }

  // The first one is written at once.
  ASSERT_GE(moves.size(), 3u);
  EXPECT_LE(moves.size(), 4u);
  for (std::size_t i = 1; i < moves.size(); ++i) {
    EXPECT_GE(moves[i] - moves[i - 1], interval - 200ms);
    EXPECT_LE(moves[i] - moves[i - 1], interval + 4s);
  }
  const std::string before = last;
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(records, written);
  EXPECT_NE(leases_->rows.at("shardId-000000000000").checkpoint.text(), before);
}

INSTANTIATE_TEST_SUITE_P(OfTheSeed, CheckpointIntervalTest, testing::Values(10, 30, 120),
                         [](const auto& parameter) { return std::to_string(parameter.param) + "s"; });

}  // namespace
}  // namespace tidemill
