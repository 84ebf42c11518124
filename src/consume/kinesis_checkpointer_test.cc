#include "tidemill/kinesis_checkpointer.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "codec/test_modes.h"
#include "rt/blocking_event.h"
#include "rt/guarded.h"
#include "tidemill/shard_watermarks.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

constexpr char kShard[] = "shard-1";
constexpr Duration kInterval = 10ms;

// Tells what the test says.
class FakeReceiver final : public CheckpointReceiver {
 public:
  void set(const std::string& shardId, ShardProgress progress) {
    shards_.with([&](auto& shards) { shards[shardId] = std::move(progress); });
  }
  void failOn(const std::string& shardId) {
    failing_.with([&](std::string& failing) { failing = shardId; });
  }
  ShardProgress progress(const std::string& shardId) const override {
    if (failing_.with([&](const std::string& failing) { return failing == shardId; })) {
      throw std::runtime_error("boom");
    }
    return shards_.with([&](const auto& shards) {
      const auto found = shards.find(shardId);
      return found == shards.end() ? ShardProgress{} : found->second;
    });
  }

 private:
  rt::Guarded<std::map<std::string, ShardProgress>> shards_;
  rt::Guarded<std::string> failing_;
};

// Keeps the calls: "12/0", "all".
class FakeHandle final : public CheckpointHandle {
 public:
  Result<void> checkpoint() override { return call("all"); }
  Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t subSequenceNumber) override {
    return call(std::string(sequenceNumber) + "/" + std::to_string(subSequenceNumber));
  }

  std::vector<std::string> calls() const {
    return calls_.with([](const auto& calls) { return calls; });
  }
  // Answers the next calls with these failures.
  void failWith(std::vector<Code> codes) {
    failures_.with([&](auto& failures) { failures = std::move(codes); });
  }
  std::function<void(const std::string&)> during;

 private:
  Result<void> call(const std::string& what) {
    calls_.with([&](auto& calls) { calls.push_back(what); });
    if (during) during(what);
    return failures_.with([](std::vector<Code>& failures) -> Result<void> {
      if (failures.empty()) return {};
      const Code code = failures.front();
      failures.erase(failures.begin());
      return fail(code, "no");
    });
  }

  rt::Guarded<std::vector<std::string>> calls_;
  rt::Guarded<std::vector<Code>> failures_;
};

using Calls = std::vector<std::string>;

class KinesisCheckpointerTest : public testing::Test {
 protected:
  void SetUp() override { clock_->awaitWaiters(1); }

  void processed(const std::string& sequenceNumber, bool complete = false, std::uint64_t sub = 0) {
    receiver_->set(kShard, {CheckpointPosition{sequenceNumber, sub}, complete});
  }
  // Returns when the timer has done its work.
  void advance(Duration length) {
    clock_->advance(length);
    clock_->awaitWaiters(1);
  }
  CheckpointCounters counters() const { return checkpoints_.counters(kShard); }

  std::shared_ptr<FakeReceiver> receiver_ = std::make_shared<FakeReceiver>();
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FakeHandle> handle_ = std::make_shared<FakeHandle>();
  KinesisCheckpointer checkpoints_{receiver_, kInterval, "me", clock_};
};

// Spark's seven, with positions at records of their own and inside of aggregated ones.
class SparksCheckpointerTest : public KinesisCheckpointerTest,
                               public testing::WithParamInterface<Aggregation> {
 protected:
  static std::uint64_t part() { return GetParam() == Aggregation::kPart ? 3 : 0; }
  void processedTo(const std::string& sequenceNumber, bool complete = false) {
    processed(sequenceNumber, complete, part());
  }
  static std::string callOf(const std::string& sequenceNumber) {
    return sequenceNumber + "/" + std::to_string(part());
  }
};

INSTANTIATE_TEST_SUITE_P(Records, SparksCheckpointerTest, codec::plainAndAggregated(), codec::modeName);

TEST_P(SparksCheckpointerTest, TwoPassesWithTheSameNumberMakeOneCall) {
  processedTo("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(kInterval);
  advance(kInterval);
  EXPECT_EQ(handle_->calls(), Calls{callOf("12")});
}

TEST_P(SparksCheckpointerTest, AHigherNumberMakesASecondCallWithIt) {
  processedTo("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(kInterval);
  // The next part of the same record, or the next record.
  const bool parts = GetParam() == Aggregation::kPart;
  processed(parts ? "12" : "20", false, parts ? 4 : 0);
  advance(kInterval);
  EXPECT_EQ(handle_->calls(), (Calls{callOf("12"), parts ? "12/4" : "20/0"}));

  processedTo("30");
  advance(kInterval);
  EXPECT_EQ(handle_->calls().back(), callOf("30"));
}

TEST_P(SparksCheckpointerTest, TheTimerWritesBothWhenTheClockPassesIntervals) {
  processedTo("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(5 * kInterval);
  processedTo("20");
  advance(5 * kInterval);
  EXPECT_EQ(handle_->calls(), (Calls{callOf("12"), callOf("20")}));
}

TEST_P(SparksCheckpointerTest, NothingIsWrittenBeforeTheIntervalIsOver) {
  processedTo("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(kInterval / 2);
  EXPECT_TRUE(handle_->calls().empty());
}

TEST_P(SparksCheckpointerTest, ManyIntervalsWithTheSameNumberMakeOneCall) {
  processedTo("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  for (int i = 0; i < 20; ++i) advance(kInterval);
  EXPECT_EQ(handle_->calls(), Calls{callOf("12")});
  EXPECT_EQ(counters(), (CheckpointCounters{.attempts = 1, .successes = 1}));
}

TEST_P(SparksCheckpointerTest, ARemovalMakesOneCallWithoutANumber) {
  processedTo("12", true);
  checkpoints_.setCheckpointer(kShard, handle_);
  const auto removed = checkpoints_.removeCheckpointer(kShard, handle_.get());
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, CheckpointRemoval::kComplete);
  advance(5 * kInterval);
  EXPECT_EQ(handle_->calls(), Calls{"all"});
}

TEST_P(SparksCheckpointerTest, ARemovalWaitsForThePassThatRuns) {
  rt::BlockingEvent begun;
  rt::BlockingEvent mayEnd;
  handle_->during = [&](const std::string& what) {
    if (what == "all") return;
    begun.set();
    mayEnd.wait();
  };
  processedTo("12", true);
  checkpoints_.setCheckpointer(kShard, handle_);
  clock_->advance(kInterval);
  begun.wait();

  rt::BlockingEvent removed;
  std::thread remover([&] {
    EXPECT_TRUE(checkpoints_.removeCheckpointer(kShard, handle_.get()));
    removed.set();
  });
  EXPECT_FALSE(removed.waitFor(50ms));
  EXPECT_EQ(handle_->calls(), Calls{callOf("12")});
  mayEnd.set();
  remover.join();

  EXPECT_EQ(handle_->calls(), (Calls{callOf("12"), "all"}));
}

// What ours does beyond them.

TEST_F(KinesisCheckpointerTest, TheEndIsNeverWrittenWhileRecordsAreNotProcessed) {
  processed("12", false);
  checkpoints_.setCheckpointer(kShard, handle_);
  const auto early = checkpoints_.removeCheckpointer(kShard, handle_.get());
  ASSERT_TRUE(early);
  EXPECT_EQ(*early, CheckpointRemoval::kNotYet);
  EXPECT_EQ(handle_->calls(), Calls{"12/0"});

  EXPECT_EQ(*checkpoints_.removeCheckpointer(kShard, handle_.get()), CheckpointRemoval::kNotYet);
  EXPECT_EQ(handle_->calls(), Calls{"12/0"});  // Nothing new.

  processed("20", true);
  EXPECT_EQ(*checkpoints_.removeCheckpointer(kShard, handle_.get()), CheckpointRemoval::kComplete);
  EXPECT_EQ(handle_->calls(), (Calls{"12/0", "all"}));
}

TEST_F(KinesisCheckpointerTest, ARemovalWithoutAHandleWritesNothing) {
  processed("12", true);
  checkpoints_.setCheckpointer(kShard, handle_);
  EXPECT_EQ(*checkpoints_.removeCheckpointer(kShard, nullptr), CheckpointRemoval::kDropped);
  advance(5 * kInterval);
  EXPECT_TRUE(handle_->calls().empty());
}

TEST_F(KinesisCheckpointerTest, ARemovalThatFailsSaysWhy) {
  processed("12", true);
  handle_->failWith({Code::kThrottled, Code::kLeaseLost});
  const auto removed = checkpoints_.removeCheckpointer(kShard, handle_.get());
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code(), Code::kLeaseLost);
  EXPECT_EQ(handle_->calls().size(), 2u);
  EXPECT_EQ(counters(), (CheckpointCounters{.attempts = 1, .failures = 1, .retries = 1}));
}

TEST_F(KinesisCheckpointerTest, ComparesNumbersAsNumbers) {
  processed("9");
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(kInterval);
  processed("10");  // Below "9" as a text.
  advance(kInterval);
  processed("9", false, 7);  // Above as a text.
  advance(kInterval);
  EXPECT_EQ(handle_->calls(), (Calls{"9/0", "10/0"}));
}

TEST_F(KinesisCheckpointerTest, NothingIsWrittenBeforeSomethingIsProcessed) {
  checkpoints_.setCheckpointer(kShard, handle_);
  advance(3 * kInterval);
  EXPECT_TRUE(handle_->calls().empty());
  EXPECT_EQ(counters(), CheckpointCounters{});
  EXPECT_FALSE(counters().successRate());
}

TEST_F(KinesisCheckpointerTest, ThrottlingIsTriedFourTimesWithPausesAndThenLeftToTheNextPass) {
  processed("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  handle_->failWith({Code::kThrottled, Code::kServiceError, Code::kThrottled, Code::kTimeout});
  advance(kInterval);
  EXPECT_EQ(handle_->calls().size(), 4u);
  EXPECT_EQ(clock_->pauses().size(), 3u);
  EXPECT_EQ(counters(), (CheckpointCounters{.attempts = 1, .failures = 1, .retries = 3}));

  advance(kInterval);
  EXPECT_EQ(handle_->calls().size(), 5u);
  EXPECT_EQ(counters(), (CheckpointCounters{.attempts = 2, .successes = 1, .failures = 1, .retries = 3}));
  EXPECT_EQ(counters().successRate(), 0.5);
}

TEST_F(KinesisCheckpointerTest, AFailureOfOneShardHoldsUpNoOther) {
  const auto other = std::make_shared<FakeHandle>();
  processed("12");
  receiver_->set("shard-2", {CheckpointPosition{"30", 0}, false});
  receiver_->failOn("shard-0");
  checkpoints_.setCheckpointer("shard-0", std::make_shared<FakeHandle>());
  checkpoints_.setCheckpointer(kShard, handle_);
  checkpoints_.setCheckpointer("shard-2", other);
  handle_->during = [](const std::string&) { throw std::runtime_error("boom"); };
  advance(kInterval);
  EXPECT_EQ(other->calls(), Calls{"30/0"});
  EXPECT_EQ(counters().failures, 1);
  EXPECT_EQ(checkpoints_.counters("shard-2").successes, 1);

  handle_->during = nullptr;
  advance(kInterval);
  EXPECT_EQ(counters().successes, 1);
}

TEST_F(KinesisCheckpointerTest, AHandleWhoseLeaseIsLostIsDroppedUnlessAnotherOneCame) {
  processed("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  handle_->failWith({Code::kLeaseLost});
  advance(kInterval);
  advance(kInterval);
  EXPECT_EQ(handle_->calls().size(), 1u);

  // The next tenure begins at an earlier place.
  const auto next = std::make_shared<FakeHandle>();
  processed("5");
  checkpoints_.setCheckpointer(kShard, next);
  advance(kInterval);
  EXPECT_EQ(next->calls(), Calls{"5/0"});
}

TEST_F(KinesisCheckpointerTest, TheShutdownMakesALastPassAndNothingFollows) {
  processed("12");
  checkpoints_.setCheckpointer(kShard, handle_);
  checkpoints_.shutdown();
  EXPECT_EQ(handle_->calls(), Calls{"12/0"});

  processed("20");
  checkpoints_.setCheckpointer(kShard, handle_);
  checkpoints_.shutdown();
  clock_->advance(5 * kInterval);
  EXPECT_EQ(handle_->calls(), Calls{"12/0"});
}

TEST_F(KinesisCheckpointerTest, ItsDestructionIsAShutdown) {
  receiver_->set(kShard, {CheckpointPosition{"12", 0}, false});
  {
    KinesisCheckpointer checkpoints(receiver_, Seconds(120), "me");
    checkpoints.setCheckpointer(kShard, handle_);
  }
  EXPECT_EQ(handle_->calls(), Calls{"12/0"});
  EXPECT_EQ(handle_.use_count(), 1);
  EXPECT_EQ(receiver_.use_count(), 2);  // The test's and that of `checkpoints_`.
}

TEST(KinesisCheckpointerMaking, TakesTheSeedsIntervalsAndRefusesNoInterval) {
  const auto marks = std::make_shared<ShardWatermarks>();
  for (const Duration interval :
       {Duration(1), Duration(Seconds(10)), Duration(Seconds(30)), Duration(Seconds(120))}) {
    KinesisCheckpointer checkpoints(marks, interval, "me");
    EXPECT_TRUE(checkpoints.counters().empty());
  }
  for (const Duration interval : {Duration(0), Duration(-1), Duration::max()}) {
    EXPECT_THROW(KinesisCheckpointer(marks, interval, "me"), Error);
  }
  EXPECT_THROW(KinesisCheckpointer(nullptr, Seconds(1), "me"), Error);
  EXPECT_THROW(KinesisCheckpointer(marks, Seconds(1), "me", nullptr), Error);
}

// What is checkpointed follows what is stored, or what is processed, by the same calls.
class CheckpointAfterTest : public testing::TestWithParam<CheckpointAfter> {};

TEST_P(CheckpointAfterTest, CheckpointsAndTheEndFollowIt) {
  const bool afterStored = GetParam() == CheckpointAfter::kStored;
  const auto marks = std::make_shared<ShardWatermarks>(GetParam());
  const auto clock = std::make_shared<ManualClock>();
  const auto handle = std::make_shared<FakeHandle>();
  KinesisCheckpointer checkpoints(marks, kInterval, "me", clock);
  const auto advance = [&] {
    clock->advance(kInterval);
    clock->awaitWaiters(1);
  };
  clock->awaitWaiters(1);
  checkpoints.setCheckpointer(kShard, handle);

  ASSERT_TRUE(marks->received(kShard, {"10", 0}));
  ASSERT_TRUE(marks->received(kShard, {"20", 1}));
  advance();
  EXPECT_TRUE(handle->calls().empty());
  EXPECT_EQ(*checkpoints.removeCheckpointer(kShard, handle.get()), CheckpointRemoval::kNotYet);
  EXPECT_TRUE(handle->calls().empty());
  checkpoints.setCheckpointer(kShard, handle);

  marks->stored(kShard, {"10", 0});
  advance();
  EXPECT_EQ(handle->calls(), afterStored ? Calls{"10/0"} : Calls{});

  marks->processed(kShard, {"10", 0});
  advance();
  EXPECT_EQ(handle->calls(), Calls{"10/0"});

  marks->stored(kShard, {"20", 1});
  const auto removed = checkpoints.removeCheckpointer(kShard, handle.get());
  EXPECT_EQ(*removed, afterStored ? CheckpointRemoval::kComplete : CheckpointRemoval::kNotYet);
  if (!afterStored) {
    EXPECT_EQ(handle->calls(), Calls{"10/0"});
    marks->processed(kShard, {"20", 1});
    EXPECT_EQ(*checkpoints.removeCheckpointer(kShard, handle.get()), CheckpointRemoval::kComplete);
  }
  EXPECT_EQ(handle->calls(), (Calls{"10/0", "all"}));
}

INSTANTIATE_TEST_SUITE_P(Both, CheckpointAfterTest,
                         testing::Values(CheckpointAfter::kProcessed, CheckpointAfter::kStored),
                         [](const auto& parameter) {
                           return parameter.param == CheckpointAfter::kStored ? "Stored" : "Processed";
                         });

// For the thread sanitizer; the numbers only grow, whoever calls.
TEST(KinesisCheckpointerThreads, ManyThreadsSetRemoveAndCountWhilePassesRun) {
  const auto marks = std::make_shared<ShardWatermarks>();
  const auto clock = std::make_shared<ManualClock>();
  const auto handle = std::make_shared<FakeHandle>();
  KinesisCheckpointer checkpoints(marks, kInterval, "me", clock);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string shardId = "shard-" + std::to_string(t % 2);
      for (int i = 1; i <= 200; ++i) {
        const CheckpointPosition at{std::to_string(1000 * t + i), 0};
        if (marks->received(shardId, at)) marks->processed(shardId, at);
        checkpoints.setCheckpointer(shardId, handle);
        clock->advance(kInterval);
        if (i % 10 == 0) static_cast<void>(checkpoints.removeCheckpointer(shardId, handle.get()));
        static_cast<void>(checkpoints.counters());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  checkpoints.shutdown();
  std::int64_t attempts = 0;
  for (const auto& [shardId, of] : checkpoints.counters()) attempts += of.attempts;
  EXPECT_EQ(attempts, static_cast<std::int64_t>(handle->calls().size()));
}

}  // namespace
}  // namespace tidemill
