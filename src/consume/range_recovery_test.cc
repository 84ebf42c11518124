// Blocks as live reading makes them, lost and rebuilt, in a simulated world with the fake Kinesis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "block/test_blocks.h"
#include "codec/test_kpl.h"
#include "consume/polling_fetcher.h"
#include "consume/range_reader.h"
#include "consume/test_consumer.h"
#include "rt/task_group.h"

namespace tidemill::consume {
namespace {

using testing::HasSubstr;
using Infos = std::vector<std::shared_ptr<const block::BlockInfo>>;

constexpr char kFirst[] = "shardId-000000000000";

class RangeRecoveryTest : public ConsumerFixture {
 protected:
  void SetUp() override {
    ConsumerFixture::SetUp();
    range_.streamName = "orders";
    range_.retry.attemptsMax = 20;
    range_.retry.timeout = 60s;
  }
  rt::Loop& loop() { return node_->env().loop; }
  RangeReadContext context() {
    const rt::Env& env = node_->env();
    return {env.loop, *client_, paces_, random_, env.log, env.faults};
  }
  std::unique_ptr<PollingFetcher> fetcher(const std::string& shardId, std::shared_ptr<ShardPaces> paces) {
    const rt::Env& env = node_->env();
    FetchContext context{env.loop, *client_, std::make_shared<block::MemoryBudget>(env.loop, 64 << 20),
                         random_, env.log};
    context.paces = std::move(paces);
    ReadTask task{"orders", shardId, {}, 7};
    task.start.type = kinesis::IteratorPosition::Type::kTrimHorizon;
    return std::make_unique<PollingFetcher>(std::move(context), task, PollingOptions());
  }
  void putMany(int count, std::size_t bytes) {
    for (int i = 0; i < count; i += 100) {
      std::vector<kinesis::PutEntry> entries;
      for (int j = i; j < std::min(i + 100, count); ++j) {
        std::string payload = std::to_string(put_++) + ":";
        payload.resize(std::max(bytes, payload.size()), 'x');
        entries.push_back({payload, "key-" + std::to_string(j), std::nullopt});
      }
      auto outcomes = world_.loop().run(client_->putRecords("orders", entries));
      ASSERT_TRUE(outcomes);
      for (const kinesis::PutOutcome& one : *outcomes) ASSERT_EQ(one.errorCode, "");
      world_.runFor(1s);
    }
  }
  // Blocks of `size` records each, as live reading cuts them from the pages of a shard.
  void readLive(const std::string& shardId, std::size_t size) {
    auto fetcher = this->fetcher(shardId, paces_);
    for (int empty = 0; empty < 3;) {  // Until the tip.
      auto fetched = world_.loop().run(fetcher->next());
      ASSERT_TRUE(fetched) << fetched.error().message();
      if (fetched->page == nullptr) {
        ++empty;
        if (fetched->ended) return;
        continue;
      }
      const std::size_t records = fetched->page->page.records.size();
      for (std::size_t at = 0; at < records; at += size) {
        std::vector<block::BlockSlice> slices = {{fetched->page, at, std::min(at + size, records)}};
        add(std::move(slices));
      }
    }
  }
  void add(std::vector<block::BlockSlice> slices) {
    blocks_.push_back(std::make_shared<const block::Block>(
        "block-" + std::to_string(blocks_.size()), std::move(slices), std::vector<block::ShardEnd>{}));
  }
  Infos infos() const {
    Infos infos;
    for (const auto& block : blocks_) infos.push_back(block->info());
    return infos;
  }
  Result<std::vector<RebuiltBlock>> rebuild(Infos infos) {
    RangeReader reader(context(), range_);
    return world_.loop().run(reader.rebuild(std::move(infos)));
  }
  // I15: rebuilt blocks are those that were lost, by id, hash, tokens and every byte, and every record is
  // what it was on the wire, of which the hash says nothing.
  void expectSame(const Result<std::vector<RebuiltBlock>>& rebuilt, const Infos& lost) const {
    ASSERT_TRUE(rebuilt) << rebuilt.error().message();
    ASSERT_EQ(rebuilt->size(), lost.size());
    for (std::size_t i = 0; i < lost.size(); ++i) {
      const block::Block& block = *rebuilt->at(i).block;
      EXPECT_EQ(block.info(), lost[i]);
      ASSERT_EQ(block.slices().size(), lost[i]->slices.size());
      for (std::size_t j = 0; j < lost[i]->slices.size(); ++j) {
        EXPECT_EQ(block.slices()[j].info(), lost[i]->slices[j]);
      }
      const auto original = std::find_if(blocks_.begin(), blocks_.end(),
                                         [&](const auto& one) { return one->info() == lost[i]; });
      ASSERT_NE(original, blocks_.end());
      EXPECT_EQ(block::textOf(block), block::textOf(**original));
    }
  }
  std::uint64_t throttled() const {
    const auto& byError = aws_.kinesis().calls().byError;
    const auto found = byError.find("ProvisionedThroughputExceededException");
    return found == byError.end() ? 0 : found->second;
  }

  std::shared_ptr<ShardPaces> paces_ = std::make_shared<ShardPaces>(PaceOptions());
  RangeReadOptions range_;
  std::vector<std::shared_ptr<const block::Block>> blocks_;
  int put_ = 0;
};

TEST_F(RangeRecoveryTest, RebuildsBlocksOfSeveralShardsAsTheyWere) {
  createStream(3);
  putMany(300, 100);
  for (int i = 0; i < 3; ++i) readLive("shardId-00000000000" + std::to_string(i), 7);
  // A block of several shards.
  add({blocks_[0]->slices()[0], blocks_[20]->slices()[0], blocks_[1]->slices()[0]});
  expectSame(rebuild(infos()), infos());
  EXPECT_EQ(throttled(), 0u);
}

TEST_F(RangeRecoveryTest, RebuildsASampleOfBlocks) {
  createStream(2);
  putMany(400, 100);
  readLive(kFirst, 5);
  Infos lost;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (random_.chance(3, 10)) lost.push_back(blocks_[i]->info());
  }
  ASSERT_GT(lost.size(), 5u);
  expectSame(rebuild(lost), lost);
}

TEST_F(RangeRecoveryTest, RebuildsDamagedAndEmptyAggregatesMarkedAsTheyWere) {
  const std::string good = codec::aggregateOf({{"key-1", "a"}, {"key-2", "b", "7"}, {"key-3", "c"}});
  std::string damaged = good;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);  // The MD5.
  const std::string empty = codec::kplFrame(codec::bytesField(1, "key"));
  createStream(1);
  put({empty, damaged, "plain", good, damaged, empty, good, "plain", damaged, empty});
  std::vector<Aggregation> all;
  using enum Aggregation;
  const std::vector<Aggregation> expected = {kDamaged, kNone, kPart, kPart, kPart,   kDamaged,
                                             kPart,    kPart, kPart, kNone, kDamaged};

  // Every way to cut them: each record is the first and the last of a block some time.
  for (std::size_t size = 1; size <= expected.size(); ++size) {
    SCOPED_TRACE(size);
    const std::size_t before = blocks_.size();
    readLive(kFirst, size);
    all.clear();
    for (std::size_t i = before; i < blocks_.size(); ++i) {
      blocks_[i]->forEach([&](const Record& record) { all.push_back(record.aggregation); });
    }
    EXPECT_EQ(all, expected);
  }
  expectSame(rebuild(infos()), infos());
}

TEST_F(RangeRecoveryTest, HasNoMoreAnswersUnderWayThanItMay) {
  createStream(4);
  putMany(400, 100);
  for (int i = 0; i < 4; ++i) readLive("shardId-00000000000" + std::to_string(i), 20);
  world_.net().faults().latencyMin = world_.net().faults().latencyMax = 500ms;
  const auto timeWith = [this](int answersMax) {
    world_.runFor(10s);  // Nobody has to wait for the pace of an earlier reading.
    range_.answersMax = answersMax;
    const auto before = loop().now();
    expectSame(rebuild(infos()), infos());
    return loop().now() - before;
  };

  const rt::Duration together = timeWith(4);
  const rt::Duration inTurn = timeWith(1);

  // Iterators and pages, each a second on its way and back.
  EXPECT_GE(together, 2s);
  EXPECT_LT(together, 3s);
  EXPECT_GE(inTurn, 5s);
}

TEST_F(RangeRecoveryTest, ShardsWaitForTheirTurnsSideBySide) {
  createStream(4);
  putMany(8'000, 1'000);
  for (int i = 0; i < 4; ++i) readLive("shardId-00000000000" + std::to_string(i), 100);
  range_.answersMax = 1;
  world_.runFor(10s);
  const auto before = loop().now();
  for (int i = 0; i < 2; ++i) expectSame(rebuild(infos()), infos());
  const auto seconds = std::chrono::duration<double>(loop().now() - before).count();
  // Twice, as nobody waits for the last page. One shard after the other would take all of the time four
  // times.
  EXPECT_GT(2 * 8'000'000.0 / seconds, 2 * (2 << 20));
  EXPECT_EQ(throttled(), 0u);
}

TEST_F(RangeRecoveryTest, RebuildsUnderThrottlingFailuresAndExpiredIterators) {
  createStream(2);
  putMany(300, 100);
  readLive(kFirst, 10);
  world_.net().faults().on = true;
  aws_.setFaults(250);
  expectSame(rebuild(infos()), infos());
}

TEST_F(RangeRecoveryTest, GivesUpWhenTheServiceStaysAwayAndSucceedsWhenItIsBack) {
  createStream(1);
  putMany(100, 100);
  readLive(kFirst, 10);
  world_.net().cutRequests("worker", kHost, true);
  range_.retry.timeout = 10s;
  const auto before = loop().now();
  const auto failed = rebuild(infos());
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().retryable()) << failed.error().message();
  EXPECT_LE(loop().now() - before, 11s);

  world_.net().healAll();
  expectSame(rebuild(infos()), infos());
}

TEST_F(RangeRecoveryTest, RebuildsBlocksOfAShardThatHasEnded) {
  createStream(1);
  putMany(200, 100);
  splitShard(kFirst);
  putMany(100, 100);
  readLive(kFirst, 9);
  ASSERT_EQ(blocks_.size(), 23u);
  expectSame(rebuild(infos()), infos());
}

TEST_F(RangeRecoveryTest, RebuildsWhileTheShardIsSplit) {
  createStream(1);
  putMany(300, 10'000);
  readLive(kFirst, 10);
  RangeReader reader(context(), range_);
  std::optional<Result<std::vector<RebuiltBlock>>> rebuilt;
  const auto into = [](RangeReader& with, Infos lost,
                       std::optional<Result<std::vector<RebuiltBlock>>>& result) -> rt::Task<void> {
    auto blocks = co_await with.rebuild(std::move(lost));
    result.emplace(std::move(blocks));
  };
  rt::TaskGroup group(loop());
  group.spawn(into(reader, infos(), rebuilt));
  world_.runFor(300ms);
  ASSERT_FALSE(rebuilt);
  splitShard(kFirst);
  runUntil([&] { return rebuilt.has_value(); });
  expectSame(*rebuilt, infos());
}

// Reads a shard again and again from its beginning for ten seconds, live, beside a recovery of the same
// shard.
class SharedPaceTest : public RangeRecoveryTest {
 protected:
  void readTwice(std::shared_ptr<ShardPaces> livePaces) {
    createStream(1);
    putMany(2'000, 1'000);
    readLive(kFirst, 50);
    const auto live = [](std::unique_ptr<PollingFetcher> reader) -> rt::Task<void> {
      for (;;) {  // Until the group ends.
        auto fetched = co_await reader->next();
        if (!fetched) co_return;
      }
    };
    const auto recovery = [](RangeReader& with, Infos lost, bool& done) -> rt::Task<void> {
      for (int i = 0; i < 3; ++i) {
        auto rebuilt = co_await with.rebuild(lost);
        EXPECT_TRUE(rebuilt);
      }
      done = true;
    };
    world_.runFor(10s);
    RangeReader reader(context(), range_);
    bool done = false;
    rt::TaskGroup group(loop());
    for (int i = 0; i < 3; ++i) group.spawn(live(fetcher(kFirst, livePaces)));
    group.spawn(recovery(reader, infos(), done));
    runUntil([&] { return done; });
  }
};

TEST_F(SharedPaceTest, LiveReadingAndRecoveryStayTogetherBelowTheLimitsOfTheShard) {
  readTwice(paces_);
  EXPECT_EQ(throttled(), 0u);
}

TEST_F(SharedPaceTest, WithoutASharedPaceTheShardIsThrottled) {
  readTwice(nullptr);
  EXPECT_GT(throttled(), 0u);
}

TEST_F(RangeRecoveryTest, NamesWhatPassedItsRetentionBetweenTheFirstAndTheLastNumber) {
  createStream(1);
  putMany(100, 100);
  world_.runFor(12h);
  putMany(100, 100);
  readLive(kFirst, 1'000);  // One block.
  ASSERT_EQ(blocks_.size(), 1u);
  world_.runFor(13h);  // The first half is older than a day.

  const auto stopped = rebuild(infos());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Code::kDataLoss);
  const SequenceNumberRange range = blocks_[0]->ranges()[0];
  for (const std::string& part : {range.streamName, range.shardId, range.fromSeqNumber, range.toSeqNumber,
                                  std::string("100 of 200 records are left")}) {
    EXPECT_THAT(stopped.error().message(), HasSubstr(part));
  }
  EXPECT_EQ(logged("data_loss"), 0u);

  range_.onLoss = LossPolicy::kRecord;
  const auto recorded = rebuild(infos());
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->at(0).block->recordCount(), 100);
  EXPECT_EQ(recorded->at(0).block->ranges()[0].toSeqNumber, range.toSeqNumber);
  EXPECT_EQ(recorded->at(0).losses.size(), 1u);
  EXPECT_EQ(logged("data_loss"), 1u);  // I9.
}

TEST_F(RangeRecoveryTest, NamesBlocksOfAShardThatIsGone) {
  createStream(1);
  putMany(100, 100);
  readLive(kFirst, 10);
  splitShard(kFirst);
  world_.runFor(25h);
  range_.onLoss = LossPolicy::kRecord;
  const auto rebuilt = rebuild(infos());
  ASSERT_TRUE(rebuilt) << rebuilt.error().message();
  for (const RebuiltBlock& one : *rebuilt) {
    EXPECT_EQ(one.block->recordCount(), 0);
    EXPECT_EQ(one.losses.size(), 1u);
  }
  EXPECT_EQ(logged("data_loss"), blocks_.size());
}

TEST_F(RangeRecoveryTest, ReadsAtNearlyTheRateOfTheShard) {
  createStream(1);
  putMany(4'000, 1'000);
  readLive(kFirst, 100);
  world_.runFor(10s);
  const auto before = loop().now();
  expectSame(rebuild(infos()), infos());
  const auto seconds = std::chrono::duration<double>(loop().now() - before).count();
  // The last page need not be waited for, so this is no proof for long reads; the benchmark is.
  EXPECT_GT(4'000'000.0 / seconds, 0.9 * (2 << 20));
  EXPECT_EQ(throttled(), 0u);
}

}  // namespace
}  // namespace tidemill::consume
