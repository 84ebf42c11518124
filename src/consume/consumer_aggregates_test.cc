// A consumer and aggregated records, from the stream to the lease row and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/test_kpl.h"
#include "consume/test_consumer.h"

namespace tidemill::consume {
namespace {

using codec::aggregateOf;
using testing::ElementsAre;

constexpr char kFirstShard[] = "shardId-000000000000";

class ConsumerAggregatesTest : public ConsumerFixture {
 protected:
  // Its sequence number.
  std::string putData(const std::string& data) {
    const std::vector<kinesis::PutEntry> entry{{data, "a", "0"}};
    auto outcomes = world_.loop().run(client_->putRecords("orders", entry));
    EXPECT_TRUE(outcomes);
    return outcomes->front().sequenceNumber;
  }
  const lease::Checkpoint& checkpoint() { return table_->rows.at(kFirstShard).checkpoint; }
  bool all(std::size_t payloads) const { return script_.payloads.size() >= payloads; }
};

TEST_F(ConsumerAggregatesTest, TheCheckpointBehindABatchNamesItsLastPart) {
  createStream(1);
  const std::string number = putData(aggregateOf({{"k", "one"}, {"k", "two"}, {"k", "three"}}));
  auto consumer = startConsumer();
  runUntil([&] { return all(3); });
  runUntil([&] { return checkpoint().isSequenceNumber(); });

  EXPECT_EQ(checkpoint(), lease::Checkpoint::at(number, 2));
  runUntil([&] { return consumer->status().aggregates.aggregates == 1; });
  EXPECT_EQ(consumer->status().aggregates.parts, 3);
  EXPECT_TRUE(stopped(*consumer));

  putData("plain");
  auto second = startConsumer();
  runUntil([&] { return all(4); });
  EXPECT_THAT(script_.payloads, ElementsAre("one", "two", "three", "plain"));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(ConsumerAggregatesTest, ARestartInTheMiddleOfARecordGivesItsOtherPartsAndNoneAgain) {
  createStream(1);
  options_.checkpointMode = CheckpointMode::kManual;
  const std::string number =
      putData(aggregateOf({{"k", "one"}, {"k", "two"}, {"k", "three"}, {"k", "four"}}));
  for (const std::uint64_t part : {0u, 1u, 2u}) {
    script_.payloads.clear();
    script_.onRecords = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
      const Record& first = batch.records.front();
      EXPECT_EQ(first.subSequenceNumber, part);
      EXPECT_TRUE(checkpointer.checkpoint(first.sequenceNumber, first.subSequenceNumber));
      return Outcome::ok();
    };
    auto consumer = startConsumer();
    runUntil([&] { return all(4 - part); });
    EXPECT_TRUE(stopped(*consumer));
    EXPECT_EQ(checkpoint(), lease::Checkpoint::at(number, part));
  }
  EXPECT_THAT(script_.payloads, ElementsAre("three", "four"));
}

TEST_F(ConsumerAggregatesTest, ADamagedOneIsGivenWholeAndMarked) {
  createStream(1);
  std::string wrong = aggregateOf({{"k", "one"}});
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  const std::string number = putData(wrong);
  script_.onRecords = [](const RecordBatch& batch, Checkpointer&) {
    EXPECT_EQ(batch.records.front().aggregation, Aggregation::kDamaged);
    EXPECT_EQ(batch.records.front().subSequenceNumber, 0u);
    return Outcome::ok();
  };
  auto consumer = startConsumer();
  runUntil([&] { return all(1); });
  EXPECT_THAT(script_.payloads, ElementsAre(wrong));
  runUntil([&] { return consumer->status().aggregates.damaged == 1; });
  EXPECT_TRUE(stopped(*consumer));
  EXPECT_EQ(checkpoint(), lease::Checkpoint::at(number));
}

TEST_F(ConsumerAggregatesTest, PartsOfAnotherShardFollowThePolicy) {
  createStream(2);
  const std::string high = "170141183460469231731687303715884105728";
  putData(aggregateOf({{"k", "in", "0"}, {"k", "out", high}}));
  putData("plain");
  auto consumer = startConsumer();
  runUntil([&] { return all(1); });
  EXPECT_THAT(script_.payloads, ElementsAre("plain"));
  runUntil([&] { return consumer->status().aggregates.dropped == 1; });
  EXPECT_EQ(logged("aggregate_dropped"), 1u);
  EXPECT_TRUE(stopped(*consumer));

  options_.applicationName = "app-2";
  options_.kplOutOfRange = KplOutOfRange::kKeep;
  script_.payloads.clear();
  table_->rows.clear();
  auto second = startConsumer();
  runUntil([&] { return all(3); });
  EXPECT_THAT(script_.payloads, ElementsAre("in", "out", "plain"));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(ConsumerAggregatesTest, TheyStayWholeIfToldTo) {
  createStream(1);
  options_.kplDeaggregate = false;
  const std::string whole = aggregateOf({{"k", "one"}, {"k", "two"}});
  putData(whole);
  auto consumer = startConsumer();
  runUntil([&] { return all(1); });
  EXPECT_THAT(script_.payloads, ElementsAre(whole));
  EXPECT_TRUE(stopped(*consumer));
}

}  // namespace
}  // namespace tidemill::consume
