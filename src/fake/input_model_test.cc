#include "fake/input_model.h"

#include <gtest/gtest.h>

#include "codec/cbor_writer.h"
#include "fake/kinesis_models.h"

namespace tidemill::fake {
namespace {

ServiceError checked(std::string_view operation, std::string_view json) {
  auto input = readJsonInput(json);
  EXPECT_TRUE(input) << json;
  const InputModel& model = *kinesisModel(operation);
  if (auto typed = checkTypes(*input, model); !typed) return typed.error();
  if (auto fits = checkConstraints(*input, model); !fits) return fits.error();
  return {};
}

TEST(InputModel, NamesJavaTypesInComplaintsAboutTypes) {
  const auto complaint = [](std::string_view json) { return checked("DescribeStream", json).message; };

  EXPECT_EQ(complaint(R"({"StreamName":1})"), "class java.math.BigDecimal can not be converted to an String");
  EXPECT_EQ(complaint(R"({"StreamName":true})"), "class java.lang.Boolean can not be converted to an String");
  EXPECT_EQ(complaint(R"({"StreamName":[]})"), "Start of list found where not expected");
  EXPECT_EQ(complaint(R"({"StreamName":{}})"), "Start of structure or map found where not expected.");
  EXPECT_EQ(complaint(R"({"Limit":"1"})"), "class java.lang.String can not be converted to an Integer");
  EXPECT_EQ(checked("PutRecords", R"({"Records":"1"})").message, "Expected list or null");
  EXPECT_EQ(checked("PutRecords", R"({"Records":[1]})").message, "Expected null");
  EXPECT_EQ(checked("DeleteStream", R"({"EnforceConsumerDeletion":"yes"})").message,
            "'yes' can not be converted to an Boolean");
}

TEST(InputModel, SendsTypeComplaintsWithACapitalMessage) {
  const ServiceError error = checked("DescribeStream", R"({"StreamName":1})");

  EXPECT_EQ(error.type, "SerializationException");
  EXPECT_TRUE(error.capitalMessage);
}

TEST(InputModel, RefusesBadBase64) {
  EXPECT_EQ(checked("PutRecord", R"({"Data":"abc"})").message,
            "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes "
            "but found: 3");
  EXPECT_EQ(checked("PutRecord", R"({"Data":"ab-c"})").type, "SerializationException");
}

TEST(InputModel, CollectsAllViolations) {
  const ServiceError error = checked("PutRecord", R"({"StreamName":"a/b","ExplicitHashKey":"007"})");

  EXPECT_EQ(error.type, "ValidationException");
  EXPECT_EQ(
      error.message,
      "3 validation errors detected: Value 'a/b' at 'streamName' failed to satisfy constraint: Member must "
      "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'data' failed to satisfy "
      "constraint: Member must not be null; Value '007' at 'explicitHashKey' failed to satisfy constraint: "
      "Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,38}))$");
}

TEST(InputModel, NamesTheEntryOfAList) {
  EXPECT_EQ(
      checked("PutRecords", R"({"StreamName":"s","Records":[{"Data":"","PartitionKey":"k"},{"Data":""}]})")
          .message,
      "1 validation error detected: Value null at 'records.2.member.partitionKey' failed to satisfy "
      "constraint: "
      "Member must not be null");
}

TEST(InputModel, ChecksRangesLengthsAndValues) {
  EXPECT_EQ(checked("GetRecords", R"({"ShardIterator":"x","Limit":10001})").message,
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must "
            "have value "
            "less than or equal to 10000");
  EXPECT_EQ(checked("GetRecords", R"({"ShardIterator":"x","Limit":10000})").type, "");
  EXPECT_EQ(checked("GetRecords", R"({"ShardIterator":""})").message,
            "1 validation error detected: Value '' at 'shardIterator' failed to satisfy constraint: Member "
            "must have "
            "length greater than or equal to 1");
  EXPECT_EQ(checked("GetShardIterator", R"({"ShardId":"0","ShardIteratorType":"latest"})").message,
            "1 validation error detected: Value 'latest' at 'shardIteratorType' failed to satisfy "
            "constraint: Member must "
            "satisfy enum value set: [AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, TRIM_HORIZON, LATEST, "
            "AT_TIMESTAMP]");
}

TEST(InputModel, CountsPartitionKeysInCharacters) {
  std::string key;
  for (int i = 0; i < 256; ++i) key += "\u00e9";
  const auto put = [](const std::string& k) {
    return checked("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":")" + k + "\"}").type;
  };

  EXPECT_EQ(put(key), "");
  EXPECT_EQ(put(key + "x"), "ValidationException");
}

TEST(InputModel, TakesNullAsAbsentAndIgnoresUnknownMembers) {
  EXPECT_EQ(checked("DescribeStreamSummary", R"({"StreamName":null,"StreamId":5})").type, "");
}

TEST(InputModel, ReadsTimesOfBothFormatsToTheMillisecond) {
  auto json = readJsonInput(R"({"Timestamp":1459799926.480})");
  codec::CborWriter writer;
  writer.beginMap();
  writer.text("Timestamp");
  writer.timestamp(1'459'799'926'480);
  writer.end();
  auto cbor = readCborInput(writer.buffer());
  ASSERT_TRUE(json && cbor);

  for (auto* input : {&*json, &*cbor}) {
    ASSERT_TRUE(checkTypes(*input, *kinesisModel("GetShardIterator")));
    EXPECT_EQ(input->timeOf("Timestamp")->time_since_epoch().count(), 1'459'799'926'480);
  }
}

TEST(InputValue, RefusesWhatIsNoMap) {
  EXPECT_FALSE(readJsonInput(""));
  EXPECT_FALSE(readJsonInput("[]"));
  EXPECT_FALSE(readJsonInput("{\"a\":1"));
  EXPECT_FALSE(readJsonInput(std::string(40, '[') + std::string(40, ']')));
  EXPECT_FALSE(readCborInput(""));
  EXPECT_FALSE(readCborInput("{}"));
  EXPECT_FALSE(readCborInput("\x80"));
}

}  // namespace
}  // namespace tidemill::fake
