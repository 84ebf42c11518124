#include "consume/reader_lane.h"

#include <gtest/gtest.h>

#include <vector>

#include "sim/sim_loop.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;

// An empty page each 10 ms, under the token; ends the shard or fails after `pages`, if it has a limit.
class Ticker final : public RecordFetcher {
 public:
  Ticker(rt::Loop& loop, std::int64_t token, int pages = -1, std::optional<Error> failure = std::nullopt)
      : loop_(loop), token_(token), pages_(pages), failure_(std::move(failure)) {}

  rt::Task<Result<Fetched>> next() override {
    co_await loop_.sleepFor(10ms);
    if (pages_ == 0 && failure_) co_return fail(*failure_);
    auto page = std::make_shared<block::ShardPage>();
    page->shardId = "shard-1";
    page->token = token_;
    Fetched fetched;
    fetched.page = std::move(page);
    if (pages_ > 0) --pages_;
    fetched.ended = pages_ == 0 && !failure_;
    co_return std::move(fetched);
  }

 private:
  rt::Loop& loop_;
  const std::int64_t token_;
  int pages_;
  const std::optional<Error> failure_;
};

class ReaderLaneTest : public testing::Test, public RecordSink {
 protected:
  void page(std::shared_ptr<const block::ShardPage> page) override { tokens_.push_back(page->token); }
  void ended(block::ShardEnd end) override { ends_.push_back(std::move(end)); }
  void failed(const std::string&, const Error& error) override { failures_.push_back(error.code()); }

  void start(std::int64_t token, std::shared_ptr<const LeaseFence> fence = nullptr) {
    lane_.start("shard-1", token, std::make_unique<Ticker>(loop_, token), std::move(fence));
  }

  void passes(rt::Duration time) { loop_.run(sleep(loop_, time)); }
  static rt::Task<void> sleep(rt::Loop& loop, rt::Duration time) { co_await loop.sleepFor(time); }

  sim::SimLoop loop_{1};
  std::vector<std::int64_t> tokens_;
  std::vector<block::ShardEnd> ends_;
  std::vector<Code> failures_;
  ReaderLane lane_{loop_, *this};
};

TEST_F(ReaderLaneTest, GivesNothingAfterAStop) {
  start(1);
  passes(105ms);
  EXPECT_EQ(tokens_.size(), 10u);
  EXPECT_TRUE(lane_.stop("shard-1", 1));
  passes(100ms);
  EXPECT_EQ(tokens_.size(), 10u);
  EXPECT_FALSE(lane_.stop("shard-1", 1));
}

TEST_F(ReaderLaneTest, AStopOfAnEarlierTokenLeavesTheReaderAlone) {
  start(2);
  EXPECT_FALSE(lane_.stop("shard-1", 1));
  EXPECT_FALSE(lane_.stop("shard-2", 2));
  passes(105ms);
  EXPECT_EQ(tokens_.size(), 10u);
}

TEST_F(ReaderLaneTest, AReaderWithANewTokenReplacesTheOneBefore) {
  start(1);
  passes(25ms);
  start(2);
  passes(25ms);
  EXPECT_EQ(tokens_, (std::vector<std::int64_t>{1, 1, 2, 2}));
}

TEST_F(ReaderLaneTest, WaitsWhileTheFenceIsClosedAndGoesOnWhenItOpens) {
  const auto fence = std::make_shared<LeaseFence>(loop_.now() + 45ms);
  start(1, fence);
  passes(1s);
  // The read that had begun comes in: whether it may be delivered is decided there.
  EXPECT_EQ(tokens_.size(), 5u);

  fence->moveTo(loop_.now() + 1h);
  passes(100ms);
  EXPECT_GT(tokens_.size(), 7u);

  fence->close();
  passes(20ms);
  const std::size_t given = tokens_.size();
  passes(10s);
  EXPECT_EQ(tokens_.size(), given);
  EXPECT_TRUE(lane_.stop("shard-1", 1));  // It waits still.
}

TEST_F(ReaderLaneTest, SaysOnceThatAShardHasEndedAndUnderWhichToken) {
  lane_.start("shard-1", 7, std::make_unique<Ticker>(loop_, 7, 2), nullptr);
  passes(1s);
  EXPECT_EQ(tokens_.size(), 2u);
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].token, 7);
  EXPECT_EQ(ends_[0].kind, block::ShardEnd::Kind::kShardEnd);
  EXPECT_FALSE(lane_.stop("shard-1", 7));  // It ended by itself.
}

TEST_F(ReaderLaneTest, TellsOfAFailureAndStops) {
  lane_.start("shard-1", 7, std::make_unique<Ticker>(loop_, 7, 1, Error(Code::kDataLoss, "trimmed")),
              nullptr);
  passes(1s);
  EXPECT_EQ(failures_, std::vector<Code>{Code::kDataLoss});
  EXPECT_TRUE(ends_.empty());
}

TEST_F(ReaderLaneTest, StopsAllAtOnce) {
  start(1);
  lane_.start("shard-2", 1, std::make_unique<Ticker>(loop_, 1), nullptr);
  lane_.stop();
  passes(1s);
  EXPECT_TRUE(tokens_.empty());
}

}  // namespace
}  // namespace tidemill::consume
