// seed_tour/ranges.cc: ranges of sequence numbers, and RDDs that are read from Kinesis by them.
#include <map>
#include <mutex>
#include <span>

#include "tidemill/kinesis_backed_block_rdd.h"
#include "tour.h"

using namespace tidemill;

namespace tour {
namespace {

void aRangeHasFourFields() {
  Stage stage;
  const auto placed = stage.put(numbered(0, 10));

  const SequenceNumberRange range{"orders", placed[2].shardId, placed[2].sequenceNumber,
                                  placed[6].sequenceNumber};
  const SequenceNumberRanges ranges{range};

  expect(ranges.nonEmpty() && SequenceNumberRanges().isEmpty(), "isEmpty and nonEmpty");
  expectEqual(ranges.toString(),
              "SequenceNumberRanges(SequenceNumberRange(orders," + placed[2].shardId + "," +
                  placed[2].sequenceNumber + "," + placed[6].sequenceNumber + "," + "0))",
              "toString");
  // Both ends belong to it.
  const Context context(stage.conf());
  const KinesisBackedBlockRDD<std::string> rdd(context, "us-east-1", stage.endpoint(), {"block-1"}, {ranges});
  expectSameLines(rdd.collect(), numbered(2, 7));
  expectSameLines(numbered(0, 10), [&] {
    std::vector<std::string> lines;
    for (const Placed& one : placed) lines.push_back(one.line);
    return lines;
  }());
}

void aBatchTellsItsRanges() {
  Stage stage(2);
  stage.put(numbered(0, 50));
  std::mutex mutex;
  std::map<std::string, SequenceNumberRanges> byBlock;
  Seen<> seen;
  StreamingContext context(stage.conf(), Milliseconds(100));
  const auto lines = ordersOf(context, stage);
  lines.foreachRDD([&](const RDD<std::string>& rdd) {
    const std::lock_guard lock(mutex);
    for (const Partition& partition : rdd.getPartitions()) {
      byBlock[partition.blockId] = partition.seqNumberRanges;
    }
  });
  collectInto(seen, lines);
  context.start();
  seen.waitFor(50);
  expectOk(context.stop(false, true));

  // The records can be read again by the ranges alone, each once.
  std::vector<std::string> blockIds;
  std::vector<SequenceNumberRanges> ranges;
  for (const auto& [blockId, ofBlock] : byBlock) {
    blockIds.push_back(blockId);
    ranges.push_back(ofBlock);
  }
  const KinesisBackedBlockRDD<std::string> again(context.sparkContext(), "us-east-1", stage.endpoint(),
                                                 blockIds, ranges);
  expectSameLines(again.collect(), numbered(0, 50));
}

void anRddOfBlocksHasItsPartitions() {
  Stage stage;
  const auto placed = stage.put(numbered(0, 6));
  const Context context(stage.conf());
  const auto rangesOf = [&placed](int from, int to) {
    return SequenceNumberRanges{
        Stage::rangeOf(std::vector<Placed>(placed.begin() + from, placed.begin() + to))};
  };

  const KinesisBackedBlockRDD<std::string> rdd(context, "us-east-1", stage.endpoint(),
                                               /*blockIds=*/{"block-1", "block-2"},
                                               /*arrayOfSeqNumberRanges=*/{rangesOf(0, 4), rangesOf(4, 6)},
                                               /*isBlockIdValid=*/{true, false});

  const std::vector<Partition> partitions = rdd.getPartitions();
  expectEqual(partitions.size(), 2u, "partitions");
  expectEqual(partitions[1].blockId, "block-2", "block id");
  expect(partitions[0].isBlockIdValid && !partitions[1].isBlockIdValid, "validity by block");
  expect(partitions[0].seqNumberRanges == rangesOf(0, 4), "ranges by block");
  expectSameLines(rdd.compute(partitions[1]), numbered(4, 6));
  expect(rdd.isValid(), "valid, since Kinesis still has the records");
  // Of Spark: as many ranges as blocks, all valid if nothing is said.
  expectError(Code::kUsage, [&] {
    KinesisBackedBlockRDD<std::string>(context, "us-east-1", stage.endpoint(), {"a", "b"}, {rangesOf(0, 1)});
  });
}

void theStoreIsAskedBeforeKinesis() {
  Stage stage;
  const auto placed = stage.put({"from Kinesis"});
  const SequenceNumberRanges ranges{Stage::rangeOf(placed)};
  Context context(stage.conf());
  const std::string_view text = "from the store";
  Record record;
  record.data = std::as_bytes(std::span(text));
  record.partitionKey = "key";
  record.sequenceNumber = placed[0].sequenceNumber;
  record.shardId = placed[0].shardId;
  expectOk(context.putBlock("stored", "orders", {record}));
  const auto rdd = [&](const std::string& blockId, bool valid) {
    return KinesisBackedBlockRDD<std::string>(context, "us-east-1", stage.endpoint(), {blockId}, {ranges},
                                              {valid});
  };

  stage.disconnect();
  expectEqual(rdd("stored", true).first(), "from the store", "a block that lies in the store");
  stage.reconnect();
  expectEqual(rdd("gone", true).first(), "from Kinesis", "a block that is not in the store");
  // Validity is of each block: one that is not valid is not even looked for.
  expectEqual(rdd("stored", false).first(), "from Kinesis", "a block that is not valid");
  // What was read again lies where the next action finds it.
  stage.disconnect();
  expectEqual(rdd("gone", true).first(), "from Kinesis", "a block that was read again");
  stage.reconnect();
  expectOk(context.putBlock("kept", "orders", {record}));
  // One RDD may have both; and when its blocks are gone, it is all in Kinesis.
  const KinesisBackedBlockRDD<std::string> both(context, "us-east-1", stage.endpoint(), {"kept", "other"},
                                                {ranges, ranges});
  expectSameLines(both.collect(), {"from Kinesis", "from the store"});
  for (const std::string block : {"kept", "other"}) expectOk(context.removeBlock(block));
  expect(both.isValid() && !*context.hasBlock("kept"), "valid without blocks");
  expectSameLines(both.collect(), {"from Kinesis", "from Kinesis"});
  // Spark prefers the machine that has a block. Here there is one, and its store is asked by the task itself.
}

void aCustomRddHasATimeLimit() {
  Stage stage;
  const auto placed = stage.put(numbered(0, 3));
  const SequenceNumberRanges ranges{Stage::rangeOf(placed)};
  const Context context(stage.conf());
  const auto rdd = [&](const std::string& endpoint, int retryTimeoutMs) {
    return KinesisBackedBlockRDD<std::string>(
        context, "us-east-1", endpoint, {"custom"}, {ranges},
        /*isBlockIdValid=*/{false}, retryTimeoutMs,
        [](const Record& record) { return std::string(record.text()); });
  };

  expectEqual(rdd(stage.endpoint(), 30'000).readConfigurations().retryTimeoutMs, 30'000, "retryTimeoutMs");
  expectSameLines(rdd(stage.endpoint(), 30'000).collect(), numbered(0, 3));
  // A call that hangs is ended, too. Spark looks at the time between calls alone.
  const SilentPort silent;
  const auto begin = std::chrono::steady_clock::now();
  expectError(Code::kTimeout, [&] { rdd(silent.url(), 300).collect(); });
  expect(std::chrono::steady_clock::now() - begin < std::chrono::seconds(15), "it ends within its time");
}

}  // namespace

std::vector<Row> rangeRows() {
  return {{2, "a range has four fields, and both its ends belong to it", aRangeHasFourFields},
          {3, "a batch tells its ranges, by which its records can be read again", aBatchTellsItsRanges},
          {4, "getPartitions, compute and isValid of an RDD of blocks", anRddOfBlocksHasItsPartitions},
          {5, "the store is asked first, then Kinesis; validity by block", theStoreIsAskedBeforeKinesis},
          {12, "a custom RDD with retryTimeoutMs", aCustomRddHasATimeLimit}};
}

}  // namespace tour
