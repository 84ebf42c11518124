// What Spark tests of its receiver and record processor, with the same meaning, on the fetch lane of ours.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "codec/test_modes.h"
#include "consume/scripted_kinesis.h"
#include "sim/world.h"
#include "stream/fetch_side.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;
using Kind = block::ShardEnd::Kind;

constexpr char kShard[] = "shard-1";
constexpr std::int64_t kToken = 7;

// With records of their own and with aggregated ones, as Spark's suites run.
class RecordProcessorTest : public testing::TestWithParam<Aggregation> {
 protected:
  void SetUp() override {
    node_ = &world_.addNode("worker", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
    auto api = std::make_unique<consume::ScriptedKinesis>();
    api_ = api.get();
    api_->iterators = {std::string("i1")};
    api_->shards = {consume::shardOf(kShard)};
    FetchSideOptions options;
    options.streamName = "orders";
    options.idPrefix = "input-0";
    options.blockInterval = 1s;
    options.blockQueueSize = 10;
    options.budgetBytes = 64 << 20;
    auto makeApi = [made = std::make_shared<std::unique_ptr<kinesis::KinesisApi>>(std::move(api))](
                       rt::Loop&, http::HttpTransport&, base::Random&) { return std::move(*made); };
    side_ = std::make_unique<FetchSide>(
        node_->env(), std::move(options), base::Random(1), std::move(makeApi),
        [this](std::shared_ptr<const block::Block> block) { blocks_.push_back(std::move(block)); },
        [this](const std::string&, const Error& error) { failures_.push_back(error.code()); });
    side_->open();
  }
  void TearDown() override { side_->shutdown(false); }

  void start() {
    consume::ShardStart start;
    start.shardId = kShard;
    start.token = kToken;
    start.position.type = kinesis::IteratorPosition::Type::kTrimHorizon;
    side_->start(start);
  }
  static codec::RecordsPage pageOf(const std::vector<std::string>& numbers, std::optional<std::string> next) {
    return codec::pageIn(GetParam(), numbers, std::move(next));
  }
  // What came out: "1-2" for each slice, "end" and "handover".
  std::string given() const {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
    for (const auto& block : blocks_) {
      for (const block::SliceInfo& slice : block->info()->slices) {
        EXPECT_EQ(slice.range.shardId, kShard);
        EXPECT_EQ(slice.range.streamName, "orders");
        EXPECT_EQ(slice.token, kToken);
        // Whole records of Kinesis, from the first part to the last.
        const std::int64_t parts = codec::partsOf(GetParam());
        const std::int64_t whole = slice.range.fromSeqNumber == slice.range.toSeqNumber ? 1 : 2;
        EXPECT_EQ(slice.range.recordCount, whole * parts);
        EXPECT_EQ(slice.range.fromSubSeqNumber.value_or(0), 0u);
        EXPECT_EQ(slice.range.toSubSeqNumber.value_or(0), static_cast<std::uint64_t>(parts - 1));
        add(slice.range.fromSeqNumber + "-" + slice.range.toSeqNumber);
      }
      for (const block::ShardEnd& end : block->ends()) {
        EXPECT_EQ(end.shardId, kShard);
        EXPECT_EQ(end.token, kToken);
        add(end.kind == Kind::kShardEnd ? "end" : "handover");
      }
    }
    return text;
  }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
  consume::ScriptedKinesis* api_ = nullptr;
  std::unique_ptr<FetchSide> side_;
  std::vector<std::shared_ptr<const block::Block>> blocks_;
  std::vector<Code> failures_;
};

INSTANTIATE_TEST_SUITE_P(Records, RecordProcessorTest, codec::plainAndAggregated(), codec::modeName);

// 1. In Spark a fetch is stored and the shard's checkpointer registered. Here nothing is registered: the
// block carries shard, range and lease to wherever the checkpoint is written.
TEST_P(RecordProcessorTest, AFetchIsGivenOutWithItsShardRangeAndLease) {
  api_->pages = {pageOf({"11", "12"}, "i2")};
  start();
  world_.runFor(2s);
  EXPECT_EQ(given(), "11-12");
  std::vector<std::string> seen;
  blocks_[0]->forEach([&](const Record& record) {
    EXPECT_EQ(record.aggregation, GetParam());
    seen.push_back(std::string(record.text()) + " " + std::string(record.sequenceNumber) + "/" +
                   std::to_string(record.subSequenceNumber) + " " + std::string(record.explicitHashKey));
  });
  const std::vector<std::string> plain = {"11/0 11/0 ", "12/0 12/0 "};
  const std::vector<std::string> aggregated = {"11/0 11/0 ", "11/1 11/1 ", "11/2 11/2 7",
                                               "12/0 12/0 ", "12/1 12/1 ", "12/2 12/2 7"};
  EXPECT_EQ(seen, GetParam() == Aggregation::kPart ? aggregated : plain);
}

// 2. Spark cuts a fetch of two records at a limit of one, into two adds with one registration. Here a page is
// never cut; a limit makes the pages small, and each has a range of its own under the same lease.
TEST_P(RecordProcessorTest, SmallPagesGoIntoOneBlockWithARangeEach) {
  api_->pages = {pageOf({"11"}, "i2"), pageOf({"12"}, "i3")};
  start();
  world_.runFor(2s);
  EXPECT_EQ(given(), "11-11 12-12");
  EXPECT_EQ(blocks_.size(), 1u);
}

// 3.
TEST_P(RecordProcessorTest, NothingIsGivenOutAfterTheStop) {
  api_->pages = {pageOf({"11", "12"}, "i2")};
  side_->shutdown(true);
  start();
  world_.runFor(5s);
  EXPECT_EQ(given(), "");
}

// 4. In Spark an exception leaves the fetch out, and the library behind goes on with the next one: its
// records are lost. Here a failure that lasts ends the shard's reader and is told; what was read before it is
// kept, and nothing behind it is ever read.
TEST_P(RecordProcessorTest, AFailureIsToldAndNothingBehindItIsRead) {
  api_->pages = {pageOf({"11"}, "i2"), fail(Code::kAccessDenied, "no", "ask"), pageOf({"13"}, "i4")};
  start();
  world_.runFor(10s);
  EXPECT_EQ(failures_, std::vector<Code>{Code::kAccessDenied});
  EXPECT_EQ(given(), "11-11");
  EXPECT_EQ(api_->pages.size(), 1u);
}

// What may pass is the same fetch again.
TEST_P(RecordProcessorTest, AFetchThatIsThrottledIsMadeAgain) {
  api_->pages = {pageOf({"11"}, "i2"), fail(Code::kThrottled, "slow down"), pageOf({"12"}, "i3")};
  start();
  world_.runFor(10s);
  EXPECT_TRUE(failures_.empty());
  EXPECT_EQ(given(), "11-11 12-12");
}

// 5. Spark removes the checkpointer with its handle, which writes SHARD_END at once. Here the end travels
// behind the last records.
TEST_P(RecordProcessorTest, TheEndOfAShardFollowsItsLastRecords) {
  auto last = pageOf({"11", "12"}, std::nullopt);
  last.childShards = {consume::childOf("shard-2", kShard)};
  api_->pages = {pageOf({"10"}, "i2"), std::move(last)};
  start();
  world_.runFor(10s);
  EXPECT_EQ(given(), "10-10 11-12 end");
  EXPECT_EQ(blocks_.back()->ends()[0].children.size(), 1u);
}

// 6. Spark removes the checkpointer without a handle: no checkpoint.
TEST_P(RecordProcessorTest, ALostLeaseLeavesNoEnd) {
  api_->pages = {pageOf({"11"}, "i2")};
  start();
  world_.runFor(2s);
  side_->stop({.shardId = kShard, .token = kToken, .handOver = false});
  world_.runFor(10s);
  EXPECT_EQ(given(), "11-11");
}

// Nor does the loss of an earlier lease.
TEST_P(RecordProcessorTest, AStopOfAnotherLeaseChangesNothing) {
  api_->pages = {pageOf({"11"}, "i2")};
  start();
  side_->stop({.shardId = kShard, .token = kToken - 1, .handOver = true});
  world_.runFor(2s);
  EXPECT_EQ(given(), "11-11");
}

TEST_P(RecordProcessorTest, AShardThatIsHandedOverEndsBehindWhatWasRead) {
  api_->pages = {pageOf({"11"}, "i2")};
  start();
  world_.runFor(2s);
  side_->stop({.shardId = kShard, .token = kToken, .handOver = true});
  EXPECT_EQ(given(), "11-11 handover");
}

}  // namespace
}  // namespace tidemill::stream
