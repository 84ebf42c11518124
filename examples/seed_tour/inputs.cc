// seed_tour/inputs.cc: streams of Kinesis records, how they are kept, and what becomes of their shards.
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "tidemill/block_rdd.h"
#include "tidemill/kinesis_backed_block_rdd.h"
#include "tidemill/kinesis_input_dstream.h"
#include "tour.h"

using namespace tidemill;

namespace tour {
namespace {

void aStreamIsMadeByEightArgumentsOrABuilder() {
  Stage stage(2);
  stage.put(numbered(0, 20));
  Seen<> byArguments;
  Seen<> byBuilder;
  StreamingContext context(stage.conf(), Milliseconds(100));
  collectInto(byArguments, KinesisUtils::createStream(context, "eight-arguments", "orders", stage.endpoint(),
                                                      "us-east-1", InitialPositionInStream::TRIM_HORIZON,
                                                      Seconds(10), StorageLevel::MEMORY_AND_DISK_2));
  // What is not said is as in Spark: LATEST, MEMORY_AND_DISK_2, checkpoints once in a batch.
  collectInto(byBuilder, KinesisInputDStream::builder()
                             .streamingContext(context)
                             .streamName("orders")
                             .checkpointAppName("builder")
                             .endpointUrl(stage.endpoint())
                             .regionName("us-east-1")
                             .initialPosition(KinesisInitialPosition::TrimHorizon())
                             .build());
  context.start();
  byArguments.waitFor(20);
  byBuilder.waitFor(20);
  expectOk(context.stop(true, true));
  expectSameLines(byArguments.all(), numbered(0, 20));
  expectSameLines(byBuilder.all(), numbered(0, 20));
  const Error missing = expectError(Code::kInvalidConfig, [&] {
    KinesisInputDStream::builder().streamingContext(context).streamName("orders").build();
  });
  expect(missing.message().find("checkpointAppName") != std::string::npos, "it names what is missing");
}

void everyStorageLevelKeepsItsBlocks() {
  Stage stage;
  Conf conf = stage.conf();
  conf.set("tidemill.block.replicas",
           "dir:" + stage.folder() + "/second" + ",dir:" + stage.folder() + "/third");
  Context context(conf);
  for (const StorageLevel level :
       {StorageLevel::DISK_ONLY, StorageLevel::DISK_ONLY_2, StorageLevel::DISK_ONLY_3,
        StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_ONLY_2, StorageLevel::MEMORY_ONLY_SER,
        StorageLevel::MEMORY_ONLY_SER_2, StorageLevel::MEMORY_AND_DISK, StorageLevel::MEMORY_AND_DISK_2,
        StorageLevel::MEMORY_AND_DISK_SER, StorageLevel::MEMORY_AND_DISK_SER_2, StorageLevel::OFF_HEAP}) {
    const std::string name = storageLevelName(level);
    expect(parseStorageLevel(name) == level, "levels are known by their names");
    Record record;
    record.data = std::as_bytes(std::span(name));
    record.partitionKey = "key";
    record.sequenceNumber = "1";
    record.shardId = "shardId-000000000000";
    expectOk(context.putBlock(name, "orders", {record}, level));
    expectEqual(BlockRDD<std::string>(context, {name}).first(), name, "what lies in the block");
  }

  // Spark only warns where there are fewer copies than the level says; here that may be a failure.
  conf = stage.conf().set("tidemill.block.replication", "require");
  conf.set("tidemill.state.directory", stage.folder() + "/alone");
  StreamingContext alone(conf, Milliseconds(100));
  ordersOf(alone, stage, StorageLevel::MEMORY_AND_DISK_2).print();
  alone.start();
  const Result<void> end = alone.awaitTermination();
  expect(!end && end.error().code() == Code::kInvalidConfig,
         "two copies are required, and there is one place");
}

void memoryAndDiskWithTwoCopiesIsTheDefault() {
  Stage stage;
  stage.put(numbered(0, 20));
  // On one machine, without a second place, the copies that are short are counted; with one, none are.
  for (const bool second : {false, true}) {
    Seen<> seen;
    Conf conf = stage.conf();
    if (second) conf.set("tidemill.block.replicas", "dir:" + stage.folder() + "/second");
    StreamingContext context(conf, Milliseconds(100));
    collectInto(seen, KinesisInputDStream::builder()
                          .streamingContext(context)
                          .streamName("orders")
                          .checkpointAppName(second ? "two-places" : "one-place")
                          .endpointUrl(stage.endpoint())
                          .initialPosition(KinesisInitialPosition::TrimHorizon())
                          .build());
    context.start();
    seen.waitFor(20);
    expectOk(context.stop(true, true));
    expectSameLines(seen.all(), numbered(0, 20));
    expectEqual(context.totals().blocksShortOfLevel > 0, !second, "blocks with fewer copies");
  }
}

void aHandlerSeesTheBytes() {
  Stage stage;
  const std::string bytes = {'\xff', '\0', 'a'};  // No text in any encoding.
  stage.put({"text", bytes});
  Seen<> seen;
  StreamingContext context(stage.conf(), Milliseconds(100));
  const auto decode = [](const Record& record) { return std::string(record.text()); };
  collectInto(seen, KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                               InitialPositionInStream::TRIM_HORIZON, Seconds(10),
                                               StorageLevel::MEMORY_AND_DISK_2, decode));
  context.start();
  seen.waitFor(2);
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), {"text", bytes});
}

void shardsComeAndGo() {
  Stage stage;
  Seen<std::pair<std::string, std::string>> seen;
  StreamingContext context(stage.conf(), Milliseconds(100));
  collectInto(seen, KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                               InitialPositionInStream::TRIM_HORIZON, Milliseconds(100),
                                               StorageLevel::MEMORY_AND_DISK_2, [](const Record& record) {
                                                 return std::pair(std::string(record.shardId),
                                                                  std::string(record.text()));
                                               }));
  context.start();
  stage.put(numbered(0, 20));
  stage.splitFirstShard();
  stage.put(numbered(20, 40));
  stage.mergeShards("shardId-000000000001", "shardId-000000000002");
  stage.put(numbered(40, 60));
  seen.waitFor(60);
  expectOk(context.stop(true, true));

  // Each once; and since children are read behind their parents, in the order in which they were put.
  std::vector<std::string> lines;
  std::map<std::string, std::pair<std::size_t, std::size_t>> places;
  for (const auto& [shard, line] : seen.all()) {
    auto& [first, last] = places.try_emplace(shard, lines.size(), lines.size()).first->second;
    last = lines.size();
    lines.push_back(line);
  }
  expectSameLines(lines, numbered(0, 60));
  expectEqual(places.size(), 4u, "shards");
  expect(places["shardId-000000000000"].second < places["shardId-000000000001"].first, "parent, then child");
  expect(places["shardId-000000000001"].second < places["shardId-000000000003"].first, "then the merged one");
  expect(places["shardId-000000000002"].second < places["shardId-000000000003"].first, "behind both");
}

void badElementsAreLeftOut() {
  Stage stage;
  stage.put({"1", "two", "3"});
  const auto parse = [](const std::string& line) { return std::stoi(line); };
  Seen<int> seen;
  Seen<int> byTry;
  std::atomic<int> bad{0};
  StreamingContext context(stage.conf(), Milliseconds(100));
  const auto lines = ordersOf(context, stage);
  // As in Scala: a try, an option, a filter.
  collectInto(seen, lines
                        .map([parse](const std::string& line) -> std::optional<int> {
                          try {
                            return parse(line);
                          } catch (const std::exception&) {
                            return std::nullopt;
                          }
                        })
                        .filter([](const std::optional<int>& number) { return number.has_value(); })
                        .map([](std::optional<int> number) { return *number; }));
  // The same, and somebody hears of it.
  collectInto(byTry, lines.tryMap(parse, [&bad](const std::string&) { ++bad; }));
  context.start();
  seen.waitFor(2);
  byTry.waitFor(2);
  expectOk(context.stop(true, true));
  expect(seen.all() == std::vector<int>{1, 3} && byTry.all() == std::vector<int>{1, 3}, "what is left");
  expectEqual(bad.load(), 1, "elements left out");
}

void workersShareTheShards() {
  Stage stage(4);
  const auto worker = [&stage](const std::string& id) {
    Conf conf = stage.conf();
    conf.set("tidemill.state.directory", stage.folder() + "/" + id).set("tidemill.worker.id", id);
    // The table that workers of the Java library share, too.
    conf.set("tidemill.leases.store", "dynamodb").set("tidemill.dynamodb.endpoint", stage.endpoint());
    conf.set("tidemill.leases.scanInterval", "100ms").set("tidemill.leases.failover", "2s");
    return std::make_unique<StreamingContext>(conf, Milliseconds(100));
  };
  Seen<> seen;
  const auto one = worker("one");
  const auto two = worker("two");
  collectInto(seen, ordersOf(*one, stage));
  collectInto(seen, ordersOf(*two, stage));

  one->start();
  waitUntil([&] { return one->totals().leasesHeld == 4; }, "the first worker has all shards");
  two->start();
  waitUntil([&] { return one->totals().leasesHeld == 2 && two->totals().leasesHeld == 2; }, "two for each");
  stage.put(numbered(0, 40));
  seen.waitFor(40);
  expectOk(one->stop(true, true));
  waitUntil([&] { return two->totals().leasesHeld == 4; }, "what one gives up the other takes");
  stage.put(numbered(40, 60));
  seen.waitFor(60);
  expectOk(two->stop(true, true));
  expectSameLines(seen.all(), numbered(0, 60));
}

}  // namespace

std::vector<Row> inputRows() {
  return {{9, "createStream with eight arguments, and the builder", aStreamIsMadeByEightArgumentsOrABuilder},
          {10, "every storage level keeps its blocks", everyStorageLevelKeepsItsBlocks},
          {11, "MEMORY_AND_DISK_2 is the default", memoryAndDiskWithTwoCopiesIsTheDefault},
          {13, "a message handler sees the bytes", aHandlerSeesTheBytes},
          {17, "shards are split and merged", shardsComeAndGo},
          {25, "elements that cannot be read are left out", badElementsAreLeftOut},
          {31, "shards are shared by workers, without anybody's help", workersShareTheShards}};
}

}  // namespace tour
