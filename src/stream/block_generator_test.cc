#include "stream/block_generator.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <utility>

#include "block/test_blocks.h"
#include "codec/test_modes.h"
#include "consume/reader_lane.h"
#include "rt/aligned_tick.h"
#include "sim/sim_loop.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kInterval = 200ms;
constexpr char kShard[] = "shard-a";

// Pages of plain records, or of the parts of aggregated ones: three parts to each sequence number.
class BlockGeneratorTest : public testing::TestWithParam<Aggregation> {
 protected:
  // The next `records` records of the shard, 10 bytes of payload each.
  std::shared_ptr<const block::ShardPage> page(int records) {
    const int first = next_;
    next_ += records;
    return pageOf(first, records);
  }
  static std::shared_ptr<const block::ShardPage> pageOf(int first, int records) {
    const auto plain = block::testPage(kShard, first, first + records - 1, 10);
    auto page = std::make_shared<block::ShardPage>();
    page->streamName = plain->streamName;
    page->shardId = plain->shardId;
    page->page = plain->page;
    const bool parts = GetParam() == Aggregation::kPart;
    for (int i = 0; i < records; ++i) {
      Record& record = page->page.records[static_cast<std::size_t>(i)];
      const int index = first + i;
      record.aggregation = GetParam();
      record.subSequenceNumber = parts ? static_cast<std::uint64_t>(index % 3) : 0;
      // The number of the aggregate is that of its first part.
      if (parts) record.sequenceNumber = numberOf(index - index % 3);
      record.partitionKey = {};
      record.explicitHashKey = {};
    }
    page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
    return page;
  }
  static std::string_view numberOf(int index) {
    static std::map<int, std::string> numbers;
    return numbers.try_emplace(index, std::to_string(index)).first->second;
  }

  std::unique_ptr<BlockGenerator> generator(std::int64_t sealBytes = 1000, std::int64_t waitingMax = 10) {
    return std::make_unique<BlockGenerator>(
        loop_, BlockGeneratorOptions{"input-0", {.sealBytes = sealBytes}, kInterval, waitingMax},
        [this](std::shared_ptr<const block::Block> block) { blocks_.push_back(std::move(block)); },
        [this](const std::string&, const Error& error) { failures_.push_back(error.message()); });
  }
  // To right behind the next tick.
  void passTick() { loop_.runFor(rt::tickAfter(loop_.wall(), 200ms) - loop_.wall()); }
  // Records in all blocks, in order; each is in one range of its block, and the ranges hold nothing else.
  int records() const {
    int count = 0;
    for (const auto& block : blocks_) {
      std::int64_t inRanges = 0;
      for (std::size_t i = 0; i < block->slices().size(); ++i) {
        const block::BlockSlice& slice = block->slices()[i];
        const SequenceNumberRange& range = block->info()->slices[i].range;
        EXPECT_EQ(range.recordCount, static_cast<std::int64_t>(slice.size()));
        EXPECT_EQ(range.fromSeqNumber, slice.record(0).sequenceNumber);
        EXPECT_EQ(range.toSeqNumber, slice.record(slice.size() - 1).sequenceNumber);
        EXPECT_EQ(range.fromSubSeqNumber.has_value(), GetParam() == Aggregation::kPart);
        EXPECT_EQ(range.toSubSeqNumber.has_value(), GetParam() == Aggregation::kPart);
        inRanges += range.recordCount;
      }
      EXPECT_EQ(inRanges, block->recordCount());
      block->forEach([&](const Record& record) {
        const int index = 1 + count++;
        const int start = GetParam() == Aggregation::kPart ? index - index % 3 : index;
        EXPECT_EQ(record.sequenceNumber, std::to_string(start));
      });
    }
    return count;
  }

  sim::SimLoop loop_{1};
  std::vector<std::shared_ptr<const block::Block>> blocks_;
  std::vector<std::string> failures_;
  int next_ = 1;
};

// Spark's BlockGenerator.

TEST_P(BlockGeneratorTest, NothingIsGivenOutBeforeThereIsData) {
  const auto blocks = generator();
  loop_.runFor(10 * kInterval);
  EXPECT_TRUE(blocks_.empty());
}

TEST_P(BlockGeneratorTest, SealsWhatCameAtEachTickInItsOrder) {
  const auto blocks = generator();
  blocks->page(page(1));
  blocks->page(page(2));
  EXPECT_TRUE(blocks_.empty());
  passTick();
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(blocks_[0]->recordCount(), 3);
  blocks->page(page(4));
  loop_.runFor(5 * kInterval);
  ASSERT_EQ(blocks_.size(), 2u);
  EXPECT_EQ(blocks_[1]->recordCount(), 4);
  EXPECT_EQ(records(), 7);
}

// Spark throws; here the readers have been stopped before, and what comes late counts as never read.
TEST_P(BlockGeneratorTest, NothingIsTakenAfterAStop) {
  const auto blocks = generator();
  blocks->page(page(1));
  blocks->stop();
  ASSERT_EQ(blocks_.size(), 1u);

  blocks->page(page(2));
  blocks->ended({.shardId = kShard});
  blocks->failed(kShard, Error(Code::kIo, "late"));
  blocks->flush();
  loop_.runFor(5 * kInterval);

  EXPECT_EQ(records(), 1);
  EXPECT_TRUE(blocks_[0]->ends().empty());
  EXPECT_TRUE(failures_.empty());
}

TEST_P(BlockGeneratorTest, ASecondStopIsHarmless) {
  const auto blocks = generator();
  blocks->page(page(1));
  blocks->stop();
  blocks->stop();
  EXPECT_EQ(records(), 1);
}

// Spark's stop waits for a tick; here it makes the last block at once.
TEST_P(BlockGeneratorTest, TheStopMakesALastBlockOfAllThatIsThere) {
  const auto blocks = generator();
  blocks->page(page(2));
  blocks->page(page(3));
  blocks->ended({.shardId = kShard});
  blocks->stop();
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(records(), 5);
  EXPECT_EQ(blocks_[0]->ends().size(), 1u);
}

TEST_P(BlockGeneratorTest, PassesAFailureOn) {
  const auto blocks = generator();
  blocks->failed(kShard, Error(Code::kAccessDenied, "shard-a: no", "ask"));
  EXPECT_EQ(failures_, std::vector<std::string>{"shard-a: no"});
}

// Time.

TEST_P(BlockGeneratorTest, TicksLieOnMultiplesOfTheIntervalOnTheWallClock) {
  loop_.runFor(70ms);  // The generator is made between two ticks.
  const auto blocks = generator();
  for (int i = 0; i < 3; ++i) {
    blocks->page(page(1));
    const std::size_t before = blocks_.size();
    while (blocks_.size() == before) loop_.runFor(1ms);
    EXPECT_EQ(loop_.wall().time_since_epoch() % 200ms, 0ms);
    loop_.runFor(33ms);
  }
}

TEST_P(BlockGeneratorTest, DestroyedBetweenTwoTicksGivesNothingMore) {
  auto blocks = generator();
  blocks->page(page(1));
  loop_.runFor(kInterval / 4);
  blocks.reset();
  loop_.runFor(5 * kInterval);
  EXPECT_TRUE(blocks_.empty());
}

TEST_P(BlockGeneratorTest, IdsAreThoseOfNoEarlierGenerator) {
  std::set<std::string> ids;
  for (int run = 0; run < 3; ++run) {
    const auto started = loop_.wall().time_since_epoch().count();
    const auto blocks = generator();
    for (int i = 0; i < 2; ++i) {
      blocks->page(page(1));
      passTick();
    }
    EXPECT_EQ(blocks_[blocks_.size() - 2]->id(), "input-0-" + std::to_string(started));
  }
  for (const auto& block : blocks_) EXPECT_TRUE(ids.insert(block->id()).second) << block->id();
  EXPECT_EQ(ids.size(), 6u);
}

// Size.

TEST_P(BlockGeneratorTest, IdsComeBehindThoseThatAreLeftWhateverTheClockSays) {
  const auto ahead = static_cast<std::uint64_t>((loop_.wall() + 10min).time_since_epoch().count());
  BlockGeneratorOptions options{"input-0", {.sealBytes = 1000}, kInterval, 10, ahead};
  BlockGenerator blocks(
      loop_, std::move(options),
      [this](std::shared_ptr<const block::Block> block) { blocks_.push_back(std::move(block)); },
      [](const std::string&, const Error&) {});
  blocks.page(page(1));
  blocks.stop();
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(blocks_[0]->id(), "input-0-" + std::to_string(ahead));
}

TEST_P(BlockGeneratorTest, SealsAFullBlockAtOnceWithThePageWhole) {
  const auto blocks = generator(25);
  blocks->page(page(2));
  EXPECT_TRUE(blocks_.empty());
  blocks->page(page(10));
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(records(), 12);
}

TEST_P(BlockGeneratorTest, TheEndOfAShardFollowsItsRecords) {
  const auto blocks = generator(25);
  blocks->page(page(1));
  blocks->page(page(2));  // Full.
  blocks->ended({.shardId = kShard});
  passTick();
  ASSERT_EQ(blocks_.size(), 2u);
  EXPECT_TRUE(blocks_[0]->ends().empty());
  EXPECT_EQ(blocks_[1]->recordCount(), 0);
  ASSERT_EQ(blocks_[1]->ends().size(), 1u);
  EXPECT_EQ(blocks_[1]->ends()[0].shardId, kShard);
}

TEST_P(BlockGeneratorTest, FlushGivesOutWhatIsThereOnce) {
  const auto blocks = generator();
  blocks->flush();
  EXPECT_TRUE(blocks_.empty());
  blocks->page(page(1));
  blocks->flush();
  blocks->flush();
  loop_.runFor(2 * kInterval);
  EXPECT_EQ(blocks_.size(), 1u);
}

// Blocks that wait to be stored.

TEST_P(BlockGeneratorTest, NoMoreBlocksWaitThanMayAndNoneIsLost) {
  const auto blocks = generator(15, 2);
  for (int i = 0; i < 6; ++i) blocks->page(page(2));  // Each one fills a block.
  loop_.runFor(5 * kInterval);
  EXPECT_EQ(blocks_.size(), 2u);
  EXPECT_EQ(blocks->waiting(), 2);

  blocks->stored();  // What had gathered is one block.
  EXPECT_EQ(blocks_.size(), 3u);
  EXPECT_EQ(blocks->waiting(), 2);
  EXPECT_EQ(records(), 12);

  blocks->stored();
  blocks->stored();
  EXPECT_EQ(blocks->waiting(), 0);
  blocks->page(page(2));
  EXPECT_EQ(blocks_.size(), 4u);
}

TEST_P(BlockGeneratorTest, ATickThatFindsNoPlaceIsMadeUpForWhenThereIsOne) {
  const auto blocks = generator(1000, 1);
  blocks->page(page(1));
  passTick();
  blocks->page(page(1));
  passTick();
  EXPECT_EQ(blocks_.size(), 1u);
  blocks->stored();
  EXPECT_EQ(blocks_.size(), 2u);
  EXPECT_EQ(records(), 2);
}

TEST_P(BlockGeneratorTest, TheStopGivesOutTheLastBlockThoughTooManyWait) {
  const auto blocks = generator(1000, 1);
  blocks->page(page(1));
  blocks->flush();
  blocks->page(page(1));
  blocks->flush();
  EXPECT_EQ(blocks_.size(), 1u);
  blocks->stop();
  EXPECT_EQ(blocks_.size(), 2u);
  EXPECT_EQ(records(), 2);
  blocks->stored();
  blocks->stored();
  EXPECT_EQ(blocks_.size(), 2u);
}

// A full page each 10 ms, for ever.
class EndlessFetcher final : public consume::RecordFetcher {
 public:
  using MakePage = std::function<std::shared_ptr<const block::ShardPage>()>;
  EndlessFetcher(rt::Loop& loop, int& reads, MakePage makePage)
      : loop_(loop), reads_(reads), makePage_(std::move(makePage)) {}

  rt::Task<Result<consume::Fetched>> next() override {
    ++reads_;
    co_await loop_.sleepFor(10ms);
    consume::Fetched fetched;
    fetched.page = makePage_();
    co_return std::move(fetched);
  }

 private:
  rt::Loop& loop_;
  int& reads_;
  const MakePage makePage_;
};

TEST_P(BlockGeneratorTest, ReadingPausesWhileTooManyBlocksWaitAndGoesOn) {
  const auto blocks = generator(15, 3);
  int reads = 0;
  consume::ReaderLane readers(loop_, *blocks);
  for (const char* shardId : {"shard-1", "shard-2"}) {
    readers.start(shardId, 1, std::make_unique<EndlessFetcher>(loop_, reads, [this] { return page(2); }),
                  nullptr);
  }
  loop_.runFor(60s);
  EXPECT_EQ(blocks_.size(), 3u);
  // The reads that filled the queue, and one of each shard that had begun.
  EXPECT_LE(reads, 5);

  const int before = reads;
  for (int i = 0; i < 20; ++i) {
    blocks->stored();
    loop_.runFor(1s);
  }
  EXPECT_GE(reads, before + 19);
  EXPECT_EQ(blocks->waiting(), 3);

  // A reader that is stopped while it waits leaves its place to the others.
  EXPECT_TRUE(readers.stop("shard-1", 1));
  const int stopped = reads;
  blocks->stored();
  loop_.runFor(1s);
  EXPECT_GT(reads, stopped);
  readers.stop();
  blocks->stop();
  EXPECT_EQ(records(), next_ - 1);
}

INSTANTIATE_TEST_SUITE_P(Records, BlockGeneratorTest, codec::plainAndAggregated(), codec::modeName);

}  // namespace
}  // namespace tidemill::stream
