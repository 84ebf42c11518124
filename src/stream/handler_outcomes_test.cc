#include "stream/handler_outcomes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tidemill/error.h"

namespace tidemill::stream {
namespace {

using testing::HasSubstr;

class HandlerOutcomesTest : public testing::Test {
 protected:
  std::shared_ptr<InputOutcomes> input(const HandlerPolicy& policy) {
    KinesisSource source;
    source.streamName = "orders";
    source.handlerPolicy = policy;
    return outcomes_.add(source, 2);
  }
  static Record record(std::string_view number, std::string_view shard = "shardId-000000000001") {
    Record record;
    record.sequenceNumber = number;
    record.partitionKey = "key";
    record.shardId = shard;
    return record;
  }
  static Record part(std::string_view number, std::uint64_t sub) {
    Record one = record(number);
    one.subSequenceNumber = sub;
    one.explicitHashKey = "5";
    one.aggregation = Aggregation::kPart;
    return one;
  }
  static void fails(InputOutcomes& input, std::size_t partition, std::size_t index, const Record& record) {
    try {
      throw std::runtime_error("bad \xff");
    } catch (...) {
      input.failed(partition, index, record);
    }
  }

  HandlerOutcomes outcomes_{1000};
};

TEST_F(HandlerOutcomesTest, APartOfAnAggregateIsNamedWithItsSubSequenceNumber) {
  auto failing = input(HandlerPolicy::failBatch());
  try {
    fails(*failing, 0, 0, part("49", 3));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "stream orders, shard shardId-000000000001, sequence number 49, sub-sequence number 3: the "
              "messageHandler threw std::runtime_error");
  }

  auto lettering = input(HandlerPolicy::deadLetterToFile("x"));
  fails(*lettering, 0, 0, part("49", 3));
  const auto letters = lettering->takeLetters();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_THAT(letters[0].line, HasSubstr("\"sequenceNumber\":\"49\",\"subSequenceNumber\":3,"));
  EXPECT_THAT(letters[0].line, HasSubstr("\"explicitHashKey\":\"5\""));
  EXPECT_THAT(letters[0].line, HasSubstr("\"reason\":\"bad \xef\xbf\xbd\"}\n"));

  auto skipping = input(HandlerPolicy::skipCounted("bad"));
  fails(*skipping, 0, 0, part("49", 0));
  fails(*skipping, 0, 1, part("49", 1));
  ASSERT_EQ(skipping->skipped().size(), 1u);
  EXPECT_EQ(skipping->skipped()[0].first, "49/0");
  EXPECT_EQ(skipping->skipped()[0].last, "49/1");
}

TEST_F(HandlerOutcomesTest, SkippedRecordsAreCountedByShardOverAllPartitions) {
  auto skipping = input(HandlerPolicy::skipCounted("bad"));
  fails(*skipping, 1, 0, record("60"));
  fails(*skipping, 1, 0, record("60"));  // Computed again.
  fails(*skipping, 0, 4, record("41"));
  fails(*skipping, 0, 9, record("7", "shardId-000000000000"));
  fails(*skipping, 0, 2, record("40"));  // Not skipped by the task's first try.

  const auto skipped = skipping->skipped();

  ASSERT_EQ(skipped.size(), 2u);
  EXPECT_EQ(skipped[0].shardId, "shardId-000000000000");
  EXPECT_EQ(skipped[0].count, 1);
  EXPECT_EQ(skipped[1].shardId, "shardId-000000000001");
  EXPECT_EQ(skipped[1].count, 3);
  EXPECT_EQ(skipped[1].first, "40");
  EXPECT_EQ(skipped[1].last, "60");
}

TEST_F(HandlerOutcomesTest, LettersAreInTheOrderOfTheBatchAndEachOnce) {
  auto lettering = input(HandlerPolicy::deadLetterToFile("x"));
  fails(*lettering, 1, 0, record("3"));
  fails(*lettering, 0, 5, record("2"));
  fails(*lettering, 0, 0, record("1"));
  fails(*lettering, 0, 5, record("2"));

  const auto letters = lettering->takeLetters();

  ASSERT_EQ(letters.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(letters[i].line, HasSubstr("\"sequenceNumber\":\"" + std::to_string(i + 1) + "\""));
  }
  EXPECT_TRUE(lettering->takeLetters().empty());
}

TEST_F(HandlerOutcomesTest, AllInputsShareTheRoomForLetters) {
  auto one = input(HandlerPolicy::deadLetterToFile("x"));
  auto two = input(HandlerPolicy::deadLetterToStream("y"));
  const std::string data(300, 'x');
  Record large = record("1");
  large.data = std::as_bytes(std::span(data));
  fails(*one, 0, 0, large);
  EXPECT_THROW(fails(*two, 0, 0, large), Error);
  EXPECT_THROW(fails(*one, 0, 1, record("2")), Error);  // The batch has failed.
}

TEST_F(HandlerOutcomesTest, ALetterWhoseKeyPutRecordsWouldRefuseGoesByItsShard) {
  auto lettering = input(HandlerPolicy::deadLetterToStream("y"));
  Record without = record("1");
  without.partitionKey = "";
  fails(*lettering, 0, 0, without);
  fails(*lettering, 0, 1, record("2"));
  const auto letters = lettering->takeLetters();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].partitionKey, "shardId-000000000001");
  EXPECT_EQ(letters[1].partitionKey, "key");
}

}  // namespace
}  // namespace tidemill::stream
