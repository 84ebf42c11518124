// Graceful stops: what was received is processed, what was processed is checkpointed, and the leases are
// free.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "stream/test_receivers.h"

namespace tidemill {
namespace {

class GracefulStopTest : public ReceiverFixture {
 protected:
  void expectAllDone(const StreamingContext& context) const {
    const StreamingTotals totals = context.totals();
    EXPECT_EQ(totals.processed, totals.received);
    EXPECT_EQ(totals.checkpointed, totals.received);
    EXPECT_EQ(totals.unallocated, 0);
    EXPECT_EQ(totals.leasesHeld, 0);
    for (const auto& [shard, row] : leases_->rows) EXPECT_EQ(row.leaseOwner, "") << shard;
  }
  // What another context finds in `time` is what is still missing.
  void expectTheRestOnce(rt::Duration time) {
    StreamingContext rest(*seams_, conf("0"), Seconds(1));
    deliver(rest);
    rest.start();
    world_.runFor(time);
    ASSERT_TRUE(stopped(rest));
    expectEachOnce();
  }
};

// As Spark's suite: four rounds on one stream.
TEST_F(GracefulStopTest, RecordsReceivedAreRecordsProcessedRoundAfterRound) {
  createStream(2);
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    StreamingContext context(*seams_, conf("0"), Seconds(1));
    deliver(context);
    context.start();
    putOverTime(5);
    const Result<void> end = stopped(context);
    ASSERT_TRUE(end) << end.error().message();
    expectAllDone(context);
    EXPECT_GT(context.totals().received, 0);
  }
  expectTheRestOnce(10s);
}

// As Spark's slow receiver: 15 records, one in each second.
TEST_F(GracefulStopTest, ASlowReceiverIsDrained) {
  createStream(1);
  putNumbers(0, 15);
  put_ = 15;
  Conf slow = conf("0");
  slow.set("spark.streaming.receiver.maxRate", "1");
  StreamingContext context(*seams_, slow, Seconds(1));
  deliver(context);
  context.start();
  world_.runFor(8s);
  EXPECT_LT(delivered_.size(), 15u);
  ASSERT_TRUE(stopped(context));
  expectAllDone(context);
  EXPECT_EQ(context.totals().received, static_cast<std::int64_t>(delivered_.size()));

  expectTheRestOnce(10s);
}

TEST_F(GracefulStopTest, BlocksThatWaitForTheirBatchAreDelivered) {
  createStream(2);
  StreamingContext context(*seams_, conf("0"), Minutes(10));
  deliver(context);
  context.start();
  putOverTime(5);
  world_.runFor(5s);
  EXPECT_TRUE(delivered_.empty());
  EXPECT_EQ(context.totals().processed, 0);
  ASSERT_TRUE(stopped(context));
  expectEachOnce();
  expectAllDone(context);
}

TEST_F(GracefulStopTest, AnOutputThatNeverSucceedsEndsItAtTheDeadlineAndNothingIsLost) {
  createStream(1);
  Conf patient = conf("0");
  patient.set("tidemill.batch.maxFailures", "1000000").set("spark.streaming.gracefulStopTimeout", "30s");
  bool broken = true;
  StreamingContext context(*seams_, patient, Seconds(1));
  linesAt(context, StorageLevel::MEMORY_ONLY).foreachRDD([&](const RDD<std::string>& rdd) {
    if (broken && !rdd.isEmpty()) throw std::runtime_error("the database is away");
  });
  context.start();
  putOverTime(2);
  context.requestStop(true);
  const rt::TimePoint asked = world_.loop().now();

  EXPECT_EQ(failureOf(context), Code::kTimeout);

  EXPECT_GE(world_.loop().now() - asked, 30s);
  EXPECT_LT(world_.loop().now() - asked, 35s);
  EXPECT_EQ(node_->log().count("graceful_stop_timed_out"), 1u);
  EXPECT_NE(context.awaitTermination().error().message().find("received records are not processed"),
            std::string::npos);
  EXPECT_EQ(context.totals().checkpointed, 0);

  expectTheRestOnce(20s);
}

TEST_F(GracefulStopTest, TheDeadlineIsTenBatchesButAMinuteAtLeast) {
  createStream(1);
  struct Case {
    Duration interval;
    rt::Duration least;
    rt::Duration most;
  };
  for (const Case& one : {Case{Seconds(1), 60s, 65s}, Case{Seconds(30), 300s, 310s}}) {
    Conf patient = conf("0");
    patient.set("tidemill.batch.maxFailures", "1000000");
    StreamingContext context(*seams_, patient, one.interval);
    linesAt(context, StorageLevel::MEMORY_ONLY).foreachRDD([&](const RDD<std::string>&) {
      throw std::runtime_error("the database is away");
    });
    context.start();
    world_.runFor(5s);
    context.requestStop(true);
    const rt::TimePoint asked = world_.loop().now();
    EXPECT_EQ(failureOf(context), Code::kTimeout);
    EXPECT_GE(world_.loop().now() - asked, one.least);
    EXPECT_LT(world_.loop().now() - asked, one.most);
  }
}

TEST_F(GracefulStopTest, LeasesAreRenewedHoweverLongTheLastBatchTakes) {
  createStream(1);
  Conf patient = conf("0");
  patient.set("tidemill.batch.maxFailures", "1000000").set("spark.streaming.gracefulStopTimeout", "1h");
  StreamingContext context(*seams_, patient, Seconds(1));
  bool broken = true;
  linesAt(context, StorageLevel::MEMORY_ONLY).foreachRDD([&](const RDD<std::string>& rdd) {
    if (broken) throw std::runtime_error("the database is away");
    for (const std::string& line : rdd.collect()) ++delivered_[line];
  });
  context.start();
  putOverTime(3);
  context.requestStop(true);
  world_.runFor(300s);  // Thirty times the life of a lease.
  EXPECT_EQ(context.getState(), StreamingContextState::ACTIVE);
  broken = false;
  const Result<void> end = ended(context);
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(node_->log().count("lease_lost"), 0u);
  expectAllDone(context);
  expectTheRestOnce(10s);
}

}  // namespace
}  // namespace tidemill
