// seed_tour/checkpoints.cc: checkpoints, their intervals, and how an application goes on.
#include <memory>
#include <numeric>
#include <optional>

#include "tidemill/kinesis_checkpointer.h"
#include "tidemill/shard_watermarks.h"
#include "tour.h"

using namespace tidemill;

namespace tour {
namespace {

// Keeps what would go into the lease table.
class Written final : public CheckpointHandle {
 public:
  Result<void> checkpoint() override {
    numbers.push_back("SHARD_END");
    return {};
  }
  Result<void> checkpoint(std::string_view sequenceNumber, std::uint64_t) override {
    numbers.emplace_back(sequenceNumber);
    return {};
  }
  std::vector<std::string> numbers;
};

void checkpointsAndRecoveryAreAutomatic() {
  Stage stage(2);
  stage.put(numbered(0, 20));
  for (const auto& [from, to] : {std::pair(0, 20), std::pair(20, 40)}) {
    Seen<> seen;
    std::int64_t inRanges = 0;
    StreamingContext context(stage.conf(), Milliseconds(100));
    const auto lines = ordersOf(context, stage);
    lines.foreachRDD([&](const RDD<std::string>&, const BatchInfo& batch) {
      for (const SequenceNumberRange& range : batch.ranges) inRanges += range.recordCount;
    });
    collectInto(seen, lines);
    context.start();
    seen.waitFor(20);
    expectOk(context.stop(true, true));
    expectSameLines(seen.all(), numbered(from, to));  // The second one goes on where the first has ended.
    expectEqual(inRanges, 20, "records in the ranges of the batches");
    expectEqual(context.totals().checkpointed, 20, "records that checkpoints cover");
    if (to == 20) stage.put(numbered(20, 40));
  }
}

void aCheckpointerWritesByATimer() {
  const auto clock = std::make_shared<ManualClock>();
  const auto receiver = std::make_shared<ShardWatermarks>(CheckpointAfter::kProcessed);
  const auto written = std::make_shared<Written>();
  expectOk(receiver->received("shard-1", {"100"}));
  receiver->processed("shard-1", {"100"});

  KinesisCheckpointer checkpointer(receiver, Seconds(10), "worker-1", clock);
  checkpointer.setCheckpointer("shard-1", written);
  clock->awaitWaiters(1);
  expect(written->numbers.empty(), "nothing is written before the interval is over");
  clock->advance(Seconds(10));
  clock->awaitWaiters(1);
  expectEqual(written->numbers.at(0), "100", "what the timer writes");

  expect(*checkpointer.removeCheckpointer("shard-1", written.get()) == CheckpointRemoval::kComplete,
         "everything is processed when the shard goes");
  const CheckpointCounters counters = checkpointer.counters("shard-1");
  expectEqual(counters.attempts, 2, "attempts");
  expectEqual(counters.successRate().value(), 1.0, "successes per attempt");
}

void onlyWhatIsProcessedIsCheckpointed() {
  const auto clock = std::make_shared<ManualClock>();
  const auto receiver = std::make_shared<ShardWatermarks>(CheckpointAfter::kProcessed);
  const auto written = std::make_shared<Written>();
  KinesisCheckpointer checkpointer(receiver, Seconds(1), "worker-1", clock);
  checkpointer.setCheckpointer("shard-1", written);
  const auto pass = [&] {
    clock->awaitWaiters(1);
    clock->advance(Seconds(1));
    clock->awaitWaiters(1);
  };

  expectOk(receiver->received("shard-1", {"9"}));
  expectOk(receiver->received("shard-1", {"10"}));  // Behind it, as numbers.
  receiver->stored("shard-1", {"9"});
  receiver->processed("shard-1", {"10"});
  pass();
  expect(written->numbers.empty(), "the first block is stored, but not processed");
  expect(*checkpointer.removeCheckpointer("shard-1", written.get()) == CheckpointRemoval::kNotYet,
         "the end of a shard waits for its records");
  checkpointer.setCheckpointer("shard-1", written);
  receiver->processed("shard-1", {"9"});
  pass();
  expectEqual(written->numbers.at(0), "10", "both are processed");
  expectEqual(*checkpointer.removeCheckpointer("shard-1", written.get()) == CheckpointRemoval::kComplete,
              true, "then the end may be written");
  expectEqual(written->numbers.back(), "SHARD_END", "the end");
}

void anIntervalDecidesReplayAndNotLoss() {
  // 10, 30 and 120 seconds over two minutes: what they cost is writes.
  const auto clock = std::make_shared<ManualClock>();
  const auto receiver = std::make_shared<ShardWatermarks>(CheckpointAfter::kProcessed);
  struct One {
    std::shared_ptr<Written> written = std::make_shared<Written>();
    std::unique_ptr<KinesisCheckpointer> checkpointer;
  };
  std::vector<One> all;
  for (const int seconds : {10, 30, 120}) {
    One& one = all.emplace_back();
    one.checkpointer = std::make_unique<KinesisCheckpointer>(receiver, Seconds(seconds), "worker-1", clock);
    one.checkpointer->setCheckpointer("shard-1", one.written);
  }
  for (int number = 1; number <= 12; ++number) {
    const CheckpointPosition position{std::to_string(number)};
    clock->awaitWaiters(3);  // Earlier passes have ended.
    expectOk(receiver->received("shard-1", position));
    receiver->processed("shard-1", position);
    clock->advance(Seconds(10));
  }
  clock->awaitWaiters(3);
  expectEqual(all[0].written->numbers.size(), 12u, "writes, every 10 seconds");
  expectEqual(all[1].written->numbers.size(), 4u, "writes, every 30 seconds");
  expectEqual(all[2].written->numbers.size(), 1u, "writes, every 120 seconds");

  // What a long one brings after a crash is the same records again, and none is missing.
  Stage stage;
  stage.put(numbered(0, 10));
  for (int life = 1; life <= 2; ++life) {
    Seen<> seen;
    StreamingContext context(stage.conf(), Milliseconds(100));
    collectInto(seen, KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                                 InitialPositionInStream::TRIM_HORIZON, Seconds(120),
                                                 StorageLevel::MEMORY_AND_DISK_2));
    context.start();
    seen.waitFor(10);
    expectOk(context.stop(true, false));  // As a crash: nothing is written any more.
    expectSameLines(seen.all(), numbered(0, 10));
  }
}

void anApplicationGoesOnAfterARestart() {
  Stage stage;
  const std::string directory = "file:" + stage.folder() + "/checkpoints";
  Seen<> seen;
  Seen<std::int64_t> totals;
  const auto define = [&](StreamingContext& context) {
    const auto lines = ordersOf(context, stage);
    collectInto(seen, lines);
    const auto add = [](const std::vector<std::int64_t>& ones, std::optional<std::int64_t> total) {
      return std::optional(std::accumulate(ones.begin(), ones.end(), total.value_or(0)));
    };
    collectInto(
        totals,
        lines.map([](const std::string&) { return std::pair<std::string, std::int64_t>("orders", 1); })
            .updateStateByKey(add)
            .uid("totals")
            .map([](const std::pair<std::string, std::int64_t>& total) { return total.second; }));
  };
  const auto create = [&] {
    auto context = std::make_unique<StreamingContext>(stage.conf(), Milliseconds(100));
    define(*context);
    return context;
  };
  const auto runUntil = [&](StreamingContext& context, std::size_t lines, std::int64_t total) {
    context.start();
    seen.waitFor(lines);
    waitUntil([&] { return !totals.all().empty() && totals.all().back() == total; }, "the total");
    expectOk(context.stop(true, true));
  };

  stage.put(numbered(0, 10));
  runUntil(*StreamingContext::getOrCreate(directory, create), 10, 10);
  stage.put(numbered(10, 15));
  runUntil(*StreamingContext::getOrCreate(directory, create), 15, 15);
  expect(!stage.logged("checkpoint_metadata_ignored"), "getOrCreate goes on with the state");

  // `ssc.checkpoint(dir)` and then createStream: records go on, the state does not, and that is said.
  stage.put(numbered(15, 16));
  StreamingContext fresh(stage.conf(), Milliseconds(100));
  fresh.checkpoint(directory);
  define(fresh);
  runUntil(fresh, 16, 1);
  expect(stage.logged("checkpoint_metadata_ignored"), "a warning that the state is not used");
  expectSameLines(seen.all(), numbered(0, 16));
}

void theInitialPositionIsForNewShards() {
  Stage stage;
  stage.put(numbered(0, 10));
  const auto runFrom = [&stage](InitialPositionInStream position, std::size_t count) {
    Seen<> seen;
    StreamingContext context(stage.conf(), Milliseconds(100));
    collectInto(seen, KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                                 position, Seconds(10), StorageLevel::MEMORY_AND_DISK_2));
    context.start();
    seen.waitFor(count);
    expectOk(context.stop(true, true));
    return seen.all();
  };

  expectSameLines(runFrom(InitialPositionInStream::TRIM_HORIZON, 10), numbered(0, 10));
  stage.put(numbered(10, 15));
  // LATEST would leave them out, TRIM_HORIZON would bring all: there is a checkpoint, so neither counts.
  expectSameLines(runFrom(InitialPositionInStream::LATEST, 5), numbered(10, 15));
  stage.put(numbered(15, 20));
  expectSameLines(runFrom(InitialPositionInStream::TRIM_HORIZON, 5), numbered(15, 20));
}

}  // namespace

std::vector<Row> checkpointRows() {
  return {{1, "checkpoints, sequence numbers and recovery by themselves", checkpointsAndRecoveryAreAutomatic},
          {6, "a KinesisCheckpointer writes by its timer", aCheckpointerWritesByATimer},
          {7, "only what is processed is checkpointed", onlyWhatIsProcessedIsCheckpointed},
          {8, "checkpoint intervals decide replay, not loss", anIntervalDecidesReplayAndNotLoss},
          {15, "an application goes on after a restart", anApplicationGoesOnAfterARestart},
          {16, "the initial position counts without a checkpoint", theInitialPositionIsForNewShards}};
}

}  // namespace tour
