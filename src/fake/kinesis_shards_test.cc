#include <gtest/gtest.h>

#include "fake/test_client.h"
#include "tidemill/sequence_number.h"

namespace tidemill::fake {
namespace {

constexpr const char* kHalf = "170141183460469231731687303715884105728";    // 2^127
constexpr const char* kQuarter = "85070591730234615865843651857942052864";  // 2^126

TestAnswer split(TestClient& client, const std::string& shard, const std::string& key) {
  return client.call("SplitShard", R"({"StreamName":"s","ShardToSplit":")" + shard +
                                       R"(","NewStartingHashKey":")" + key + "\"}");
}

TestAnswer merge(TestClient& client, const std::string& left, const std::string& right) {
  return client.call("MergeShards", R"({"StreamName":"s","ShardToMerge":")" + left +
                                        R"(","AdjacentShardToMerge":")" + right + "\"}");
}

boost::json::array shards(TestClient& client, const std::string& filter = "") {
  const std::string member = filter.empty() ? "" : R"(,"ShardFilter":)" + filter;
  return client.call("ListShards", R"({"StreamName":"s")" + member + "}").list("Shards");
}

// The indexes of the listed shards, as "0 2 3".
std::string indexes(const boost::json::array& list) {
  std::string text;
  for (const auto& shard : list) {
    text += (text.empty() ? "" : " ") +
            std::to_string(*parseShardId(std::string(shard.at("ShardId").as_string())));
  }
  return text;
}

std::string member(const boost::json::value& shard, const char* range, const char* name) {
  return std::string(shard.at(range).at(name).as_string());
}

TEST(SplitShard, ClosesTheParentAfterAWhileAndOpensTwoChildren) {
  TestClient client({.reshardDelay = 500ms});
  client.makeStream("s", 1);
  EXPECT_EQ(split(client, "shardId-000000000000", kHalf).raw, "");
  EXPECT_EQ(indexes(shards(client)), "0");  // UPDATING: the parent alone, and puts still go there.
  EXPECT_FALSE(client.put("s", "eA==", kHalf).empty());

  client.now += 500ms;
  const auto list = shards(client);

  ASSERT_EQ(indexes(list), "0 1 2");
  EXPECT_EQ(list[1].at("ParentShardId"), "shardId-000000000000");
  EXPECT_FALSE(list[1].as_object().contains("AdjacentParentShardId"));
  EXPECT_EQ(member(list[1], "HashKeyRange", "EndingHashKey"), "170141183460469231731687303715884105727");
  EXPECT_EQ(member(list[2], "HashKeyRange", "StartingHashKey"), kHalf);
  EXPECT_EQ(client.aws.kinesis().store().streams().at("s")->shards[0]->log.end(), 1u);
}

TEST(SplitShard, NumbersChildrenOneSecondBehindTheParentsEnd) {
  TestClient client;
  client.makeStream("s", 1);
  split(client, "0", kHalf);
  client.now += 1s;
  const auto list = shards(client);

  const auto end = parseSequence(member(list[0], "SequenceNumberRange", "EndingSequenceNumber"));
  const auto child = parseSequence(member(list[1], "SequenceNumberRange", "StartingSequenceNumber"));

  ASSERT_TRUE(end && child);
  EXPECT_EQ(end->counter, 0x7fff'ffff'ffff'ffffu);
  EXPECT_EQ(child->shardSecond, end->recordSecond + 1);
  EXPECT_EQ(compareSequenceNumbers(member(list[0], "SequenceNumberRange", "EndingSequenceNumber"),
                                   member(list[1], "SequenceNumberRange", "StartingSequenceNumber")),
            std::strong_ordering::less);
}

TEST(SplitShard, ChecksTheNewHashKey) {
  TestClient client({.limits = false});
  client.makeStream("s", 2);

  EXPECT_EQ(split(client, "1", "170141183460469231731687303715884105729").message(),
            "NewStartingHashKey 170141183460469231731687303715884105729 used in SplitShard() on shard "
            "shardId-000000000001 in stream s under account 000000000000 is not both greater than one plus "
            "the shard's "
            "StartingHashKey 170141183460469231731687303715884105728 and less than the shard's EndingHashKey "
            "340282366920938463463374607431768211455.");
  EXPECT_EQ(split(client, "1", "340282366920938463463374607431768211455").error(),
            "InvalidArgumentException");
  EXPECT_EQ(split(client, "1", kQuarter).error(), "InvalidArgumentException");
  EXPECT_EQ(split(client, "1", "170141183460469231731687303715884105730").status, 200);
}

TEST(SplitShard, NamesShardsThatDoNotExist) {
  TestClient client;
  client.makeStream("s", 1);

  EXPECT_EQ(split(client, "a-00007", kHalf).message(),
            "Could not find shard shardId-000000000007 in stream s under account 000000000000.");
  EXPECT_EQ(split(client, "shardId-x", kHalf).message(),
            "Could not find shard shardId-x in stream s under account 000000000000.");
  EXPECT_EQ(split(client, "2147483648", kHalf).message(),
            "Could not find shard 2147483648 in stream s under account 000000000000.");
}

TEST(SplitShard, WaitsForAnActiveStream) {
  TestClient client;
  client.call("CreateStream", R"({"StreamName":"s","ShardCount":2})");
  EXPECT_EQ(split(client, "0", kQuarter).message(),
            "Stream s under account 000000000000 not ACTIVE, instead in state CREATING");
  client.now += 1s;
  split(client, "0", kQuarter);

  EXPECT_EQ(split(client, "1", kQuarter).error(),
            "InvalidArgumentException");  // The key comes before the state.
  EXPECT_EQ(merge(client, "0", "1").message(),
            "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING");
  client.now += 1s;
  EXPECT_EQ(split(client, "0", kQuarter).error(), "InvalidArgumentException");  // Closed.
}

TEST(MergeShards, JoinsNeighboursInAscendingOrderOnly) {
  TestClient client;
  client.makeStream("s", 3);

  EXPECT_EQ(merge(client, "1", "0").message(),
            "Shards shardId-000000000001 and shardId-000000000000 in stream s under account 000000000000 are "
            "not an "
            "adjacent pair of shards eligible for merging");
  EXPECT_EQ(merge(client, "0", "2").error(), "InvalidArgumentException");
  EXPECT_EQ(merge(client, "0", "0").error(), "InvalidArgumentException");
  EXPECT_EQ(merge(client, "0", "1").raw, "");
  client.now += 1s;
  const auto list = shards(client);

  ASSERT_EQ(indexes(list), "0 1 2 3");
  EXPECT_EQ(list[3].at("ParentShardId"), "shardId-000000000000");
  EXPECT_EQ(list[3].at("AdjacentParentShardId"), "shardId-000000000001");
  EXPECT_EQ(member(list[3], "HashKeyRange", "EndingHashKey"),
            member(list[1], "HashKeyRange", "EndingHashKey"));
}

// Shard 0 lives from the start, is split after a minute into 1 and 2, and 1 is split a minute later into 3
// and 4.
class ShardFilters : public testing::Test {
 protected:
  ShardFilters() {
    client.makeStream("s", 1);
    beforeSplits = client.now;
    client.now += 1min;
    split(client, "0", kHalf);
    client.now += 1min;
    betweenSplits = client.now;
    split(client, "1", kQuarter);
    client.now += 1min;
  }

  std::string at(const std::string& type, rt::WallTime time) {
    const auto ms = time.time_since_epoch().count();
    return indexes(shards(client, R"({"Type":")" + type + R"(","Timestamp":)" + std::to_string(ms / 1000) +
                                      "." + std::to_string(1000 + ms % 1000).substr(1) + "}"));
  }
  std::string of(const std::string& type) { return indexes(shards(client, R"({"Type":")" + type + "\"}")); }
  std::string complaint(const std::string& filter) {
    return client.call("ListShards", R"({"StreamName":"s","ShardFilter":)" + filter + "}").error();
  }

  TestClient client;
  rt::WallTime beforeSplits;
  rt::WallTime betweenSplits;
};

TEST_F(ShardFilters, ListAllSixKinds) {
  EXPECT_EQ(indexes(shards(client)), "0 1 2 3 4");
  EXPECT_EQ(of("FROM_TRIM_HORIZON"), "0 1 2 3 4");
  EXPECT_EQ(of("AT_TRIM_HORIZON"), "0");
  EXPECT_EQ(of("AT_LATEST"), "2 3 4");
  EXPECT_EQ(at("AT_TIMESTAMP", beforeSplits), "0");
  EXPECT_EQ(at("AT_TIMESTAMP", betweenSplits), "1 2");
  EXPECT_EQ(at("AT_TIMESTAMP", client.now), "2 3 4");
  EXPECT_EQ(at("AT_TIMESTAMP", beforeSplits - 1h), "0");
  EXPECT_EQ(at("FROM_TIMESTAMP", betweenSplits), "1 2 3 4");
  EXPECT_EQ(indexes(shards(client, R"({"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000002"})")), "3 4");
}

TEST_F(ShardFilters, RefuseWrongCompanions) {
  EXPECT_EQ(complaint(R"({"Type":"AT_TIMESTAMP"})"), "InvalidArgumentException");
  EXPECT_EQ(complaint(R"({"Type":"AFTER_SHARD_ID"})"), "InvalidArgumentException");
  EXPECT_EQ(complaint(R"({"Type":"AT_LATEST","ShardId":"shardId-000000000000"})"),
            "InvalidArgumentException");
  EXPECT_EQ(complaint(R"({"Type":"SOMETIMES"})"), "ValidationException");
  EXPECT_EQ(complaint("{}"), "ValidationException");
}

TEST_F(ShardFilters, ForgetShardsWhoseRecordsHaveAllExpired) {
  client.now = betweenSplits + 24h;  // Shard 0 ended a minute before.

  EXPECT_EQ(indexes(shards(client)), "1 2 3 4");
  EXPECT_EQ(of("AT_TRIM_HORIZON"), "1 2");
  EXPECT_EQ(
      client
          .call("GetShardIterator", R"({"StreamName":"s","ShardId":"0","ShardIteratorType":"TRIM_HORIZON"})")
          .error(),
      "ResourceNotFoundException");
}

TEST_F(ShardFilters, AreKeptByPagingTokens) {
  const auto first =
      client.call("ListShards", R"({"StreamName":"s","MaxResults":2,"ShardFilter":{"Type":"AT_LATEST"}})");
  const auto second =
      client.call("ListShards", R"({"MaxResults":2,"NextToken":")" + first.text("NextToken") + "\"}");

  EXPECT_EQ(indexes(first.list("Shards")), "2 3");
  EXPECT_EQ(indexes(second.list("Shards")), "4");
  EXPECT_FALSE(second.json.contains("NextToken"));
}

TEST(ListShards, TakesANameOrATokenButNotBoth) {
  TestClient client;
  client.makeStream("s", 2);
  const auto token = client.call("ListShards", R"({"StreamName":"s","MaxResults":1})").text("NextToken");

  EXPECT_EQ(client.call("ListShards", "{}").message(), "Either NextToken or StreamName should be provided.");
  EXPECT_EQ(client.call("ListShards", R"({"StreamName":"s","NextToken":")" + token + "\"}").message(),
            "NextToken and StreamName cannot be provided together.");
  EXPECT_EQ(client.call("ListShards", R"({"ShardFilter":{"Type":"AT_LATEST"},"NextToken":")" + token + "\"}")
                .error(),
            "InvalidArgumentException");
  EXPECT_EQ(client.call("ListShards", R"({"NextToken":"AAAA"})").error(), "InvalidArgumentException");
  EXPECT_EQ(indexes(client.call("ListShards", R"({"NextToken":")" + token + "\"}").list("Shards")), "1");
}

TEST(ListShards, ExpiresItsTokens) {
  TestClient client;
  client.makeStream("s", 2);
  const auto token = client.call("ListShards", R"({"StreamName":"s","MaxResults":1})").text("NextToken");
  client.now += 300'001ms;

  EXPECT_EQ(client.call("ListShards", R"({"NextToken":")" + token + "\"}").error(),
            "ExpiredNextTokenException");
}

TEST(ListShards, StartsBehindAShard) {
  TestClient client;
  client.makeStream("s", 3);

  EXPECT_EQ(
      indexes(
          client.call("ListShards", R"({"StreamName":"s","ExclusiveStartShardId":"shardId-000000000000"})")
              .list("Shards")),
      "1 2");
}

}  // namespace
}  // namespace tidemill::fake
