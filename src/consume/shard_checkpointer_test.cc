#include "consume/shard_checkpointer.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidemill::consume {
namespace {

using lease::Checkpoint;

class ShardCheckpointerTest : public testing::Test {
 protected:
  ShardCheckpointerTest() { begin("30"); }
  void begin(const std::string& delivered, bool atShardEnd = false) {
    checkpointer_.begin({.delivered = Checkpoint::at(delivered), .atShardEnd = atShardEnd});
  }
  template <class R>
  Code codeOf(const R& result) {
    if (result) return Code::kCancelled;
    EXPECT_FALSE(result.error().hint().empty());
    EXPECT_NE(result.error().message().find("shard-1"), std::string::npos);
    return result.error().code();
  }

  std::shared_ptr<LeaseFence> fence_ = std::make_shared<LeaseFence>(rt::TimePoint::max());
  std::vector<CheckpointRequest> sent_;
  ShardCheckpointer checkpointer_{"shard-1", Checkpoint::at("10"), fence_,
                                  [this](CheckpointRequest request) { sent_.push_back(request); }};
  // As a handler sees it.
  Checkpointer& user_ = checkpointer_;
};

TEST_F(ShardCheckpointerTest, TakesAPositionBetweenTheLastAndTheDelivered) {
  EXPECT_TRUE(user_.checkpoint("20"));
  EXPECT_TRUE(user_.checkpoint("30"));

  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[0].to, Checkpoint::at("20"));
  EXPECT_EQ(sent_[1].to, Checkpoint::at("30"));
  EXPECT_EQ(checkpointer_.last(), Checkpoint::at("30"));
}

TEST_F(ShardCheckpointerTest, TheLastPositionAgainSucceedsWithoutAWrite) {
  EXPECT_TRUE(user_.checkpoint("10"));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ShardCheckpointerTest, RefusesToGoBackOrAhead) {
  EXPECT_EQ(codeOf(user_.checkpoint("9")), Code::kInvalidArgument);
  EXPECT_EQ(codeOf(user_.checkpoint("31")), Code::kInvalidArgument);
  EXPECT_EQ(codeOf(user_.checkpoint("30", 1)), Code::kInvalidArgument);
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(checkpointer_.last(), Checkpoint::at("10"));
}

TEST_F(ShardCheckpointerTest, ComparesAsNumbersAndBySubSequence) {
  EXPECT_TRUE(user_.checkpoint("10", 3));
  EXPECT_EQ(codeOf(user_.checkpoint("10", 2)), Code::kInvalidArgument);
  EXPECT_EQ(sent_.back().to, Checkpoint::at("10", 3));
}

TEST_F(ShardCheckpointerTest, RefusesWhatIsNoSequenceNumber) {
  for (const char* text : {"", "x", "-1", "LATEST", "TRIM_HORIZON", "SHARD_END", "shard_end"}) {
    EXPECT_EQ(codeOf(user_.checkpoint(text)), Code::kInvalidArgument) << text;
  }
}

TEST_F(ShardCheckpointerTest, AllOfItIsLeftToTheOutcomeOfTheCall) {
  EXPECT_TRUE(user_.checkpoint());

  EXPECT_TRUE(checkpointer_.allAsked());
  EXPECT_TRUE(sent_.empty());
  begin("40");
  EXPECT_FALSE(checkpointer_.allAsked());
}

TEST_F(ShardCheckpointerTest, RefusesEverythingOnceTheLeaseIsLost) {
  fence_->close();

  EXPECT_EQ(codeOf(user_.checkpoint()), Code::kLeaseLost);
  EXPECT_EQ(codeOf(user_.checkpoint("20")), Code::kLeaseLost);
  EXPECT_EQ(codeOf(checkpointer_.prepareCheckpoint("x")), Code::kLeaseLost);
  EXPECT_EQ(codeOf(checkpointer_.prepareCheckpoint("20", 0, "x")), Code::kLeaseLost);
  EXPECT_FALSE(checkpointer_.allAsked());
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ShardCheckpointerTest, APreparedCheckpointMovesNothingUntilItIsCommitted) {
  auto prepared = checkpointer_.prepareCheckpoint("20", 0, "mine");

  ASSERT_TRUE(prepared);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_TRUE(sent_[0].prepare);
  EXPECT_EQ(sent_[0].state, "mine");
  EXPECT_EQ(checkpointer_.last(), Checkpoint::at("10"));
  EXPECT_EQ(checkpointer_.preparedNow(), Checkpoint::at("20"));

  EXPECT_TRUE(checkpointer_.commit(*prepared));
  EXPECT_EQ(checkpointer_.last(), Checkpoint::at("20"));
  EXPECT_FALSE(sent_.back().prepare);
}

TEST_F(ShardCheckpointerTest, PreparingWithoutAPositionTakesAllThatWasDelivered) {
  auto prepared = checkpointer_.prepareCheckpoint("");
  ASSERT_TRUE(prepared);
  EXPECT_EQ(prepared->position.sequenceNumber, "30");
}

TEST_F(ShardCheckpointerTest, AKeptHandleGoesOnAfterTheCallWithinWhatWasDelivered) {
  const auto handle = user_.handle();
  EXPECT_TRUE(handle->checkpoint("20"));
  EXPECT_EQ(checkpointer_.last(), Checkpoint::at("20"));
  EXPECT_EQ(codeOf(handle->checkpoint("31")), Code::kInvalidArgument);
  EXPECT_EQ(codeOf(user_.checkpoint("19")), Code::kInvalidArgument);

  begin("40");
  EXPECT_TRUE(handle->checkpoint("31"));
  checkpointer_.moveTo(Checkpoint::at("35"));
  EXPECT_EQ(codeOf(handle->checkpoint("34")), Code::kInvalidArgument);
  EXPECT_TRUE(handle->checkpoint());

  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_[1].to, Checkpoint::at("31"));
  EXPECT_EQ(sent_[2].to, Checkpoint::at("40"));
  EXPECT_TRUE(handle->checkpoint());  // There is nothing new.
  EXPECT_EQ(sent_.size(), 3u);
}

TEST_F(ShardCheckpointerTest, AKeptHandleNeverWritesTheEndOfTheShard) {
  const auto handle = user_.handle();
  begin("30", true);
  EXPECT_EQ(codeOf(handle->checkpoint("SHARD_END")), Code::kInvalidArgument);
  EXPECT_TRUE(handle->checkpoint());
  EXPECT_EQ(sent_.back().to, Checkpoint::at("30"));
  EXPECT_FALSE(checkpointer_.endAsked());
}

TEST_F(ShardCheckpointerTest, AKeptHandleTakesNothingOnceTheLeaseIsLostOrTheTenureOver) {
  const auto handle = user_.handle();
  checkpointer_.close();
  EXPECT_EQ(codeOf(handle->checkpoint("20")), Code::kLeaseLost);
  EXPECT_EQ(codeOf(handle->checkpoint()), Code::kLeaseLost);

  ShardCheckpointer other("shard-1", Checkpoint::at("10"), fence_, [](const CheckpointRequest&) { FAIL(); });
  const auto another = other.handle();
  fence_->close();
  EXPECT_EQ(codeOf(another->checkpoint("10")), Code::kLeaseLost);
}

TEST_F(ShardCheckpointerTest, PreparingThePresentPositionIsNoWrite) {
  ASSERT_TRUE(checkpointer_.prepareCheckpoint("10", 0, "x"));
  EXPECT_TRUE(sent_.empty());
  EXPECT_FALSE(checkpointer_.preparedNow());
}

TEST_F(ShardCheckpointerTest, ACommitFromBeforeAnotherCheckpointIsRefused) {
  auto prepared = checkpointer_.prepareCheckpoint("20", 0, "x");
  ASSERT_TRUE(prepared);
  ASSERT_TRUE(user_.checkpoint("30"));
  EXPECT_EQ(codeOf(checkpointer_.commit(*prepared)), Code::kInvalidArgument);
}

TEST_F(ShardCheckpointerTest, AStateThatWouldNotFitTheRowIsRefused) {
  EXPECT_TRUE(checkpointer_.prepareCheckpoint(std::string(100 << 10, 's')));
  EXPECT_EQ(codeOf(checkpointer_.prepareCheckpoint(std::string((100 << 10) + 1, 's'))),
            Code::kInvalidArgument);
}

TEST_F(ShardCheckpointerTest, AtTheEndOfTheShardAnyFormOfTheLastPositionMeansTheEnd) {
  begin("30", true);
  EXPECT_TRUE(user_.checkpoint("20"));
  EXPECT_FALSE(checkpointer_.endAsked());
  EXPECT_TRUE(user_.checkpoint("30"));
  EXPECT_TRUE(checkpointer_.endAsked());

  begin("30", true);
  EXPECT_TRUE(user_.checkpoint());
  EXPECT_TRUE(checkpointer_.endAsked());

  begin("30", true);
  EXPECT_TRUE(user_.checkpoint("SHARD_END"));
  EXPECT_TRUE(checkpointer_.endAsked());
}

TEST_F(ShardCheckpointerTest, TheEndOfTheShardCanBePreparedAndCommitted) {
  begin("30", true);
  auto prepared = checkpointer_.prepareCheckpoint("last");
  ASSERT_TRUE(prepared);
  EXPECT_EQ(prepared->position.sequenceNumber, "SHARD_END");
  EXPECT_FALSE(checkpointer_.endAsked());

  EXPECT_TRUE(checkpointer_.commit(*prepared));
  EXPECT_TRUE(checkpointer_.endAsked());
}

}  // namespace
}  // namespace tidemill::consume
