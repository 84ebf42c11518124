#include "kinesis/kinesis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/scripted_transport.h"
#include "codec/cbor_value.h"
#include "codec/cbor_writer.h"
#include "sim/sim_loop.h"

namespace tidemill::kinesis {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kShardsJson = R"({"Shards":[
  {"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"},
   "SequenceNumberRange":{"StartingSequenceNumber":"100","EndingSequenceNumber":"199"},"ParentShardId":null},
  {"ShardId":"shardId-000000000001","ParentShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"},
   "SequenceNumberRange":{"StartingSequenceNumber":"200"},"Unknown":{"a":[1]}}]})";

constexpr std::string_view kPageJson =
    R"({"Records":[{"Data":"aGVsbG8=","PartitionKey":"k","SequenceNumber":"201","ApproximateArrivalTimestamp":1459799926.480}],
        "NextShardIterator":"next","MillisBehindLatest":7})";

std::string pageCbor(bool asAwsSends) {
  codec::CborWriter body;
  body.beginMap();
  body.text("Records");
  body.beginArray();
  body.beginMap();
  body.text("Data");
  if (asAwsSends) {
    body.bytes("hello");
  } else {
    body.text("aGVsbG8=");
  }
  body.text("PartitionKey");
  body.text("k");
  body.text("SequenceNumber");
  body.text("201");
  body.text("ApproximateArrivalTimestamp");
  body.timestamp(1459799926480);
  body.end();
  body.end();
  body.text("NextShardIterator");
  body.text("next");
  body.text("MillisBehindLatest");
  body.integer(7);
  body.end();
  return body.take();
}

class KinesisClientTest : public testing::Test {
 protected:
  KinesisClientTest() {
    options_.aws.endpoint = {"http://127.0.0.1:4567", "us-east-1"};
    options_.aws.credentials = AwsCredentials("test", "test");
  }
  KinesisClient& client() {
    if (!client_) client_.emplace(loop_, transport_, random_, log_, options_);
    return *client_;
  }
  Result<codec::RecordsPage> getRecords() {
    return loop_.run(client().getRecords(stream_, shard_, iterator_, 1000));
  }
  const http::Request& sent(std::size_t index) { return transport_.requests.at(index); }
  std::string sentType(std::size_t index) { return aws::sentHeader(sent(index), "Content-Type"); }

  const std::string stream_ = "orders";
  const std::string shard_ = "shardId-000000000000";
  const std::string iterator_ = "AAAA";
  sim::SimLoop loop_{1};
  aws::ScriptedTransport transport_{loop_};
  base::Random random_{1};
  aws::CapturedLog log_;
  KinesisClientOptions options_;
  std::optional<KinesisClient> client_;
};

TEST_F(KinesisClientTest, ListsShards) {
  transport_.answerJson(200, kShardsJson);

  const auto page = loop_.run(client().listShardsPage(stream_, std::nullopt));

  ASSERT_TRUE(page) << page.error().what();
  ASSERT_EQ(page->shards.size(), 2u);
  EXPECT_FALSE(page->shards[0].open());
  EXPECT_THAT(page->shards[0].parentShardId, IsEmpty());
  EXPECT_TRUE(page->shards[1].open());
  EXPECT_EQ(page->shards[1].parentShardId, "shardId-000000000000");
  EXPECT_EQ(sent(0).body, R"({"StreamName":"orders"})");
}

TEST_F(KinesisClientTest, KnowsTheServersTimeFromItsAnswers) {
  EXPECT_EQ(client().serverNow(), loop_.wall());
  transport_.answer(200, kShardsJson,
                    {{"Date", "Thu, 01 Jan 2026 00:00:59 GMT"}, {"x-amzn-RequestId", "request-1"}});

  ASSERT_TRUE(loop_.run(client().listShardsPage(stream_, std::nullopt)));

  EXPECT_EQ(client().serverNow(), loop_.wall() + 59s);
}

TEST_F(KinesisClientTest, FollowsPagesWithTheTokenAlone) {
  transport_.answerJson(200, R"({"Shards":[],"NextToken":"t1"})");
  transport_.answerJson(200, kShardsJson);

  const auto shards = loop_.run(listAllShards(client(), stream_));

  ASSERT_TRUE(shards) << shards.error().what();
  EXPECT_EQ(shards->size(), 2u);
  EXPECT_EQ(sent(1).body, R"({"NextToken":"t1"})");
}

TEST_F(KinesisClientTest, AnExpiredTokenStartsTheListingAnew) {
  transport_.answerJson(200, R"({"Shards":[],"NextToken":"t1"})");
  transport_.answerJson(400, R"({"__type":"ExpiredNextTokenException","message":"expired"})");
  transport_.answerJson(200, kShardsJson);

  const auto shards = loop_.run(listAllShards(client(), stream_));

  ASSERT_TRUE(shards);
  EXPECT_EQ(shards->size(), 2u);
  EXPECT_EQ(sent(2).body, R"({"StreamName":"orders"})");
}

TEST_F(KinesisClientTest, AnUnknownStreamIsNamed) {
  transport_.answerJson(
      400, R"({"__type":"ResourceNotFoundException","message":"Stream orders under account 1 not found."})");

  const auto page = loop_.run(client().listShardsPage(stream_, std::nullopt));

  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::kUnknownStream);
  EXPECT_THAT(page.error().message(), HasSubstr("stream orders: Kinesis ListShards at 127.0.0.1:4567"));
  EXPECT_THAT(page.error().hint(), HasSubstr("us-east-1"));
}

TEST_F(KinesisClientTest, ReadsTheSummary) {
  transport_.answerJson(
      200, R"({"StreamDescriptionSummary":{"StreamName":"orders","StreamARN":"arn","StreamStatus":"ACTIVE",
      "OpenShardCount":4,"RetentionPeriodHours":48,"StreamCreationTimestamp":1459799926.480}})");

  const auto summary = loop_.run(client().describeStreamSummary(stream_));

  ASSERT_TRUE(summary) << summary.error().what();
  EXPECT_EQ(summary->status, "ACTIVE");
  EXPECT_EQ(summary->openShardCount, 4);
  EXPECT_EQ(summary->retentionPeriodHours, 48);
  EXPECT_EQ(summary->created.time_since_epoch().count(), 1459799926480);
}

TEST_F(KinesisClientTest, AsksForEachKindOfIterator) {
  using Type = IteratorPosition::Type;
  IteratorPosition after;
  after.type = Type::kAfterSequenceNumber;
  after.sequenceNumber = "123";
  IteratorPosition at;
  at.type = Type::kAtTimestamp;
  at.timestamp = rt::WallTime(std::chrono::milliseconds(1459799926480));
  for (int i = 0; i < 3; ++i) transport_.answerJson(200, R"({"ShardIterator":"it"})");

  const IteratorPosition horizon;
  EXPECT_EQ(*loop_.run(client().getShardIterator(stream_, shard_, horizon)), "it");
  EXPECT_TRUE(loop_.run(client().getShardIterator(stream_, shard_, after)));
  EXPECT_TRUE(loop_.run(client().getShardIterator(stream_, shard_, at)));

  EXPECT_THAT(sent(0).body, HasSubstr(R"("ShardIteratorType":"TRIM_HORIZON"})"));
  EXPECT_THAT(sent(1).body,
              HasSubstr(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"123"})"));
  EXPECT_THAT(sent(2).body, HasSubstr(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1459799926.480})"));
}

TEST_F(KinesisClientTest, GetsRecordsInCbor) {
  transport_.answerCbor(200, pageCbor(true));

  const auto page = getRecords();

  ASSERT_TRUE(page) << page.error().what();
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].text(), "hello");
  EXPECT_EQ(page->nextShardIterator, "next");
  EXPECT_EQ(page->millisBehindLatest, 7);
  const auto request = codec::parseCbor(sent(0).body);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request->find("ShardIterator")->text(), "AAAA");
  EXPECT_EQ(*request->find("Limit")->integer(), 1000);
  EXPECT_FALSE(client().fellBack());
}

TEST_F(KinesisClientTest, FallsBackWhenTheEndpointDoesNotKnowCborAndRemembersIt) {
  transport_.answerJson(400, R"({"__type":"SerializationException"})");
  transport_.answerJson(200, kPageJson);
  transport_.answerJson(200, kPageJson);

  EXPECT_TRUE(getRecords());
  EXPECT_TRUE(getRecords());

  EXPECT_EQ(sentType(0), "application/x-amz-cbor-1.1");
  EXPECT_EQ(sentType(1), "application/x-amz-json-1.1");
  EXPECT_EQ(sentType(2), "application/x-amz-json-1.1");
  EXPECT_THAT(log_.events, ElementsAre("kinesis_wire_json"));
}

TEST_F(KinesisClientTest, FallsBackWhenCborIsNotAsAwsSendsIt) {
  transport_.answerCbor(200, pageCbor(false));
  transport_.answerJson(200, kPageJson);

  const auto page = getRecords();

  ASSERT_TRUE(page) << page.error().what();
  EXPECT_EQ(page->records.at(0).text(), "hello");
  EXPECT_TRUE(client().fellBack());
}

TEST_F(KinesisClientTest, AJsonAnswerToCborIsReadAndRemembered) {
  transport_.answerJson(200, kPageJson);

  EXPECT_TRUE(getRecords());
  EXPECT_TRUE(client().fellBack());
}

TEST_F(KinesisClientTest, OnceProvenCborIsNotGivenUp) {
  transport_.answerCbor(200, pageCbor(true));
  transport_.answerCbor(200, pageCbor(true).substr(0, 40));

  EXPECT_TRUE(getRecords());
  const auto cut = getRecords();

  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(cut.error().message(), HasSubstr("stream orders, shard shardId-000000000000"));
  EXPECT_FALSE(client().fellBack());
}

TEST_F(KinesisClientTest, WithAFixedWireThereIsNoFallback) {
  options_.wire = Wire::kCbor;
  transport_.answerJson(400, R"({"__type":"SerializationException"})");

  EXPECT_FALSE(getRecords());
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(KinesisClientTest, HtmlWithStatus200IsMalformedAndQuoted) {
  transport_.answer(200, "<html>login here</html>", {{"Content-Type", "text/html"}});

  const auto page = getRecords();

  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(page.error().message(),
              HasSubstr("neither CBOR nor JSON but text/html: <html>login here</html>"));
}

TEST_F(KinesisClientTest, ThrottledAndExpiredReadsAreLeftToTheCaller) {
  transport_.answerCbor(400,
                        R"({"__type":"ProvisionedThroughputExceededException","message":"Rate exceeded"})");
  transport_.answerCbor(400, R"({"__type":"ExpiredIteratorException","message":"Iterator expired"})");

  const auto throttled = getRecords();
  const auto expired = getRecords();

  ASSERT_FALSE(throttled);
  EXPECT_EQ(throttled.error().code(), Code::kThrottled);
  EXPECT_THAT(throttled.error().message(), HasSubstr("shard shardId-000000000000"));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code(), Code::kExpiredIterator);
  EXPECT_EQ(transport_.requests.size(), 2u);
}

TEST_F(KinesisClientTest, PutsRecordsAndTellsEachOutcome) {
  transport_.answerJson(200, R"({"FailedRecordCount":1,"Records":[
      {"ShardId":"shardId-000000000000","SequenceNumber":"5"},
      {"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded"}]})");

  const std::vector<PutEntry> entries = {{"hello", "k", {}}, {std::string("\0\xff", 2), "k2", "7"}};
  const auto outcomes = loop_.run(client().putRecords(stream_, entries));

  ASSERT_TRUE(outcomes) << outcomes.error().what();
  EXPECT_EQ(outcomes->at(0).sequenceNumber, "5");
  EXPECT_THAT(outcomes->at(0).errorCode, IsEmpty());
  EXPECT_EQ(outcomes->at(1).errorCode, "ProvisionedThroughputExceededException");
  EXPECT_EQ(sent(0).body, R"({"StreamName":"orders","Records":[{"Data":"aGVsbG8=","PartitionKey":"k"},)"
                          R"({"Data":"AP8=","PartitionKey":"k2","ExplicitHashKey":"7"}]})");
}

TEST_F(KinesisClientTest, APutAnswerThatSaysTooLittleIsMalformed) {
  const std::vector<PutEntry> entries = {{"hello", "k", {}}};
  for (const char* body :
       {R"({"Records":[]})", R"({"Records":[{}]})", R"({"Records":[{"ShardId":"s"}]})", "{}", ""}) {
    transport_.answerJson(200, body);
    const auto outcomes = loop_.run(client().putRecords(stream_, entries));
    ASSERT_FALSE(outcomes) << body;
    EXPECT_EQ(outcomes.error().code(), Code::kMalformedResponse);
  }
}

TEST_F(KinesisClientTest, CommandsAcceptEmptyAnswers) {
  for (int i = 0; i < 3; ++i) transport_.answerJson(200, "");
  transport_.answerJson(200, "{}");

  EXPECT_TRUE(loop_.run(client().createStream(stream_, 4)));
  EXPECT_TRUE(loop_.run(client().splitShard(stream_, shard_, "5")));
  EXPECT_TRUE(loop_.run(client().mergeShards(stream_, shard_, "shardId-000000000001")));
  EXPECT_TRUE(loop_.run(client().deleteStream(stream_)));

  EXPECT_EQ(sent(0).body, R"({"StreamName":"orders","ShardCount":4})");
  EXPECT_EQ(sent(1).body,
            R"({"StreamName":"orders","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"5"})");
  EXPECT_EQ(aws::sentHeader(sent(2), "X-Amz-Target"), "Kinesis_20131202.MergeShards");
}

TEST_F(KinesisClientTest, HostileListingsAreRefusedWithTheirReason) {
  const std::string deep = R"({"Shards":)" + std::string(100'000, '[');
  const std::vector<std::string> bodies = {
      "",
      "null",
      "[]",
      R"({"Shards":{}})",
      R"({"Shards":[1]})",
      R"({"Shards":[{}]})",
      R"({"NextToken":"x"})",
      deep,
      std::string(kShardsJson.substr(0, 200)),
      "<html></html>",
      R"({"Shards":[{"ShardId":"../../etc","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"},
          "SequenceNumberRange":{"StartingSequenceNumber":"100"}}]})",
      R"({"Shards":[{"ShardId":"s-0","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"},
          "SequenceNumberRange":{"StartingSequenceNumber":"-1"}}]})"};
  for (const std::string& body : bodies) {
    transport_.answerJson(200, body);
    const auto page = loop_.run(client().listShardsPage(stream_, std::nullopt));
    ASSERT_FALSE(page) << body.substr(0, 80);
    EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
    EXPECT_THAT(page.error().message(), HasSubstr("stream orders"));
    EXPECT_THAT(page.error().message(), HasSubstr("request-1"));
  }
}

}  // namespace
}  // namespace tidemill::kinesis
