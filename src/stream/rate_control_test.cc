// Rates in a running context: what reaches the readers, and when.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "codec/test_modes.h"
#include "stream/rate_controller.h"
#include "stream/test_context.h"
#include "stream/test_numbers.h"

namespace tidemill {
namespace {

// Notes each batch that is done.
struct Batches final : StreamingListener {
  void onBatchSubmitted(const BatchInfo& batch) override { submitted.push_back(batch); }
  void onBatchStarted(const BatchInfo& batch) override { started.push_back(batch); }
  void onBatchCompleted(const BatchInfo& batch) override { completed.push_back(batch); }
  std::int64_t most() const {
    std::int64_t records = 0;
    for (const BatchInfo& batch : completed) records = std::max(records, batch.records);
    return records;
  }
  std::vector<BatchInfo> submitted;
  std::vector<BatchInfo> started;
  std::vector<BatchInfo> completed;
};

class RateControlTest : public ContextFixture {
 protected:
  void putNumbers(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
    put(all);
  }
  // At a rate that the shards take.
  void putMany(int hundreds) {
    for (int i = 0; i < hundreds; ++i) {
      putNumbers(100 * i, 100 * (i + 1));
      world_.runFor(200ms);
    }
  }
  std::unique_ptr<StreamingContext> contextWith(
      const std::vector<std::pair<std::string, std::string>>& keys) {
    Conf conf;
    conf.set("tidemill.worker.id", "me");
    for (const auto& [key, value] : keys) conf.set(key, value);
    auto context = std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
    context->addStreamingListener(batches_);
    return context;
  }
  // Counts what arrives.
  void countOnce(StreamingContext& context) {
    lines(context).foreachRDD([this](const RDD<std::string>& rdd) {
      for (const std::string& line : rdd.collect()) ++delivered_[line];
    });
  }

  Batches batches_;
  std::map<std::string, int> delivered_;
};

TEST_F(RateControlTest, WithoutLimitsEverythingComesAtOnce) {
  createStream(2);
  putMany(5);
  auto context = contextWith({});
  countOnce(*context);
  context->start();
  world_.runFor(5s);
  EXPECT_EQ(delivered_.size(), 500u);
  EXPECT_GT(batches_.most(), 200);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(RateControlTest, TheMostRateBoundsEachBatchAndNothingIsLost) {
  createStream(4);
  putMany(5);
  auto context = contextWith({{"spark.streaming.receiver.maxRate", "40"}});
  countOnce(*context);
  context->start();
  world_.runFor(10s);
  EXPECT_LE(delivered_.size(), 400u);
  EXPECT_GE(delivered_.size(), 280u);
  // A second's worth, and a burst of one second at most.
  EXPECT_LE(batches_.most(), 80);

  world_.runFor(10s);

  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(delivered_.size(), 500u);
  for (const auto& [line, times] : delivered_) EXPECT_EQ(times, 1) << line;
}

// Spark: limits are those of each receiver.
TEST_F(RateControlTest, InputsThatShareAReaderHaveTheRateOfEachTogether) {
  createStream(4);
  putMany(5);
  auto context = contextWith({{"spark.streaming.receiver.maxRate", "20"}});
  lines(*context).print();
  countOnce(*context);
  context->start();
  world_.runFor(6s);
  EXPECT_TRUE(delivered_.empty()) << "all comes through the first";
  EXPECT_LE(batches_.most(), 80);
  EXPECT_LE(context->totals().processed, 280);
  EXPECT_GE(context->totals().processed, 160);
  context->conf().set("spark.streaming.receiver.maxRate", "100");
  world_.runFor(4s);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(context->totals().processed, 500);
}

TEST_F(RateControlTest, TheInitialRateCountsWithBackpressureOffToo) {
  createStream(1);
  putMany(3);
  auto context = contextWith(
      {{"spark.streaming.backpressure.initialRate", "10"}, {"spark.streaming.receiver.maxRate", "1000"}});
  countOnce(*context);
  context->start();
  world_.runFor(10s);
  EXPECT_LE(delivered_.size(), 100u);
  EXPECT_GE(delivered_.size(), 60u);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(RateControlTest, RatesOfZeroAndLessAreNoLimit) {
  createStream(1);
  putMany(3);
  auto context = contextWith(
      {{"spark.streaming.backpressure.initialRate", "-1"}, {"spark.streaming.receiver.maxRate", "0"}});
  countOnce(*context);
  context->start();
  world_.runFor(5s);
  EXPECT_EQ(delivered_.size(), 300u);
  EXPECT_TRUE(stopped(*context));
}

TEST_F(RateControlTest, PartsOfAggregatedRecordsCountOneByOneAndDebtsArePaid) {
  createStream(1);
  for (int i = 0; i < 5; ++i) {
    auto outcomes = world_.loop().run(
        client_->putRecords("orders", numberEntries(100 * i + 1, 100 * (i + 1), Aggregation::kPart)));
    ASSERT_TRUE(outcomes);
  }
  auto context = contextWith({{"spark.streaming.receiver.maxRate", "20"}});
  countOnce(*context);
  context->start();
  world_.runFor(11s);
  // Ten seconds at most, and what one read brought above its permits.
  EXPECT_LE(delivered_.size(), 20u * 11 + 20u * static_cast<unsigned>(codec::partsOf(Aggregation::kPart)));
  EXPECT_GT(delivered_.size(), 100u);
  world_.runFor(30s);
  EXPECT_TRUE(stopped(*context));
  EXPECT_EQ(delivered_.size(), 500u);
}

TEST_F(RateControlTest, EachBatchIsTimed) {
  createStream(1);
  putNumbers(0, 10);
  auto context = contextWith({});
  countOnce(*context);
  context->start();
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*context));

  ASSERT_FALSE(batches_.completed.empty());
  ASSERT_EQ(batches_.submitted.size(), batches_.completed.size());
  ASSERT_EQ(batches_.started.size(), batches_.completed.size());
  std::int64_t records = 0;
  for (std::size_t i = 0; i < batches_.completed.size(); ++i) {
    const BatchInfo& submitted = batches_.submitted[i];
    const BatchInfo& started = batches_.started[i];
    const BatchInfo& completed = batches_.completed[i];
    EXPECT_TRUE(submitted.submissionTime);
    EXPECT_FALSE(submitted.processingStartTime);
    EXPECT_FALSE(submitted.schedulingDelay);
    EXPECT_TRUE(started.schedulingDelay);
    EXPECT_FALSE(started.processingDelay);
    ASSERT_TRUE(completed.totalDelay());
    EXPECT_EQ(*completed.totalDelay(), *completed.schedulingDelay + *completed.processingDelay);
    // The wall clock and the delays are rounded on their own.
    const Duration shown = *completed.processingEndTime - *completed.submissionTime;
    EXPECT_LE(std::chrono::abs(shown - *completed.totalDelay()), Milliseconds(2));
    ASSERT_EQ(completed.inputs.size(), 1u);
    EXPECT_EQ(completed.inputs[0].streamId, 0);
    EXPECT_EQ(completed.inputs[0].records, completed.records);
    records += completed.records;
  }
  EXPECT_EQ(records, 10);
}

TEST_F(RateControlTest, WithBackpressureReadingSlowsDownToWhatTheOutputsManage) {
  createStream(1);
  putMany(20);
  // Five tries of each batch with records: some seconds.
  bool slow = true;
  auto context = contextWith({{"spark.streaming.backpressure.enabled", "true"},
                              {"spark.streaming.backpressure.initialRate", "100"},
                              {"spark.streaming.backpressure.pid.minRate", "10"},
                              {"tidemill.batch.maxFailures", "1000"}});
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
    if (slow && batch.attempt < 5 && !rdd.isEmpty()) throw Error(Code::kUserCodeFailed, "slow", "wait");
    for (const std::string& line : rdd.collect()) ++delivered_[line];
  });
  context->start();
  ASSERT_TRUE(world_.runUntil([&] { return batches_.completed.size() >= 3; }, 60s));
  EXPECT_GT(batches_.most(), 50);  // The first ones were read at the initial rate.
  world_.runFor(60s);
  batches_.submitted.clear();
  world_.runFor(20s);

  // A second's worth and a burst of one at the least rate, with 2,000 records in the stream.
  ASSERT_FALSE(batches_.submitted.empty());
  for (const BatchInfo& batch : batches_.submitted) EXPECT_LE(batch.records, 20);
  EXPECT_LT(context->totals().received, 2000);
  slow = false;
  EXPECT_TRUE(stopped(*context));

  auto rest = contextWith({});
  countOnce(*rest);
  rest->start();
  world_.runFor(10s);
  EXPECT_TRUE(stopped(*rest));
  EXPECT_EQ(delivered_.size(), 2000u);
  for (const auto& [line, times] : delivered_) EXPECT_EQ(times, 1) << line;
}

// Spark: CheckpointSuite, recovery maintains rate controller.
TEST_F(RateControlTest, AfterARestartFromItsDirectoryAProgramIsHeldToWhatItsOutputsManageAgain) {
  createStream(1);
  putMany(100);
  bool slow = true;
  const auto begin = [this, &slow] {
    auto context = StreamingContext::getOrCreate("file:/checkpoints", [this, &slow] {
      auto made = contextWith({{"spark.streaming.backpressure.enabled", "true"},
                               {"spark.streaming.backpressure.initialRate", "100"},
                               {"spark.streaming.backpressure.pid.minRate", "10"},
                               {"tidemill.batch.maxFailures", "1000"}});
      lines(*made).foreachRDD([&slow](const RDD<std::string>& rdd, const BatchInfo& batch) {
        if (slow && batch.attempt < 5 && !rdd.isEmpty()) throw Error(Code::kUserCodeFailed, "slow", "wait");
      });
      return made;
    });
    context->start();
    return context;
  };
  auto first = begin();
  ASSERT_TRUE(world_.runUntil([&] { return batches_.completed.size() >= 2; }, 60s));
  first.reset();  // Killed.
  batches_ = Batches();

  auto second = begin();
  world_.runFor(10s);
  ASSERT_FALSE(batches_.submitted.empty());
  EXPECT_GT(batches_.submitted.back().records, 50) << "it begins at the initial rate";
  world_.runFor(120s);
  batches_ = Batches();
  world_.runFor(20s);
  ASSERT_FALSE(batches_.submitted.empty());
  for (const BatchInfo& batch : batches_.submitted) EXPECT_LE(batch.records, 20);
  slow = false;
  EXPECT_TRUE(stopped(*second));
}

// As Spark's suite with a constant estimator.
TEST(RateController, PublishesAWholeRateForEachInputOnceABatchIsDone) {
  sim::SimLoop loop(1);
  std::vector<std::pair<std::size_t, std::int64_t>> published;
  stream::PidOptions options;
  options.batchInterval = Seconds(1);
  options.minRate = 0.5;
  stream::RateController rates(
      loop, options, 2, [&](std::size_t input, std::int64_t rate) { published.emplace_back(input, rate); });
  EXPECT_EQ(rates.latestRate(0), -1);
  const auto complete = [&](std::int64_t first, std::int64_t second) {
    loop.runFor(1s);
    BatchInfo info;
    info.inputs = {{0, first}, {1, second}};
    info.schedulingDelay = Milliseconds(0);
    info.processingDelay = Milliseconds(3000);
    rates.onBatchCompleted(info);
  };
  complete(1000, 0);
  EXPECT_TRUE(published.empty());
  complete(1000, 1);

  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0], (std::pair<std::size_t, std::int64_t>(0, 333)));
  EXPECT_EQ(rates.latestRate(0), 333);

  complete(0, 1);  // A third of a record per second is below the least rate, and a rate is 1 at least.

  ASSERT_EQ(published.size(), 2u);
  EXPECT_EQ(published[1], (std::pair<std::size_t, std::int64_t>(1, 1)));

  BatchInfo recovered;  // Nobody knows its times.
  recovered.inputs = {{0, 10}, {1, 10}};
  rates.onBatchCompleted(recovered);
  EXPECT_EQ(published.size(), 2u);
}

}  // namespace
}  // namespace tidemill
