// seed_tour/settings.cc: the settings of the chapter, each with what it does.
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

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

void readingIsHeldToARate() {
  Stage stage;
  stage.put(numbered(0, 250));
  Conf conf = stage.conf();
  conf.set("spark.streaming.receiver.maxRate", "100");
  conf.set("spark.streaming.backpressure.enabled", "true");
  conf.set("spark.serializer", "org.apache.spark.serializer.KryoSerializer");
  conf.set("spark.streaming.blockInterval", "200ms");
  Seen<> seen;
  StreamingContext context(conf, Milliseconds(200));
  collectInto(seen, ordersOf(context, stage, StorageLevel::MEMORY_AND_DISK_SER));
  const auto begin = std::chrono::steady_clock::now();
  context.start();
  seen.waitFor(250);
  // A second's worth at once, and then 100 records in a second.
  expect(std::chrono::steady_clock::now() - begin > std::chrono::seconds(1), "250 records take longer");
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), numbered(0, 250));
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
  // Blocks that are lost are read again by the same two, unless Spark's own keys for that are set.
  expectEqual(reading.all().at(0).maxRetries, 11, "tries, with the first");
  expectEqual(reading.all().at(0).retryWaitTimeMs, 5, "first wait");
}

void memoryIsWhatTheKeysSay() {
  // unpersist=true is the default: what a stream has persisted goes with the RDD.
  Conf conf;
  conf.set("spark.streaming.unpersist", "true");
  expect(conf.takeUnknownKeys().empty(), "unpersist=true is known");

  Stage stage;
  std::vector<std::string> lines = numbered(0, 30);
  for (std::string& line : lines) line.resize(100'000, '.');
  stage.put(lines);
  for (const std::string memory : {"4g", "1m"}) {
    Seen<> seen;
    conf = stage.conf();
    conf.set("tidemill.state.directory", stage.folder() + "/" + memory);
    conf.set("spark.streaming.unpersist", "true").set("spark.streaming.blockInterval", "50ms");
    conf.set("spark.executor.memory", memory);
    StreamingContext context(conf, Milliseconds(500));
    collectInto(seen, ordersOf(context, stage));
    context.start();
    seen.waitFor(30);
    expectOk(context.stop(true, true));
    expectSameLines(seen.all(), lines);
    const bool small = memory == "1m";  // What does not fit is on the disk meanwhile.
    expectEqual(context.totals().blockMemoryMost <= 1'048'576, small, "held in memory within a MiB");
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
