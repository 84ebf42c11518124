#include "kinesis/shard_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinesis/hash_key.h"

namespace tidemill::kinesis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string key(HashKey value) {
  return formatHashKey(value);
}

// A shard that owns the part [from, to) of sixteen equal parts of all hash keys.
Shard shard(std::string id, int from, int to, std::string start, std::string parent = {},
            std::string adjacent = {}) {
  const HashKey part = kHashKeyMax / 16 + 1;
  const HashKey last = to == 16 ? kHashKeyMax : part * static_cast<unsigned>(to) - 1;
  return {std::move(id),
          std::move(parent),
          std::move(adjacent),
          key(part * static_cast<unsigned>(from)),
          key(last),
          std::move(start),
          {}};
}

Shard closed(Shard shard, std::string end) {
  shard.endingSequenceNumber = std::move(end);
  return shard;
}

std::vector<std::string> ids(const std::vector<const Shard*>& shards) {
  std::vector<std::string> result;
  for (const Shard* one : shards) result.push_back(one->shardId);
  return result;
}

// s0 and s1; s0 is split into s2 and s3; then s3 and s1 are merged into s4.
std::vector<Shard> resharded() {
  return {closed(shard("s0", 0, 8, "100"), "199"), closed(shard("s1", 8, 16, "101"), "299"),
          shard("s2", 0, 4, "200", "s0"), closed(shard("s3", 4, 8, "201", "s0"), "298"),
          shard("s4", 4, 16, "300", "s3", "s1")};
}

TEST(ShardGraph, KnowsParentsAndChildrenOfSplitsAndMerges) {
  const Result<ShardGraph> graph = ShardGraph::build(resharded());

  ASSERT_TRUE(graph) << graph.error().what();
  EXPECT_THAT(ids(graph->children("s0")), ElementsAre("s2", "s3"));
  EXPECT_THAT(ids(graph->children("s1")), ElementsAre("s4"));
  EXPECT_THAT(ids(graph->parents("s4")), ElementsAre("s3", "s1"));
  EXPECT_THAT(ids(graph->parents("s0")), IsEmpty());
  EXPECT_THAT(ids(graph->roots()), ElementsAre("s0", "s1"));
  EXPECT_THAT(ids(graph->open()), ElementsAre("s2", "s4"));
  EXPECT_EQ(graph->find("s9"), nullptr);
  EXPECT_THAT(graph->children("s9"), IsEmpty());
}

TEST(ShardGraph, OrdersParentsFirstThenByAge) {
  std::vector<Shard> shuffled = resharded();
  std::swap(shuffled[0], shuffled[4]);
  std::swap(shuffled[1], shuffled[3]);

  const Result<ShardGraph> graph = ShardGraph::build(shuffled);

  ASSERT_TRUE(graph);
  EXPECT_THAT(ids(graph->ordered()), ElementsAre("s0", "s1", "s2", "s3", "s4"));
}

TEST(ShardGraph, ComparesAgesAsNumbers) {
  const Result<ShardGraph> graph = ShardGraph::build({shard("b", 0, 8, "9"), shard("a", 8, 16, "10")});

  ASSERT_TRUE(graph);
  EXPECT_THAT(ids(graph->ordered()), ElementsAre("b", "a"));
}

TEST(ShardGraph, ATrimmedParentDoesNotCount) {
  std::vector<Shard> shards = resharded();
  shards.erase(shards.begin());  // s0 is past retention.

  const Result<ShardGraph> graph = ShardGraph::build(shards);

  ASSERT_TRUE(graph) << graph.error().what();
  EXPECT_THAT(ids(graph->roots()), ElementsAre("s1", "s2", "s3"));
}

TEST(ShardGraph, MergeNeverUnlearns) {
  ShardGraph graph = *ShardGraph::build(resharded());

  // A stale listing from before the split.
  ASSERT_TRUE(graph.merge({shard("s0", 0, 8, "100"), shard("s1", 8, 16, "101")}));

  EXPECT_EQ(graph.size(), 5u);
  EXPECT_FALSE(graph.find("s0")->open());
}

TEST(ShardGraph, MergeClosesAndAdds) {
  ShardGraph graph = *ShardGraph::build({shard("s0", 0, 16, "100")});

  ASSERT_TRUE(graph.merge({closed(shard("s0", 0, 16, "100"), "199"), shard("s1", 0, 8, "200", "s0"),
                           shard("s2", 8, 16, "201", "s0")}));

  EXPECT_THAT(ids(graph.open()), ElementsAre("s1", "s2"));
  EXPECT_TRUE(graph.childrenComplete("s0"));
}

TEST(ShardGraph, AContradictionChangesNothing) {
  ShardGraph graph = *ShardGraph::build({shard("s0", 0, 16, "100")});

  const Result<void> merged = graph.merge({shard("s5", 0, 8, "200", "s0"), shard("s0", 0, 16, "555")});

  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), Code::kMalformedResponse);
  EXPECT_NE(merged.error().message().find("s0"), std::string::npos);
  EXPECT_EQ(graph.size(), 1u);
}

TEST(ShardGraph, RefusesCycles) {
  EXPECT_FALSE(ShardGraph::build({shard("s0", 0, 16, "1", "s0")}));
  EXPECT_FALSE(ShardGraph::build({shard("s0", 0, 8, "1", "s1"), shard("s1", 8, 16, "2", "s0")}));
}

TEST(ShardGraph, RefusesRangesThatAreNone) {
  Shard backwards = shard("s0", 0, 16, "1");
  std::swap(backwards.startingHashKey, backwards.endingHashKey);
  Shard tooLarge = shard("s0", 0, 16, "1");
  tooLarge.endingHashKey = "340282366920938463463374607431768211456";  // 2^128.
  Shard text = shard("s0", 0, 16, "1");
  text.startingHashKey = "0x0";

  EXPECT_FALSE(ShardGraph::build({backwards}));
  EXPECT_FALSE(ShardGraph::build({tooLarge}));
  EXPECT_FALSE(ShardGraph::build({text}));
}

TEST(ShardGraph, AMergedChildCountsWithThePartInsideItsParent) {
  const ShardGraph graph = *ShardGraph::build(resharded());

  EXPECT_TRUE(graph.childrenComplete("s0"));
  EXPECT_TRUE(graph.childrenComplete("s1"));
  EXPECT_TRUE(graph.childrenComplete("s3"));
  EXPECT_FALSE(graph.childrenComplete("s2"));  // Open.
}

TEST(ShardGraph, AMissingChildIsNoticed) {
  std::vector<Shard> shards = resharded();
  shards.erase(shards.begin() + 2);  // s2 is missing.

  const ShardGraph graph = *ShardGraph::build(shards);

  EXPECT_FALSE(graph.childrenComplete("s0"));
  EXPECT_EQ(graph.coverProblem(), "hash key 0 belongs to no shard");
}

TEST(ShardGraph, TheCoverIsExactToTheLastKey) {
  Shard almost = shard("s0", 0, 16, "1");
  almost.endingHashKey = key(kHashKeyMax - 1);

  EXPECT_EQ(ShardGraph::build(resharded())->coverProblem(), std::nullopt);
  EXPECT_EQ(ShardGraph::build({almost})->coverProblem(),
            "hash key " + key(kHashKeyMax) + " belongs to no shard");
  EXPECT_TRUE(ShardGraph::build({shard("s0", 0, 9, "1"), shard("s1", 8, 16, "2")})->coverProblem());
  EXPECT_TRUE(ShardGraph::build({shard("s0", 0, 16, "1"), shard("s1", 0, 16, "2")})->coverProblem());
  EXPECT_TRUE(ShardGraph{}.coverProblem());
}

TEST(HashKey, ReadsAndWritesAll128Bits) {
  EXPECT_EQ(formatHashKey(kHashKeyMax), "340282366920938463463374607431768211455");
  EXPECT_EQ(parseHashKey("340282366920938463463374607431768211455"), kHashKeyMax);
  EXPECT_EQ(parseHashKey("0"), HashKey{0});
  EXPECT_FALSE(parseHashKey("340282366920938463463374607431768211456"));
  EXPECT_FALSE(parseHashKey("3402823669209384634633746074317682114550"));
  EXPECT_FALSE(parseHashKey("00"));
  EXPECT_FALSE(parseHashKey(""));
  EXPECT_FALSE(parseHashKey("-1"));
}

}  // namespace
}  // namespace tidemill::kinesis
