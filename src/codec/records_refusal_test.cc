// What the two readers of GetRecords answers refuse, and how they say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/records_page.h"
#include "codec/test_pages.h"

namespace tidemill::codec {
namespace {

using testing::HasSubstr;

Result<RecordsPage> readCbor(std::string_view bytes, RecordsReadOptions options = {}) {
  return readRecordsCbor(Body::copyOf(bytes), options);
}

Result<RecordsPage> readJson(std::string_view text, RecordsReadOptions options = {}) {
  return readRecordsJson(Body::copyOf(text), options);
}

void expectMalformed(const Result<RecordsPage>& page, std::string_view problem) {
  ASSERT_FALSE(page) << "not refused; expected: " << problem;
  EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(page.error().message(), HasSubstr(std::string(problem)));
  EXPECT_FALSE(page.error().hint().empty());
}

PagePlan twoRecords() {
  return {.records = {{"1", 1000, "a", "k"}, {"2", 2000, "bb", "k"}}, .nextShardIterator = "it"};
}

TEST(ReadRecords, RefusesEveryTruncation) {
  const std::string cbor = writeCbor(twoRecords());
  const std::string json = writeJson(twoRecords());
  ASSERT_TRUE(readCbor(cbor));
  ASSERT_TRUE(readJson(json));

  for (std::size_t size = 0; size < cbor.size(); ++size) EXPECT_FALSE(readCbor(cbor.substr(0, size))) << size;
  for (std::size_t size = 0; size < json.size(); ++size) EXPECT_FALSE(readJson(json.substr(0, size))) << size;
}

TEST(ReadRecords, RefusesBytesBehindTheEnd) {
  expectMalformed(readCbor(writeCbor(twoRecords()) + '\0'), "bytes follow");
  expectMalformed(readJson(writeJson(twoRecords()) + "{}"), "");
  expectMalformed(readJson(writeJson(twoRecords()) + "x"), "");
  EXPECT_TRUE(readJson(writeJson(twoRecords()) + " \n"));
}

TEST(ReadRecords, NeverTakesAnotherAnswerForTheEndOfAShard) {
  expectMalformed(readCbor("\xbf\xff"), "no Records");
  expectMalformed(readCbor("\xa0"), "no Records");
  expectMalformed(readJson("{}"), "no Records");
  expectMalformed(readJson(R"({"Records":null})"), "no Records");
  expectMalformed(readJson(R"({"__type":"InternalFailure"})"), "no Records");
}

TEST(ReadRecords, RefusesWhatIsNoAnswerAtAll) {
  const std::string html = "<html><body>502 Bad Gateway</body></html>";

  expectMalformed(readJson(html), "JSON");
  expectMalformed(readCbor(html), "CBOR");
  expectMalformed(readJson(""), "empty");
  expectMalformed(readCbor(""), "ends");
  expectMalformed(readJson("[]"), "");
  expectMalformed(readJson("null"), "");
}

TEST(ReadRecords, RefusesMoreRecordsThanAllowed) {
  const RecordsReadOptions one{.recordsMax = 1};

  expectMalformed(readCbor(writeCbor(twoRecords()), one), "more records");
  expectMalformed(readJson(writeJson(twoRecords()), one), "more records");
  EXPECT_TRUE(readCbor(writeCbor(twoRecords()), {.recordsMax = 2}));
  EXPECT_TRUE(readJson(writeJson(twoRecords()), {.recordsMax = 2}));
}

TEST(ReadRecords, RefusesSequenceNumbersThatAreNotNumbers) {
  for (const char* number : {"", "-1", "01", "1a", "0x1"}) {
    PagePlan plan = twoRecords();
    plan.records[1].sequenceNumber = number;

    expectMalformed(readCbor(writeCbor(plan)), "SequenceNumber");
    expectMalformed(readJson(writeJson(plan)), "SequenceNumber");
  }
}

TEST(ReadRecords, RefusesARecordThatLacksAMember) {
  expectMalformed(readJson(R"({"Records":[{"Data":"","PartitionKey":"k"}]})"), "lacks");
  expectMalformed(readJson(R"({"Records":[{"SequenceNumber":"1","PartitionKey":"k"}]})"), "lacks");
  expectMalformed(readJson(R"({"Records":[{"Data":"","SequenceNumber":"1"}]})"), "lacks");
  expectMalformed(readJson(R"({"Records":[{"Data":null,"SequenceNumber":"1","PartitionKey":"k"}]})"),
                  "lacks");
  expectMalformed(readCbor("\xa1\x67Records\x81\xa1\x64"
                           "Data\x40"),
                  "lacks");
}

TEST(ReadRecords, RefusesAMemberThatAppearsTwice) {
  expectMalformed(readJson(R"({"Records":[],"Records":[]})"), "twice");
  expectMalformed(readJson(R"({"Records":[{"Data":"","Data":""}]})"), "twice");
  expectMalformed(readCbor("\xa2\x67Records\x80\x67Records\x80"), "twice");
}

TEST(ReadRecords, RefusesWrongTypes) {
  expectMalformed(readJson(R"({"Records":{}})"), "");
  expectMalformed(readJson(R"({"Records":[1]})"), "");
  expectMalformed(readJson(R"({"Records":[],"NextShardIterator":7})"), "text");
  expectMalformed(readJson(R"({"Records":[],"MillisBehindLatest":"7"})"), "");
  expectMalformed(readJson(R"({"Records":[],"MillisBehindLatest":-7})"), "negative");
  expectMalformed(readJson(R"({"Records":[{"Data":"!!!!"}]})"), "base64");
  expectMalformed(readJson(R"({"Records":[{"ApproximateArrivalTimestamp":"1"}]})"), "number of seconds");
  expectMalformed(readJson("{\"Records\":[{\"ApproximateArrivalTimestamp\":1.5\x01}]}"), "number of seconds");
  expectMalformed(readCbor("\xa1\x67Records\xa0"), "array");
  expectMalformed(readCbor("\xa1\x67Records\x81\x01"), "map");
  expectMalformed(readCbor("\xa1\x01\x02"), "text");
}

TEST(ReadRecords, NamesTheOffset) {
  expectMalformed(readCbor("\xa1\x67Records\xa0"), "at byte 9 of 10");
  expectMalformed(readJson(R"({"Records":[{"Data":"!!!!"}]})"), "at byte 20 of 29");
}

TEST(ReadRecords, SkipsUnknownMembers) {
  const auto page = readJson(
      R"({"New":{"a":[1,{"b":"}"}]},"Records":[{"X":[],"Data":"YQ==","PartitionKey":"k","SequenceNumber":"1"}]})");
  ASSERT_TRUE(page) << page.error().what();
  EXPECT_EQ(page->records.at(0).text(), "a");

  EXPECT_TRUE(
      readCbor("\xa2\x63New\xbf\x61"
               "a\x9f\x01\xc0\x61"
               "b\xf9\x3c\x01\xff\xff\x67Records\x80"));
}

TEST(ReadRecords, RefusesCborThatIsNestedTooDeeply) {
  const auto nested = [](std::size_t depth) {
    return "\xa2\x63New" + std::string(depth, '\x81') + "\x01\x67Records\x80";
  };

  EXPECT_TRUE(readCbor(nested(32)));
  expectMalformed(readCbor(nested(33)), "nested too deeply");
  expectMalformed(readCbor(nested(100'000)), "nested too deeply");
  EXPECT_FALSE(readJson(R"({"New":)" + std::string(100'000, '[')));
}

TEST(ReadRecords, RefusesCountsThatNothingCanHold) {
  using namespace std::literals;

  expectMalformed(readCbor("\xa1\x67Records\x9b\xff\xff\xff\xff\xff\xff\xff\xff"sv), "claims more");
  expectMalformed(readCbor("\xbb\x80\x00\x00\x00\x00\x00\x00\x00"sv), "claims more");
  expectMalformed(readCbor("\xa1\x7b\xff\xff\xff\xff\xff\xff\xff\xff"sv), "longer than what follows");
}

TEST(ReadRecords, RefusesMoreChildShardsThanAnySplitMakes) {
  std::string children;
  for (int i = 0; i < 65; ++i) children += R"({"ShardId":"s"},)";
  children.pop_back();

  expectMalformed(readJson(R"({"Records":[],"ChildShards":[)" + children + "]}"), "too many");
  expectMalformed(readJson(R"({"Records":[],"ChildShards":[{}]})"), "no ShardId");
}

// They end up in log lines and on the terminal.
TEST(ReadRecords, RefusesChildShardsWhoseNamesAreForged) {
  const std::vector<std::string> forged = {"",     "a b",     "s\nstopped: ok",
                                           "../x", "\x1b[2J", std::string(129, 's')};
  for (const std::string& name : forged) {
    PagePlan plan = twoRecords();
    plan.childShards = {{name, {"shardId-0"}, {}, {}}};
    expectMalformed(readCbor(writeCbor(plan)), "ShardId");
    expectMalformed(readJson(writeJson(plan)), "ShardId");

    plan.childShards = {{"shardId-1", {"shardId-0", name}, {}, {}}};
    expectMalformed(readCbor(writeCbor(plan)), "ParentShards");
    expectMalformed(readJson(writeJson(plan)), "ParentShards");
  }
}

TEST(ReadRecords, ReadsChildShards) {
  PagePlan plan = twoRecords();
  plan.childShards = {{"shardId-2", {"shardId-0", "shardId-1"}, {}, {}}};

  for (const auto& page : {readCbor(writeCbor(plan)), readJson(writeJson(plan))}) {
    ASSERT_TRUE(page) << page.error().what();
    EXPECT_EQ(page->childShards.at(0).shardId, "shardId-2");
    EXPECT_EQ(page->childShards.at(0).parentShards, plan.childShards[0].parentShards);
  }
}

TEST(ReadRecords, UnescapesJsonStrings) {
  const auto page = readJson(
      R"({"Re\u0063ords":[{"Data":"YQ\u003d\u003d","PartitionKey":"\"\\\u00e9\ud83d\ude00","SequenceNumber":"1"}],)"
      R"("NextShardIterator":"a\/b"})");

  ASSERT_TRUE(page) << page.error().what();
  EXPECT_EQ(page->records.at(0).text(), "a");
  EXPECT_EQ(page->records.at(0).partitionKey, "\"\\é😀");
  EXPECT_EQ(page->nextShardIterator, "a/b");
}

TEST(ReadRecords, RefusesTextThatIsNotUtf8InJson) {
  EXPECT_FALSE(
      readJson("{\"Records\":[{\"PartitionKey\":\"\xc3\x28\",\"Data\":\"\",\"SequenceNumber\":\"1\"}]}"));
}

TEST(ReadRecords, KeepsOnlyTheArenaOfJson) {
  const auto page = readJson(writeJson(twoRecords()));

  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, nullptr);
  ASSERT_NE(page->arena, nullptr);
  EXPECT_EQ(page->arena->view(), "1ak2bbk");
  EXPECT_EQ(page->bytesHeld(), page->arena->capacity());
}

TEST(ReadRecords, GrowsTheArenaOfJsonForLongKeysAndKeepsTheViews) {
  PagePlan plan;
  for (char c = 'a'; c < 'k'; ++c)
    plan.records.push_back({std::string(120, '7'), 0, "", std::string(5000, c)});

  const auto page = readJson(writeJson(plan));

  ASSERT_TRUE(page) << page.error().what();
  for (std::size_t i = 0; i < plan.records.size(); ++i) {
    EXPECT_EQ(page->records[i].partitionKey, plan.records[i].partitionKey);
    EXPECT_EQ(page->records[i].sequenceNumber, plan.records[i].sequenceNumber);
    EXPECT_EQ(page->records[i].text(), "");
  }
}

TEST(ReadRecords, SharesTheBodyOfCbor) {
  const auto body = Body::copyOf(writeCbor(twoRecords()));

  const auto page = readRecordsCbor(body, {});

  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, body);
  EXPECT_EQ(page->arena, nullptr);
  EXPECT_GE(page->records[0].text().data(), body->view().data());
  EXPECT_EQ(page->bytesHeld(), body->capacity());
}

}  // namespace
}  // namespace tidemill::codec
