// With the meaning of Spark's ReceivedBlockTrackerSuite, and the rules of spans.
#include "stream/checkpoint/ledger_state.h"

#include <gtest/gtest.h>

#include "stream/checkpoint/test_ledger.h"

namespace tidemill::stream {
namespace {

using Kind = SpanEntry::Kind;
using Ids = std::vector<std::string>;

Ids idsOf(const std::vector<LedgerBlock>& blocks) {
  Ids ids;
  for (const LedgerBlock& block : blocks) ids.push_back(block.info->id);
  return ids;
}

class LedgerStateTest : public testing::Test {
 protected:
  void log(const std::vector<LedgerEntry>& entries) {
    for (const LedgerEntry& entry : entries) state_.apply(entry);
  }
  Ids unallocated() const { return idsOf(state_.unallocated()); }
  Ids batch(std::int64_t seconds) const {
    const auto found = state_.batches().find(at(seconds));
    return found == state_.batches().end() ? Ids{"no batch"} : idsOf(found->second.blocks);
  }
  ShardResume resume(int checkpoint, bool afterStored = false) const {
    return resumeOf(state_, {"in", "s"}, number(checkpoint), afterStored);
  }

  LedgerState state_;
};

TEST_F(LedgerStateTest, AllocationMovesWhatItNamesAndASecondOneIsEmpty) {
  log({added("a", "s", 1, 2), added("b", "s", 3, 4)});
  EXPECT_EQ(unallocated(), (Ids{"a", "b"}));

  log({AllocatedEntry{at(1), {"a", "b"}}, AllocatedEntry{at(2), {}}});
  EXPECT_EQ(unallocated(), Ids{});
  EXPECT_EQ(batch(1), (Ids{"a", "b"}));
  EXPECT_EQ(batch(2), Ids{});
}

TEST_F(LedgerStateTest, ABatchTimeThatHasPassedIsNotAllocatedAgain) {
  log({added("a", "s", 1, 2), AllocatedEntry{at(2), {"a"}}, added("b", "s", 3, 4)});
  log({AllocatedEntry{at(2), {"b"}}, AllocatedEntry{at(1), {"b"}}});
  EXPECT_EQ(unallocated(), Ids{"b"});
  EXPECT_EQ(batch(2), Ids{"a"});
  EXPECT_EQ(batch(1), Ids{"no batch"});
  EXPECT_EQ(state_.lastAllocated(), at(2));
}

// As after an outage, while the leases of a dead worker expire: a shard at a time, for each of its batches.
TEST_F(LedgerStateTest, AThousandBatchesOfTenBlocksArePostponedInTheOrderOfTheirBlocks) {
  constexpr int kBatches = 1000;
  constexpr int kBlocks = 10;
  const Ids shards = {"s1", "s2", "s3", "s4"};
  Ids all;
  for (int batch = 1; batch <= kBatches; ++batch) {
    Ids ids;
    for (int i = 0; i < kBlocks; ++i) {
      const int from = (batch * kBlocks + i) * 10;
      std::vector<block::SliceInfo> slices;
      for (const std::string& shard : shards) slices.push_back(slice(shard, from, from + 9));
      ids.push_back("input-0-" + std::to_string(1'000'000 + from));
      log({AddedEntry{"in", infoOf(ids.back(), std::move(slices))}});
    }
    log({AllocatedEntry{at(batch), ids}});
    all.insert(all.end(), ids.begin(), ids.end());
  }
  log({added("input-0-2000000", "s1", 1'000'000, 1'000'001)});
  all.push_back("input-0-2000000");
  for (int batch = 1; batch <= kBatches; ++batch) {
    for (const std::string& shard : shards) log({PostponedEntry{at(batch), "in", shard}});
    EXPECT_EQ(this->batch(batch), Ids{});
  }
  EXPECT_EQ(unallocated(), all);
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    ASSERT_EQ(state_.unallocated()[i].info->slices.size(), shards.size()) << i;
}

TEST_F(LedgerStateTest, ABlockThatIsAddedTwiceIsThereOnce) {
  log({added("a", "s", 1, 2), added("a", "s", 1, 2)});
  EXPECT_EQ(unallocated(), Ids{"a"});
}

TEST_F(LedgerStateTest, CleanedBatchesAreGoneAndCompletedOnesAreRemembered) {
  log({added("a", "s", 1, 2), AllocatedEntry{at(1), {"a"}}, CompletedEntry{at(1)}});
  EXPECT_TRUE(state_.batches().at(at(1)).completed);
  EXPECT_TRUE(state_.pendingShards().empty());
  log({CleanedEntry{at(1)}});
  EXPECT_TRUE(state_.batches().empty());
}

TEST_F(LedgerStateTest, HoldsAHundredThousandBlocks) {
  constexpr int kBlocks = 100'000;
  AllocatedEntry all{at(1), {}};
  for (int i = 0; i < kBlocks; ++i) {
    const std::string id = "input-0-" + std::to_string(i);
    state_.apply(added(id, "s", i + 1, i + 1));
    all.blocks.push_back(id);
  }
  state_.apply(all);
  EXPECT_EQ(state_.batches().at(at(1)).blocks.size(), std::size_t{kBlocks});
  EXPECT_TRUE(unallocated().empty());
}

TEST_F(LedgerStateTest, ReadingGoesOnBehindWhatWasLoggedWhileTheLeaseCheckpointLiesInIt) {
  log({span("s", Kind::kAnew, number(10)), added("a", "s", 11, 20), AllocatedEntry{at(1), {"a"}},
       CompletedEntry{at(1)}, added("b", "s", 21, 30), AllocatedEntry{at(2), {"b"}}});
  for (const int checkpoint : {10, 15, 20}) {
    const ShardResume found = resume(checkpoint);
    EXPECT_EQ(found.entry.kind, Kind::kGoesOn);
    EXPECT_EQ(found.readAfter, number(30));
    EXPECT_EQ(found.completed, number(checkpoint));
  }
  log({CompletedEntry{at(2)}});
  EXPECT_EQ(resume(20).completed, number(30));
}

TEST_F(LedgerStateTest, ReadingBeginsAtALeaseCheckpointOutsideOfTheSpan) {
  log({span("s", Kind::kAnew, number(10)), added("a", "s", 11, 20)});
  for (const int checkpoint : {9, 21}) {
    const ShardResume found = resume(checkpoint);
    EXPECT_EQ(found.entry.kind, Kind::kAnew);
    EXPECT_EQ(found.readAfter, number(checkpoint));
  }
  EXPECT_EQ(resumeOf(state_, {"in", "other"}, number(15), false).entry.kind, Kind::kAnew);
}

TEST_F(LedgerStateTest, WhatLiesBeforeTheLeaseCheckpointIsDroppedAndTheRestIsKept) {
  log({span("s", Kind::kAnew, number(10)), added("a", "s", 11, 20), added("b", "s", 21, 30),
       AllocatedEntry{at(1), {"a", "b"}}});
  log({resume(20).entry});
  EXPECT_EQ(batch(1), Ids{"b"});
  EXPECT_EQ(state_.spans().at({"in", "s"}), (ShardSpan{number(20), number(30)}));
}

TEST_F(LedgerStateTest, WhatWasReadWithoutAGapIsLoggedWhateverLeaseCheckpointsSayAndWhateverTheBlockIs) {
  const std::vector<LedgerInput> inputs{{"in", "app", "orders"}};
  log({OpenedEntry{1, "w", "w/1", 0, inputs}, span("s", Kind::kAnew, number(10)), added("a", "s", 11, 20),
       added("b", "s", 21, 30)});
  const auto isLogged = [&](const std::string& shard, int from, int to) {
    return state_.isLogged("in", infoOf("x", {slice(shard, from, to)})->slices.front());
  };
  for (const int checkpoint : {10, 25, 30}) {
    log({resume(checkpoint).entry});
    EXPECT_TRUE(isLogged("s", 11, 20));
    EXPECT_TRUE(isLogged("s", 15, 30));
    EXPECT_FALSE(isLogged("s", 25, 31)) << "some of it was not read";
    EXPECT_FALSE(isLogged("s", 10, 20)) << "some of it was read before";
    EXPECT_FALSE(isLogged("t", 11, 20));
  }
  log({span("s", Kind::kEnded)});
  EXPECT_TRUE(isLogged("s", 11, 30)) << "it was, whoever reads on";
  log({span("s", Kind::kAnew, number(25)), added("c", "s", 26, 30), added("d", "s", 31, 35)});
  EXPECT_TRUE(isLogged("s", 11, 35)) << "read on inside of it";

  log({OpenedEntry{2, "w", "w/2", 0, inputs}, added("left", "s", 38, 40, "app")});
  EXPECT_FALSE(isLogged("s", 38, 40)) << "by a process without this directory";
  log({span("s", Kind::kAnew, number(40))});
  EXPECT_FALSE(isLogged("s", 11, 20)) << "somebody else was there meanwhile";
}

TEST_F(LedgerStateTest, ALostLeaseTakesTheShardOutOfWhatIsPendingAndOutOfNothingElse) {
  log({span("s", Kind::kAnew, number(0)), span("t", Kind::kAnew, number(0)),
       AddedEntry{"in", infoOf("a", {slice("s", 1, 2), slice("t", 1, 2)})}, AllocatedEntry{at(1), {"a"}},
       CompletedEntry{at(1)}, AddedEntry{"in", infoOf("b", {slice("s", 3, 4), slice("t", 3, 4)})},
       AllocatedEntry{at(2), {"b"}}, added("c", "s", 5, 6), added("d", "s", 5, 6, "app")});
  log({span("s", Kind::kEnded)});

  EXPECT_EQ(state_.batches().at(at(1)).blocks.front().info->slices.size(), 2u);
  ASSERT_EQ(batch(2), Ids{"b"});
  EXPECT_EQ(state_.batches().at(at(2)).blocks.front().info->slices.front().range.shardId, "t");
  EXPECT_EQ(unallocated(), Ids{"d"}) << "what is owed stays";
  EXPECT_FALSE(state_.spans().contains({"in", "s"}));
  EXPECT_TRUE(state_.spans().contains({"in", "t"}));
}

TEST_F(LedgerStateTest, APostponedShardLeavesItsBatchAndCanBeAllocatedAgain) {
  log({AddedEntry{"in", infoOf("a", {slice("s", 1, 2), slice("t", 1, 2), slice("u", 1, 1)})},
       added("b", "t", 3, 4), AllocatedEntry{at(1), {"a", "b"}}, PostponedEntry{at(1), "in", "t"},
       PostponedEntry{at(1), "in", "u"}});
  EXPECT_EQ(batch(1), Ids{"a"});
  EXPECT_EQ(state_.batches().at(at(1)).blocks.front().info->slices.size(), 1u);
  EXPECT_EQ(unallocated(), (Ids{"a", "b"}));
  EXPECT_EQ(state_.unallocated().front().info->slices.size(), 2u);

  log({CompletedEntry{at(1)}, AllocatedEntry{at(2), {"a", "b"}}});
  EXPECT_EQ(batch(2), (Ids{"a", "b"}));
  EXPECT_EQ(state_.pendingShards(), (std::set<ShardKey>{{"in", "t"}, {"in", "u"}}));
}

TEST_F(LedgerStateTest, EachPostponedShardComesInTheOrderInWhichItWasRead) {
  log({added("a", "t", 1, 2), AddedEntry{"in", infoOf("b", {slice("s", 1, 2), slice("t", 3, 4)})},
       AllocatedEntry{at(1), {"a", "b"}}, added("c", "t", 5, 6), PostponedEntry{at(1), "in", "s"},
       PostponedEntry{at(1), "in", "t"}});
  EXPECT_EQ(unallocated(), (Ids{"a", "b", "c"}));
}

TEST_F(LedgerStateTest, WhereCheckpointsFollowTheStoreWhatIsNotOwedIsReadAgain) {
  log({span("s", Kind::kAnew, number(10)), added("a", "s", 11, 20)});
  EXPECT_EQ(resume(10, /*afterStored=*/true).entry.kind, Kind::kAnew);

  LedgerState owed;
  for (const LedgerEntry& entry :
       {LedgerEntry(span("s", Kind::kAnew, number(10))), LedgerEntry(added("a", "s", 11, 20, "app"))})
    owed.apply(entry);
  const ShardResume found = resumeOf(owed, {"in", "s"}, number(10), true);
  EXPECT_EQ(found.entry.kind, Kind::kGoesOn);
  EXPECT_EQ(found.completed, number(20));
}

TEST_F(LedgerStateTest, AChangedProgramFindsWhatItsInputsReadByApplicationAndStream) {
  log({OpenedEntry{1, "me", "me/1", 0, {{"in", "app", "orders"}, {"gone", "app", "clicks"}}},
       span("s", Kind::kAnew, number(0)), added("a", "s", 1, 2), AllocatedEntry{at(1), {"a"}},
       AddedEntry{"gone", infoOf("b", {slice("t", 1, 2)})},
       AddedEntry{"gone", infoOf("c", {slice("t", 3, 4)}, "app")}, AllocatedEntry{at(2), {"b", "c"}}});
  log({OpenedEntry{2, "me", "me/2", 0, {{"first", "app", "users"}, {"second", "app", "orders"}}}});

  EXPECT_EQ(state_.batches().at(at(1)).blocks.front().input, "second");
  EXPECT_TRUE(state_.spans().contains({"second", "s"}));
  EXPECT_EQ(batch(2), Ids{});
  EXPECT_EQ(unallocated(), Ids{"c"}) << "what is owed waits for an input that reads it";

  log({OpenedEntry{3, "me", "me/3", 0, {{"back", "app", "clicks"}}}});
  EXPECT_EQ(state_.unallocated().front().input, "back");
  EXPECT_EQ(batch(1), Ids{}) << "lease checkpoints govern what is not owed";
}

TEST_F(LedgerStateTest, TheNewestSnapshotOfAnOperatorCounts) {
  log({SnapshotEntry{"counts", at(10), 1, "int", 2}, SnapshotEntry{"counts", at(20), 1, "int", 3},
       SnapshotEntry{"other", at(10), 1, "int", 1}});
  EXPECT_EQ(state_.snapshots().at("counts").time, at(20));
  EXPECT_EQ(state_.snapshots().size(), 2u);
}

}  // namespace
}  // namespace tidemill::stream
