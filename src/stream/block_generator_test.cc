#include "stream/block_generator.h"

#include <gtest/gtest.h>

#include <utility>

#include "sim/sim_loop.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kInterval = 200ms;

// A page of `records` records of 10 bytes each.
std::shared_ptr<const block::ShardPage> pageOf(int records) {
  auto page = std::make_shared<block::ShardPage>();
  page->streamName = "orders";
  page->shardId = "shard-a";
  page->page.body = codec::Body::copyOf("0123456789");
  const std::string_view text = page->page.body->view();
  for (int i = 0; i < records; ++i) {
    Record record;
    record.data = std::as_bytes(std::span(text.data(), text.size()));
    record.sequenceNumber = text;
    page->page.records.push_back(record);
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return page;
}

class BlockGeneratorTest : public testing::Test {
 protected:
  std::unique_ptr<BlockGenerator> generator(std::int64_t sealBytes = 1000) {
    return std::make_unique<BlockGenerator>(
        loop_, "input-0", block::BlockBuilderOptions{.sealBytes = sealBytes}, kInterval,
        [this](std::shared_ptr<const block::Block> block) {
          blocks_.push_back(std::move(block));
          if (onBlock_) onBlock_();
        },
        [this](const Error& error) { failures_.push_back(error.message()); });
  }

  sim::SimLoop loop_{1};
  std::vector<std::shared_ptr<const block::Block>> blocks_;
  std::vector<std::string> failures_;
  std::function<void()> onBlock_;
};

TEST_F(BlockGeneratorTest, SealsWhatCameAtEachTickAndNothingIfNothingCame) {
  const auto blocks = generator();
  loop_.runFor(3 * kInterval + 10ms);
  EXPECT_TRUE(blocks_.empty());
  blocks->page(pageOf(1));
  blocks->page(pageOf(2));
  EXPECT_TRUE(blocks_.empty());
  loop_.runFor(kInterval);
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(blocks_[0]->recordCount(), 3);
  blocks->page(pageOf(4));
  loop_.runFor(5 * kInterval);
  ASSERT_EQ(blocks_.size(), 2u);
  EXPECT_EQ(blocks_[1]->recordCount(), 4);
  EXPECT_NE(blocks_[0]->id(), blocks_[1]->id());
}

TEST_F(BlockGeneratorTest, SealsAFullBlockAtOnceWithThePageWhole) {
  const auto blocks = generator(25);
  blocks->page(pageOf(2));
  EXPECT_TRUE(blocks_.empty());
  blocks->page(pageOf(10));
  ASSERT_EQ(blocks_.size(), 1u);
  EXPECT_EQ(blocks_[0]->recordCount(), 12);
}

TEST_F(BlockGeneratorTest, TheEndOfAShardFollowsItsRecords) {
  const auto blocks = generator(25);
  blocks->page(pageOf(1));
  blocks->page(pageOf(2));  // Full.
  blocks->ended({"shard-a", {}});
  loop_.runFor(kInterval);
  ASSERT_EQ(blocks_.size(), 2u);
  EXPECT_TRUE(blocks_[0]->ends().empty());
  EXPECT_EQ(blocks_[1]->recordCount(), 0);
  ASSERT_EQ(blocks_[1]->ends().size(), 1u);
  EXPECT_EQ(blocks_[1]->ends()[0].shardId, "shard-a");
}

TEST_F(BlockGeneratorTest, FlushGivesOutWhatIsThereOnce) {
  const auto blocks = generator();
  blocks->flush();
  EXPECT_TRUE(blocks_.empty());
  blocks->page(pageOf(1));
  blocks->flush();
  blocks->flush();
  loop_.runFor(2 * kInterval);
  EXPECT_EQ(blocks_.size(), 1u);
}

TEST_F(BlockGeneratorTest, PassesAFailureOn) {
  const auto blocks = generator();
  blocks->failed("shard-a", Error(Code::kAccessDenied, "shard-a: no", "ask"));
  EXPECT_EQ(failures_, std::vector<std::string>{"shard-a: no"});
}

TEST_F(BlockGeneratorTest, DestroyedBetweenTwoTicksGivesNothingMore) {
  auto blocks = generator();
  blocks->page(pageOf(1));
  loop_.runFor(kInterval / 2);
  blocks.reset();
  loop_.runFor(5 * kInterval);
  EXPECT_TRUE(blocks_.empty());
}

}  // namespace
}  // namespace tidemill::stream
