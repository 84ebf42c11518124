#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/cbor_writer.h"
#include "codec/records_page.h"
#include "fake/test_client.h"

namespace tidemill::fake {
namespace {

constexpr const char* kShard = "shardId-000000000000";

std::string dataOf(const TestAnswer& page) {
  std::string all;
  for (const auto& record : page.list("Records")) all += std::string(record.at("Data").as_string()) + " ";
  return all;
}

// Records "AAAA", "BBBB", "CCCC" in one shard, one second apart; `numbers` are theirs.
class Reads : public testing::Test {
 protected:
  Reads() : client({.limits = false}) {
    client.makeStream("s", 1);
    for (const auto* data : {"AAAA", "BBBB", "CCCC"}) {
      times.push_back(client.now);
      numbers.push_back(client.put("s", data));
      client.now += 1s;
    }
  }

  std::string from(const std::string& type, const std::string& more = "") {
    return dataOf(client.records(client.iterator("s", kShard, type, more)));
  }
  static std::string number(const std::string& value) {
    return R"(,"StartingSequenceNumber":")" + value + "\"";
  }
  static std::string time(rt::WallTime value) {
    const auto ms = value.time_since_epoch().count();
    return R"(,"Timestamp":)" + std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1);
  }
  TestAnswer iteratorAnswer(const std::string& type, const std::string& more = "",
                            const std::string& shard = kShard) {
    return client.call("GetShardIterator", R"({"StreamName":"s","ShardId":")" + shard +
                                               R"(","ShardIteratorType":")" + type + "\"" + more + "}");
  }

  TestClient client;
  std::vector<std::string> numbers;
  std::vector<rt::WallTime> times;
};

TEST_F(Reads, StartWhereTheIteratorSays) {
  EXPECT_EQ(from("TRIM_HORIZON"), "AAAA BBBB CCCC ");
  EXPECT_EQ(from("LATEST"), "");
  EXPECT_EQ(from("AT_SEQUENCE_NUMBER", number(numbers[1])), "BBBB CCCC ");
  EXPECT_EQ(from("AFTER_SEQUENCE_NUMBER", number(numbers[1])), "CCCC ");
  EXPECT_EQ(from("AT_TIMESTAMP", time(times[1])), "BBBB CCCC ");
  EXPECT_EQ(from("AT_TIMESTAMP", time(times[1] + 1ms)), "CCCC ");
  EXPECT_EQ(from("AT_TIMESTAMP", time(client.now)), "");
  EXPECT_EQ(from("AT_TIMESTAMP", time(times[0] - 1h)), "AAAA BBBB CCCC ");
}

TEST_F(Reads, SeeWhatIsPutAfterALatestIterator) {
  const std::string latest = client.iterator("s", kShard, "LATEST");
  client.put("s", "DDDD");

  EXPECT_EQ(dataOf(client.records(latest)), "DDDD ");
}

TEST_F(Reads, ContinueFromPageToPage) {
  const auto first = client.records(client.iterator("s", kShard, "TRIM_HORIZON"), R"(,"Limit":2)");
  const auto second = client.records(first.text("NextShardIterator"));

  EXPECT_EQ(dataOf(first), "AAAA BBBB ");
  EXPECT_EQ(first.json.at("MillisBehindLatest"), 1000);  // The next record is a second old.
  EXPECT_EQ(dataOf(second), "CCCC ");
  EXPECT_EQ(second.json.at("MillisBehindLatest"), 0);
  EXPECT_FALSE(second.json.contains("ChildShards"));
}

TEST_F(Reads, GiveAnotherIteratorEachTimeEvenWhenNothingComes) {
  const std::string latest = client.iterator("s", kShard, "LATEST");

  const auto one = client.records(latest);
  const auto two = client.records(latest);

  EXPECT_EQ(dataOf(one), "");
  EXPECT_NE(one.text("NextShardIterator"), two.text("NextShardIterator"));
}

TEST_F(Reads, HaveFourMembersInEachRecord) {
  const auto page = client.records(client.iterator("s", kShard, "TRIM_HORIZON"), R"(,"Limit":1)");

  const auto& record = page.list("Records")[0].as_object();
  EXPECT_EQ(record.size(), 4u);
  EXPECT_EQ(record.at("SequenceNumber").as_string(), numbers[0].c_str());
  EXPECT_EQ(record.at("PartitionKey"), "k");
  EXPECT_NE(page.raw.find(R"("ApproximateArrivalTimestamp":1790000001.623)"), std::string::npos) << page.raw;
}

TEST_F(Reads, RefusePositionsThatContradictTheType) {
  const std::string fixed =
      "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
      "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ";

  EXPECT_EQ(iteratorAnswer("LATEST", number(numbers[0])).message(),
            fixed + "LATEST and also a StartingSequenceNumber.");
  EXPECT_EQ(iteratorAnswer("AT_SEQUENCE_NUMBER").message(),
            fixed + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber.");
  EXPECT_EQ(iteratorAnswer("AT_TIMESTAMP").error(), "InvalidArgumentException");
  EXPECT_EQ(iteratorAnswer("AT_TIMESTAMP", time(client.now + 1s)).error(), "InvalidArgumentException");
}

TEST_F(Reads, RefuseNumbersThatAreNotOfThisShard) {
  client.call("CreateStream", R"({"StreamName":"t","ShardCount":2})");
  client.now += 10s;
  const std::string elsewhere = client.put("t", "eA==", "340282366920938463463374607431768211455");
  const std::string otherStream = client.put("t", "eA==", "0");

  EXPECT_EQ(iteratorAnswer("AT_SEQUENCE_NUMBER", number(elsewhere)).message(),
            "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to "
            "a shard with "
            "shardId-000000000000");
  EXPECT_EQ(
      iteratorAnswer("AT_SEQUENCE_NUMBER", number(otherStream)).message(),
      "StartingSequenceNumber " + otherStream +
          " used in GetShardIterator on shard shardId-000000000000 in stream s under account 000000000000 is "
          "invalid because it did not come from this stream.");
  EXPECT_EQ(iteratorAnswer("AT_SEQUENCE_NUMBER", number("17")).message(),
            "StartingSequenceNumber 17 used in GetShardIterator on shard shardId-000000000000 in stream s "
            "under account "
            "000000000000 is invalid.");
  EXPECT_EQ(iteratorAnswer("AT_SEQUENCE_NUMBER", number("0")).status, 500);
}

TEST_F(Reads, NameAShardThatDoesNotExist) {
  EXPECT_EQ(iteratorAnswer("LATEST", "", "shardId-000000000009").message(),
            "Shard shardId-000000000009 in stream s under account 000000000000 does not exist");
  EXPECT_EQ(iteratorAnswer("LATEST", "", "shardId-nine").message(),
            "Could not find shard shardId-nine in stream s under account 000000000000.");
  EXPECT_EQ(
      client.call("GetShardIterator", R"({"StreamName":"nosuch","ShardId":"0","ShardIteratorType":"LATEST"})")
          .message(),
      "Shard shardId-000000000000 in stream nosuch under account 000000000000 does not exist");
}

TEST_F(Reads, EndWithANullIteratorAndTheChildren) {
  client.call(
      "SplitShard",
      R"({"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"170141183460469231731687303715884105728"})");
  client.now += 1s;
  std::string iterator = client.iterator("s", kShard, "TRIM_HORIZON");
  std::string all;
  TestAnswer page;
  for (int i = 0; i < 10 && !iterator.empty(); ++i) {
    page = client.records(iterator, R"(,"Limit":2)");
    all += dataOf(page);
    iterator = page.text("NextShardIterator");
  }

  EXPECT_EQ(all, "AAAA BBBB CCCC ");
  EXPECT_TRUE(page.json.at("NextShardIterator").is_null());
  EXPECT_EQ(page.json.at("MillisBehindLatest"), 0);
  EXPECT_EQ(boost::json::serialize(page.json.at("ChildShards")),
            R"([{"ShardId":"shardId-000000000001","ParentShards":["shardId-000000000000"],"HashKeyRange":)"
            R"({"StartingHashKey":"0","EndingHashKey":"170141183460469231731687303715884105727"}},)"
            R"({"ShardId":"shardId-000000000002","ParentShards":["shardId-000000000000"],"HashKeyRange":)"
            R"({"StartingHashKey":"170141183460469231731687303715884105728",)"
            R"("EndingHashKey":"340282366920938463463374607431768211455"}}])");
}

TEST(GetRecords, NamesBothParentsOfAMergedShard) {
  TestClient client;
  client.makeStream("s", 2);
  client.call("MergeShards", R"({"StreamName":"s","ShardToMerge":"0","AdjacentShardToMerge":"1"})");
  client.now += 1s;

  const auto page = client.records(client.iterator("s", "shardId-000000000001", "LATEST"));

  EXPECT_EQ(boost::json::serialize(page.json.at("ChildShards").as_array()[0].at("ParentShards")),
            R"(["shardId-000000000000","shardId-000000000001"])");
}

TEST_F(Reads, RefuseForeignAndExpiredIterators) {
  const std::string iterator = client.iterator("s", kShard, "TRIM_HORIZON");

  EXPECT_EQ(client.records("AAAAAAAAAAE=").message(), "Invalid ShardIterator.");
  client.now += 300s;
  EXPECT_EQ(client.records(iterator).status, 200);
  client.now += 1ms;
  EXPECT_EQ(client.records(iterator).error(), "ExpiredIteratorException");
}

TEST_F(Reads, DoNotMixAStreamWithItsSuccessorOfTheSameName) {
  const std::string iterator = client.iterator("s", kShard, "TRIM_HORIZON");
  client.call("DeleteStream", R"({"StreamName":"s"})");
  client.now += 1s;
  EXPECT_EQ(client.records(iterator).error(), "ResourceNotFoundException");

  client.makeStream("s", 1);

  const auto answer = client.records(iterator);
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.error(), "InternalFailure");
}

TEST_F(Reads, AnswerInCborAsTheServiceDoes) {
  codec::CborWriter request;
  request.beginMap();
  request.text("ShardIterator");
  request.text(client.iterator("s", kShard, "TRIM_HORIZON"));
  request.end();

  const auto answer = client.callCbor("GetRecords", request.take());
  const auto page = codec::readRecordsCbor(answer.response.body, {});

  EXPECT_EQ(answer.response.header("Content-Type"), "application/x-amz-cbor-1.1");
  ASSERT_TRUE(page) << page.error().what();
  ASSERT_EQ(page->records.size(), 3u);
  EXPECT_EQ(page->records[1].sequenceNumber, numbers[1]);
  EXPECT_EQ(page->records[1].approximateArrivalTimestamp, times[1]);
  EXPECT_EQ(codec::encodeBase64(page->records[1].text()), "BBBB");
  EXPECT_EQ(page->millisBehindLatest, 0);
  EXPECT_TRUE(page->nextShardIterator);
  // One record to the byte: indefinite map, 56 digits, tag 1 with integer milliseconds, byte string.
  const std::string record = std::string("\xbf\x6eSequenceNumber\x78\x38") + numbers[0] +
                             "\x78\x1b"
                             "ApproximateArrivalTimestamp\xc1\x1b" +
                             std::string("\0\0\x01\xa0\xc4\x50\x72\x57", 8) +
                             "\x64"
                             "Data\x43" +
                             std::string(3, '\0') + "\x6cPartitionKey\x61k\xff";
  EXPECT_EQ(answer.raw.substr(0, 10 + record.size()), "\xbf\x67Records\x9f" + record);
}

TEST(GetRecords, StopsAtTenMebibytes) {
  TestClient client({.limits = false});
  client.makeStream("s", 1);
  for (int i = 0; i < 12; ++i) client.put("s", codec::encodeBase64(std::string(1'000'000, 'x')));

  const auto first = client.records(client.iterator("s", kShard, "TRIM_HORIZON"));
  const auto second = client.records(first.text("NextShardIterator"));

  EXPECT_EQ(first.list("Records").size(), 10u);
  EXPECT_EQ(second.list("Records").size(), 2u);
}

TEST(GetRecords, IsLimitedToFiveCallsASecondForAllReadersOfAShard) {
  TestClient client;
  client.makeStream("s", 2);
  const std::string one = client.iterator("s", kShard, "LATEST");
  const std::string two = client.iterator("s", kShard, "LATEST");
  const std::string other = client.iterator("s", "shardId-000000000001", "LATEST");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.records(i % 2 == 0 ? one : two).status, 200);

  EXPECT_EQ(client.records(one).message(),
            "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.");
  EXPECT_EQ(client.records(other).status, 200);
  client.now += 200ms;
  EXPECT_EQ(client.records(two).status, 200);
}

TEST(GetRecords, PausesAShardAfterALargeAnswer) {
  TestClient client;
  client.makeStream("s", 1);
  for (int i = 0; i < 10; ++i) {
    client.put("s", codec::encodeBase64(std::string(1'000'000, 'x')));
    client.now += 1s;
  }
  const std::string iterator = client.iterator("s", kShard, "TRIM_HORIZON");
  const auto large = client.records(iterator);
  ASSERT_EQ(large.list("Records").size(), 10u);

  client.now += 3s;
  EXPECT_EQ(client.records(iterator).error(), "ProvisionedThroughputExceededException");
  client.now += 1s;
  EXPECT_EQ(client.records(iterator).status, 200);
}

TEST(GetShardIterator, IsLimitedToFiveCallsASecondPerShard) {
  TestClient client;
  client.makeStream("s", 1);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(client.iterator("s", kShard, "LATEST").empty());

  EXPECT_TRUE(client.iterator("s", kShard, "LATEST").empty());
}

TEST(CallCounters, CountCallsPerShardAndTheirPeak) {
  TestClient client;
  client.makeStream("s", 1);
  const std::string iterator = client.iterator("s", kShard, "LATEST");
  for (int i = 0; i < 7; ++i) client.records(iterator);
  client.now += 10s;
  client.records(iterator);

  const auto& count = client.aws.kinesis().calls().byShard.at({"s", kShard, "GetRecords"});

  EXPECT_EQ(count.total, 8u);
  EXPECT_EQ(count.refused, 2u);
  EXPECT_EQ(count.perSecondMax, 7u);
}

}  // namespace
}  // namespace tidemill::fake
