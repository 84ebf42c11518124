// seed_tour/recovery.cc: blocks that are lost, records that are gone, and a network that is away.
#include "tidemill/kinesis_backed_block_rdd.h"
#include "tour.h"

using namespace tidemill;

namespace tour {
namespace {

void lostBlocksAreReadAgain() {
  Stage stage(2);
  const auto placed = stage.put(numbered(0, 40));
  Seen<> seen;
  // All blocks are lost between their arrival and their batch, as with a worker that dies.
  StreamingContext context(stage.conf().set("tidemill.test.loseBlocks", "1"), Milliseconds(100));
  collectInto(seen, ordersOf(context, stage));
  context.start();
  seen.waitFor(40);
  expectOk(context.stop(false, true));
  expectSameLines(seen.all(), numbered(0, 40));
  expect(context.totals().blocksLost > 0, "blocks were lost");
  expectEqual(context.totals().blocksRebuilt, context.totals().blocksLost, "blocks that came back");

  // What Kinesis does not hold any more is gone, and is named.
  stage.trim();
  const SequenceNumberRanges ranges{Stage::rangeOf({placed.front()})};
  const KinesisBackedBlockRDD<std::string> rdd(context.sparkContext(), "us-east-1", stage.endpoint(), {"old"},
                                               {ranges});
  const Error gone = expectError(Code::kDataLoss, [&] { rdd.collect(); });
  expect(gone.message().find(placed.front().shardId) != std::string::npos, "the shard is named");
  expect(gone.message().find(placed.front().sequenceNumber) != std::string::npos, "and the number");
  // Or what is left is taken.
  const KinesisBackedBlockRDD<std::string> rest(context.sparkContext(), "us-east-1", stage.endpoint(),
                                                {"old"}, {ranges}, {},
                                                KinesisReadConfigurations{.failOnDataLoss = false});
  expectEqual(rest.count(), 0, "records that are left");
}

void aNetworkThatIsAwayLosesNothing() {
  Stage stage(2);
  stage.put(numbered(0, 20));
  Seen<> seen;
  StreamingContext context(stage.conf(), Milliseconds(100));
  collectInto(seen, KinesisUtils::createStream(context, "tour", "orders", stage.endpoint(), "us-east-1",
                                               InitialPositionInStream::TRIM_HORIZON, Seconds(60),
                                               StorageLevel::MEMORY_AND_DISK_2));
  context.start();
  seen.waitFor(20);
  stage.disconnect();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  expect(context.getState() == StreamingContextState::ACTIVE, "the stream waits");
  stage.reconnect();
  stage.put(numbered(20, 40));
  seen.waitFor(40);
  expectOk(context.stop(true, true));
  expectSameLines(seen.all(), numbered(0, 40));
  expectEqual(context.totals().checkpointed, 40, "records that checkpoints cover");
}

}  // namespace

std::vector<Row> recoveryRows() {
  return {{14, "lost blocks are read again; what is gone is named", lostBlocksAreReadAgain},
          {30, "a network that is away loses nothing", aNetworkThatIsAwayLosesNothing}};
}

}  // namespace tour
