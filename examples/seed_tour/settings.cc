// seed_tour/settings.cc: the settings of the chapter, each with what it does.
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <optional>

#include "tidemill/kinesis_backed_block_rdd.h"
#include "tour.h"

using namespace tidemill;

namespace tour {
namespace {

void checkpointsAreCleanedUp() {
  Stage stage;
  const std::string directory = stage.folder() + "/checkpoints";
  Conf conf = stage.conf();
  conf.set("spark.streaming.stopGracefullyOnShutdown", "true");
  conf.set("spark.streaming.backpressure.enabled", "true");
  // What cleans up is neither of them: the newest are kept, by default 10, and shards that are read are let
  // go.
  conf.set("tidemill.checkpoint.interval", "100ms").set("tidemill.checkpoint.kept", "2");
  Seen<> seen;
  StreamingContext context(conf, Milliseconds(100));
  context.checkpoint("file:" + directory);
  collectInto(seen, ordersOf(context, stage));
  context.start();
  for (int i = 0; i < 8; ++i) {
    stage.put(numbered(i, i + 1));
    seen.waitFor(static_cast<std::size_t>(i) + 1);
  }

  ::kill(::getpid(), SIGTERM);  // What stopGracefullyOnShutdown is about.
  expectOk(context.awaitTermination());
  const StreamingTotals totals = context.totals();
  expectEqual(totals.processed, 8, "processed");
  expectEqual(totals.checkpointed, 8, "checkpointed");
  expectEqual(totals.unallocated, 0, "received and in no batch");
  expectEqual(totals.leasesHeld, 0, "leases that are kept");
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(directory + "/metadata")) {
    names.push_back(file.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  expect(!names.empty() && names.size() <= 3, std::to_string(names.size()) + " metadata checkpoints");
  expect(names.front().find_first_not_of('0') != std::string::npos, "the first one has been removed");
}

// Memory that is held while lines that repeat themselves wait for their batch.
std::int64_t memoryWith(const std::string& serializer) {
  Stage stage;
  std::vector<std::string> lines = numbered(0, 40);
  for (std::string& line : lines) line.resize(10'000, '.');
  stage.put(lines);
  Conf conf = stage.conf();
  conf.set("spark.serializer", serializer);
  Seen<> seen;
  StreamingContext context(conf, Milliseconds(200));
  collectInto(seen, ordersOf(context, stage, StorageLevel::MEMORY_ONLY_SER));
  context.start();
  seen.waitFor(40);
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), lines);
  return context.totals().blockMemoryMost;
}

// The most records of a batch, once a slow output has been measured.
std::int64_t mostBehindASlowOutput() {
  Stage stage;
  Conf conf = stage.conf();
  conf.set("spark.streaming.receiver.maxRate", "1000").set("spark.streaming.backpressure.enabled", "true");
  conf.set("spark.streaming.backpressure.pid.minRate", "10");
  Seen<> seen;
  Seen<std::int64_t> sizes;
  StreamingContext context(conf, Milliseconds(100));
  ordersOf(context, stage).foreachRDD([&](const RDD<std::string>& rdd) {
    const auto lines = rdd.collect();
    std::this_thread::sleep_for(std::chrono::milliseconds(10) * lines.size());  // 100 records a second.
    if (lines.empty()) return;
    sizes.add({static_cast<std::int64_t>(lines.size())});
    seen.add(lines);
  });
  context.start();
  for (int i = 0; i < 4; ++i) {  // The first batch is only measured.
    stage.put(numbered(10 * i, 10 * i + 10));
    seen.waitFor(static_cast<std::size_t>(10 * i) + 10);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::size_t measured = sizes.all().size();
  stage.put(numbered(40, 240));
  seen.waitFor(240);
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), numbered(0, 240));
  const auto all = sizes.all();
  return *std::max_element(all.begin() + static_cast<std::ptrdiff_t>(measured), all.end());
}

void readingIsHeldToARate() {
  Stage stage;
  stage.put(numbered(0, 250));
  Conf conf = stage.conf();
  conf.set("spark.streaming.receiver.maxRate", "100").set("spark.streaming.blockInterval", "200ms");
  Seen<> seen;
  StreamingContext context(conf, Milliseconds(200));
  collectInto(seen, ordersOf(context, stage));
  const auto begin = std::chrono::steady_clock::now();
  context.start();
  seen.waitFor(250);
  // A second's worth at once, and then 100 records in a second.
  expect(std::chrono::steady_clock::now() - begin > std::chrono::seconds(1), "250 records take longer");
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), numbered(0, 250));

  // With backpressure no more comes than the output bears: not the 200 records that are there at once.
  const std::int64_t most = mostBehindASlowOutput();
  expect(most <= 150, "a batch of " + std::to_string(most) + " records for an output of 100 a second");

  // Java's means blocks as they are, Kryo's means smaller ones.
  const std::int64_t java = memoryWith("org.apache.spark.serializer.JavaSerializer");
  const std::int64_t kryo = memoryWith("org.apache.spark.serializer.KryoSerializer");
  expect(kryo > 0 && kryo < java / 2, std::to_string(kryo) + " bytes, and " + std::to_string(java));
  expectError(Code::kInvalidConfig, [] { Conf().set("spark.serializer", "org.example.Mine"); });
}

void callsAreTriedAgain() {
  Stage stage;
  stage.put(numbered(0, 10));
  // Four requests in ten to the lease table are throttled: with ten tries more, one call in 20,000 fails.
  stage.throttleDynamo(400);
  Conf conf = stage.conf();
  conf.set("spark.streaming.kinesis.client.maxRetries", "10");
  conf.set("spark.streaming.kinesis.client.retryDelayMs", "5");
  conf.set("spark.streaming.kinesis.retry.waitTime", "70ms");
  conf.set("tidemill.leases.store", "dynamodb").set("tidemill.dynamodb.endpoint", stage.endpoint());
  Seen<> seen;
  Seen<KinesisReadConfigurations> reading;
  StreamingContext context(conf, Milliseconds(100));
  const auto lines = ordersOf(context, stage);
  lines.foreachRDD([&reading](const RDD<std::string>& rdd) {
    reading.add({KinesisBackedBlockRDD<std::string>::of(rdd)->readConfigurations()});
  });
  collectInto(seen, lines);
  context.start();
  seen.waitFor(10);
  expectOk(context.stop(true, true));
  expectEqual(context.totals().checkpointed, 10, "records that checkpoints cover");
  expect(stage.dynamoThrottles() > 0, "requests were throttled");
  // Blocks that are lost are read again by the same, unless Spark's own key for that is set; then it is told.
  expectEqual(reading.all().at(0).maxRetries, 11, "tries, with the first");
  expectEqual(reading.all().at(0).retryWaitTimeMs, 70, "first wait");
  expect(stage.logged("event=key_overridden key=spark.streaming.kinesis.client.retryDelayMs"),
         "the key that does not count everywhere is named");
  expect(!stage.logged("key=spark.streaming.kinesis.client.maxRetries"), "the other one is not");
}

// How often lines are made by a program that holds what its stream persisted, and uses it in a later batch.
int timesMade(const std::string& unpersist) {
  Stage stage;
  stage.put(numbered(0, 5));
  std::atomic<int> made{0};
  std::optional<RDD<std::string>> held;
  Seen<> seen;
  Seen<int> later;
  StreamingContext context(stage.conf().set("spark.streaming.unpersist", unpersist), Milliseconds(100));
  ordersOf(context, stage)
      .map([&made](std::string line) {
        ++made;
        return line;
      })
      .persist(StorageLevel::MEMORY_ONLY)
      .foreachRDD([&](const RDD<std::string>& rdd, const BatchInfo& batch) {
        seen.add(rdd.collect());
        if (held && batch.records == 0) later.add({static_cast<int>(held->collect().size())});
        if (!held && batch.records == 5) held = rdd;
      });
  context.start();
  later.waitFor(3);
  expectOk(context.stop(true, true));
  for (const int size : later.all()) expectEqual(size, 5, "lines of the batch that is held");
  return made;
}

// Lines that come one after the other for a second lie in so many blocks.
std::size_t blocksWith(const std::string& interval) {
  Stage stage;
  Seen<> seen;
  Seen<std::string> blocks;
  StreamingContext context(stage.conf().set("spark.streaming.blockInterval", interval), Milliseconds(500));
  ordersOf(context, stage).foreachRDD([&](const RDD<std::string>& rdd) {
    for (const Partition& partition : rdd.getPartitions()) blocks.add({partition.blockId});
    seen.add(rdd.collect());
  });
  context.start();
  for (int i = 0; i < 20; ++i) {
    stage.put(numbered(i, i + 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  seen.waitFor(20);
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), numbered(0, 20));
  return blocks.all().size();
}

void memoryIsWhatTheKeysSay() {
  // What a stream has persisted goes with its RDD, so that the program computes it again: 5 lines each time.
  expectEqual(timesMade("false"), 5, "lines made where what is persisted stays");
  expect(timesMade("true") >= 20, "lines are made again where it goes");

  // More blocks, and so more tasks, more ranges and more to remember: no less memory.
  const std::size_t small = blocksWith("50ms");
  const std::size_t large = blocksWith("500ms");
  expect(small >= 2 * large, std::to_string(small) + " blocks, and " + std::to_string(large));

  Stage stage;
  std::vector<std::string> lines = numbered(0, 30);
  for (std::string& line : lines) line.resize(100'000, '.');
  stage.put(lines);
  for (const std::string memory : {"4g", "1m"}) {
    Seen<> seen;
    Conf conf = stage.conf();
    conf.set("tidemill.state.directory", stage.folder() + "/" + memory);
    conf.set("spark.executor.memory", memory);
    StreamingContext context(conf, Milliseconds(500));
    collectInto(seen, ordersOf(context, stage));
    context.start();
    seen.waitFor(30);
    expectOk(context.stop(true, true));
    expectSameLines(seen.all(), lines);
    const bool within = memory == "1m";  // What does not fit is on the disk meanwhile.
    expectEqual(context.totals().blockMemoryMost <= 1'048'576, within, "held in memory within a MiB");
  }
}

}  // namespace

std::vector<Row> settingRows() {
  return {{24, "checkpoints are cleaned up; a signal stops gracefully", checkpointsAreCleanedUp},
          {27, "maxRate, backpressure, Kryo and blockInterval", readingIsHeldToARate},
          {28, "client.maxRetries and client.retryDelayMs", callsAreTriedAgain},
          {29, "unpersist, blockInterval and executor.memory", memoryIsWhatTheKeysSay}};
}

}  // namespace tour
