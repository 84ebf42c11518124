#include "stream/reading_shards.h"

#include <gtest/gtest.h>

namespace tidemill::stream {
namespace {

using Type = kinesis::IteratorPosition::Type;
using namespace std::chrono_literals;

constexpr rt::WallTime kNow{1000s};

consume::ShardStart startOf(const std::string& shard, std::int64_t token, Type type = Type::kTrimHorizon) {
  consume::ShardStart start;
  start.shardId = shard;
  start.token = token;
  start.position.type = type;
  return start;
}

block::BlockInfo blockOf(const std::string& shard, std::int64_t token, const std::string& to) {
  SequenceNumberRange range;
  range.streamName = "orders";
  range.shardId = shard;
  range.fromSeqNumber = "1";
  range.toSeqNumber = to;
  block::BlockInfo info;
  info.id = "input-0-1";
  info.slices = {{range, token, 1}};
  return info;
}

TEST(ReadingShards, GoesOnWhereAShardBeganIfItHasBroughtNothing) {
  ReadingShards shards;
  shards.start(startOf("a", 1), kNow);
  ASSERT_EQ(shards.resume().size(), 1u);
  EXPECT_EQ(shards.resume()[0].position.type, Type::kTrimHorizon);
}

TEST(ReadingShards, GoesOnBehindTheLastRecordOfTheLastBlock) {
  ReadingShards shards;
  shards.start(startOf("a", 1), kNow);
  shards.start(startOf("b", 2), kNow);
  shards.sealed(blockOf("a", 1, "17"));
  shards.sealed(blockOf("a", 1, "23"));

  const auto starts = shards.resume();

  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0].token, 1);
  EXPECT_EQ(starts[0].position.type, Type::kAfterSequenceNumber);
  EXPECT_EQ(starts[0].position.sequenceNumber, "23");
  EXPECT_EQ(starts[0].from.sequenceNumber(), "23");
  EXPECT_EQ(starts[1].position.type, Type::kTrimHorizon);
}

TEST(ReadingShards, WhatWasReadUnderAnotherTokenMovesNothing) {
  ReadingShards shards;
  shards.start(startOf("a", 2), kNow);
  shards.sealed(blockOf("a", 1, "17"));
  EXPECT_EQ(shards.resume()[0].position.type, Type::kTrimHorizon);
  shards.stop("a", 1);
  EXPECT_EQ(shards.resume().size(), 1u);
  shards.stop("a", 2);
  EXPECT_TRUE(shards.resume().empty());
}

TEST(ReadingShards, AShardAtItsEndIsNotReadAgain) {
  ReadingShards shards;
  shards.start(startOf("a", 1), kNow);
  block::BlockInfo block = blockOf("a", 1, "17");
  block.ends.push_back({.shardId = "a", .token = 1});
  shards.sealed(block);
  EXPECT_TRUE(shards.resume().empty());
}

TEST(ReadingShards, AShardThatBeganAtItsTipDoesNotSkipWhatCameSince) {
  ReadingShards shards;
  shards.start(startOf("a", 1, Type::kLatest), kNow);
  const auto starts = shards.resume();
  EXPECT_EQ(starts[0].position.type, Type::kAtTimestamp);
  EXPECT_EQ(starts[0].position.timestamp, kNow);
}

}  // namespace
}  // namespace tidemill::stream
