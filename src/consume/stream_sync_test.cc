// Listings that are stale, out of order, full of holes or at odds with themselves or with the rows.
#include "consume/stream_sync.h"

#include <algorithm>

#include "consume/test_book.h"

namespace tidemill::consume {
namespace {

using namespace std::chrono_literals;
using lease::Checkpoint;

class StreamSyncTest : public BookFixture {
 protected:
  void SetUp() override {
    BookFixture::SetUp();
    remake(KinesisInitialPosition::TrimHorizon());
  }
  void remake(const KinesisInitialPosition& initial) {
    sync_ = std::make_unique<StreamSync>(node_->env(), api_, *book_, "orders", initial);
  }
  Result<std::optional<StreamView>> look() { return world_.loop().run(sync_->look()); }
  // Looks and adopts; gives the keys made.
  Result<std::vector<std::string>> sync() {
    auto view = look();
    if (!view) return fail(view.error());
    if (!*view) return std::vector<std::string>{"no view"};
    const StreamView& seen = **view;
    return world_.loop().run(sync_->adopt(seen));
  }
  using Keys = std::vector<std::string>;

  std::unique_ptr<StreamSync> sync_;
};

TEST_F(StreamSyncTest, MakesTheRowsThatAreMissingOnce) {
  api_.shards = {shardOf("shard-1")};
  EXPECT_EQ(*sync(), Keys{"shard-1"});
  EXPECT_EQ(*sync(), Keys{});
  EXPECT_GT(sync_->nextLook(), world_.loop().now() + 30s);
}

TEST_F(StreamSyncTest, WaitsForAListingThatContradictsItself) {
  // A child beside its open parent: of two moments, or of an emulator.
  api_.shards = {shardOf("shard-1"), shardOf("shard-2", "", "shard-1")};
  const auto view = look();
  ASSERT_TRUE(view);
  EXPECT_FALSE(*view);
  EXPECT_EQ(logged("listing_inconsistent"), 1u);
  EXPECT_LE(sync_->nextLook() - world_.loop().now(), 1s);
  EXPECT_TRUE(table_->rows.empty());

  api_.shards[0].endingSequenceNumber = "50";
  EXPECT_EQ(*sync(), Keys{"shard-1"});
  EXPECT_EQ(logged("listing_inconsistent"), 1u);
}

TEST_F(StreamSyncTest, TakesAListingAsItIsThatKeepsContradictingItself) {
  api_.shards = {shardOf("shard-1"), shardOf("shard-2", "", "shard-1")};
  for (int i = 0; i < 4; ++i) {
    const auto view = look();
    ASSERT_TRUE(view);
    EXPECT_FALSE(*view) << i;
  }
  EXPECT_TRUE(*look());
}

TEST_F(StreamSyncTest, ReadsAListingInAnyOrder) {
  api_.shards = {shardOf("shard-3", "", "shard-2"), shardOf("shard-2", "50", "shard-1"),
                 shardOf("shard-1", "20")};
  EXPECT_EQ(*sync(), Keys{"shard-1"});  // The oldest; the others follow at its end.
  row("shard-1").checkpoint = Checkpoint::shardEnd();
  ++row("shard-1").leaseCounter;
  EXPECT_EQ(*sync(), Keys{"shard-2"});
  EXPECT_EQ(row("shard-2").parentShardIds, std::set<std::string>{"shard-1"});
}

TEST_F(StreamSyncTest, AParentThatIsPastRetentionIsNoObstacle) {
  api_.shards = {shardOf("shard-2", "", "shard-1")};
  EXPECT_EQ(*sync(), Keys{"shard-2"});
  EXPECT_TRUE(row("shard-2").parentShardIds.empty());
  EXPECT_EQ(logged("shard_listing_has_holes"), 0u);
}

TEST_F(StreamSyncTest, AsksAgainForAListingWithHolesAndNamesWhatIsMissing) {
  auto half = shardOf("shard-1");
  half.endingHashKey = "1000";
  api_.listings = {std::vector{half}};
  api_.shards = {shardOf("shard-1")};
  EXPECT_EQ(*sync(), Keys{"shard-1"});
  EXPECT_EQ(row("shard-1").endingHashKey, api_.shards[0].endingHashKey);
  EXPECT_EQ(logged("shard_listing_has_holes"), 0u);

  api_.shards = {half};
  ASSERT_TRUE(*look());
  EXPECT_EQ(logged("shard_listing_has_holes"), 1u);
}

TEST_F(StreamSyncTest, AnUnlistedShardOfAnotherWorkerIsNotOurLoss) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", "you", Checkpoint::at("41"));
  EXPECT_EQ(*sync(), Keys{"shard-9"});
  EXPECT_EQ(std::count(api_.calls.begin(), api_.calls.end(), "TRIM_HORIZON"), 0);
  EXPECT_EQ(logged("data_lost"), 0u);
}

TEST_F(StreamSyncTest, AnUnlistedShardOfNobodyIsALossOnceTheServiceDoesNotKnowIt) {
  api_.shards = {shardOf("shard-9")};
  addRow("shard-1", "", Checkpoint::at("41"));
  // Twice is not enough: the third answer has it.
  api_.iterators = {fail(Code::kUnknownStream, "no such shard"), fail(Code::kUnknownStream, "no such shard"),
                    std::string("i1")};
  EXPECT_TRUE(sync());
  EXPECT_EQ(logged("data_lost"), 0u);

  for (int i = 0; i < 3; ++i) api_.iterators.push_back(fail(Code::kUnknownStream, "no such shard"));
  const auto lost = sync();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kDataLoss);
  EXPECT_EQ(logged("data_lost"), 1u);
}

TEST_F(StreamSyncTest, AShardThatIsBeingReadHereFindsItsLossOutItself) {
  addRow("shard-1", "", Checkpoint::at("41"));
  hold("shard-1");
  api_.shards = {shardOf("shard-9")};
  EXPECT_TRUE(sync());
  EXPECT_EQ(logged("data_lost"), 0u);
}

TEST_F(StreamSyncTest, AShardBelowARowThatCannotBeReadDoesNotStartAtLatest) {
  remake(KinesisInitialPosition::Latest());
  api_.shards = {shardOf("shard-1", "50"), shardOf("shard-2", "", "shard-1")};
  addRow("shard-1", "you", Checkpoint::at("41"));
  table_->unreadable["shard-1"] = "checkpoint is yesterday";
  EXPECT_EQ(*sync(), Keys{});
  EXPECT_EQ(logged("lease_row_unreadable"), 1u);
  EXPECT_FALSE(table_->rows.contains("shard-2"));

  table_->unreadable.clear();
  row("shard-1").checkpoint = Checkpoint::shardEnd();
  EXPECT_EQ(*sync(), Keys{"shard-2"});
  EXPECT_EQ(row("shard-2").checkpoint, Checkpoint::trimHorizon());
}

TEST_F(StreamSyncTest, AShardThatAnEarlierListingLackedStartsAtTheFirstLatest) {
  remake(KinesisInitialPosition::Latest());
  api_.shards = {shardOf("shard-1")};
  api_.serverTime = rt::WallTime(1'767'225'600'000ms);
  ASSERT_TRUE(sync());
  api_.serverTime += 1h;
  api_.shards.push_back(shardOf("shard-7"));
  EXPECT_EQ(*sync(), Keys{"shard-7"});
  EXPECT_EQ(row("shard-7").startsAt, rt::WallTime(1'767'225'600'000ms));
}

}  // namespace
}  // namespace tidemill::consume
