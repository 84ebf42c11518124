#include "consume/checkpoint_state.h"

#include <gtest/gtest.h>

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

constexpr rt::TimePoint kStart{100s};

CheckpointWrite write(const std::string& to, std::int64_t records) {
  return {Checkpoint::at(to), records};
}

TEST(CheckpointState, IsDueAtOnceTheFirstTimeAndThenAtMostOncePerInterval) {
  CheckpointState state(Checkpoint::trimHorizon(), 10s);
  EXPECT_EQ(state.due(kStart), std::nullopt);
  state.processed(Checkpoint::at("5"), 5);
  ASSERT_EQ(state.due(kStart), write("5", 5));
  state.written(write("5", 5), kStart);

  state.processed(Checkpoint::at("9"), 4);

  EXPECT_EQ(state.due(kStart + 9s), std::nullopt);
  EXPECT_EQ(state.outstanding(), write("9", 9));
  EXPECT_EQ(state.due(kStart + 10s), write("9", 9));
}

TEST(CheckpointState, CountsOnlyRecordsThatTheWrittenCheckpointCovers) {
  CheckpointState state(Checkpoint::at("1"), 1s);
  state.processed(Checkpoint::at("5"), 4);
  state.processed(Checkpoint::at("8"), 3);
  state.written(write("5", 4), kStart);
  EXPECT_EQ(state.recordsProcessed(), 7);
  EXPECT_EQ(state.recordsWritten(), 4);
}

TEST(CheckpointState, HasNothingToWriteForAnEmptyBatch) {
  CheckpointState state(Checkpoint::at("1"), 1s);
  state.processed(Checkpoint::at("1"), 0);
  EXPECT_EQ(state.outstanding(), std::nullopt);
}

TEST(CheckpointState, WritesTheEndOfTheShardAtOnce) {
  CheckpointState state(Checkpoint::trimHorizon(), 10s);
  state.processed(Checkpoint::at("5"), 5);
  state.written(write("5", 5), kStart);
  state.processed(Checkpoint::shardEnd(), 0);
  EXPECT_EQ(state.due(kStart + 1s), (CheckpointWrite{Checkpoint::shardEnd(), 5}));
}

TEST(CheckpointState, WritesOnlyOnceMoreWithAnIntervalForEver) {
  CheckpointState state(Checkpoint::trimHorizon(), rt::Duration::max());
  state.processed(Checkpoint::at("5"), 5);
  state.written(write("5", 5), kStart);
  state.processed(Checkpoint::at("9"), 4);
  EXPECT_EQ(state.due(kStart + 1s), std::nullopt);
  EXPECT_EQ(state.outstanding(), write("9", 9));
}

TEST(CheckpointStateDeathTest, RefusesToGoBackOrAhead) {
  CheckpointState state(Checkpoint::at("10"), 1s);
  EXPECT_DEATH(state.processed(Checkpoint::at("9"), 1), "in order");
  EXPECT_DEATH(state.written(write("11", 1), kStart), "never ahead");
}

}  // namespace
}  // namespace tidemill::consume
