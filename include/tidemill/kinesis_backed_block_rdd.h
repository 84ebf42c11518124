// tidemill/kinesis_backed_block_rdd.h: an RDD of blocks that are read again from Kinesis where they are gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/block_rdd.h"
#include "tidemill/credentials.h"
#include "tidemill/sequence_number_range.h"
#include "tidemill/storage_level.h"
#include "tidemill/time.h"

namespace tidemill {

// How lost blocks are read again. The first three are Spark's.
struct KinesisReadConfigurations {
  // Tries of one call, the first included. Range: at least 1. Larger rides out longer throttling.
  int maxRetries = 3;
  // Ceiling of the first wait between tries; it doubles with each. Range: at least 1.
  std::int64_t retryWaitTimeMs = 100;
  // Of one call with all its tries. Each has its share of it, so that one that hangs is ended and made again.
  // Range: at least 1.
  std::int64_t retryTimeoutMs = 10'000;
  // Of one partition, whatever its calls do. With it, partitions are read one after the other.
  std::optional<Duration> partitionDeadline = std::nullopt;
  // Whether what was read goes into the block store, so that the next action finds it there. False reads
  // Kinesis again for each action, as Spark does, and holds all that was read in memory.
  bool keepRebuilt = true;
  StorageLevel storageLevel = StorageLevel::MEMORY_AND_DISK;
  // False: where records are gone for good, what is left is taken, and event=data_loss tells of the rest.
  bool failOnDataLoss = true;
};

namespace detail {

struct KinesisBlocksSource {
  std::string regionName;
  std::string endpointUrl;
  std::vector<std::string> blockIds;
  std::vector<SequenceNumberRanges> ranges;
  std::vector<bool> isBlockIdValid;
  KinesisReadConfigurations read;
  std::optional<AwsCredentials> credentials;
};

std::shared_ptr<BlockSet> kinesisBackedBlocks(ContextGate gate,
                                              std::shared_ptr<const KinesisBlocksSource> source);

// What the RDDs of one stream have in common: on which context they can be computed without their batch, and
// where their blocks are read again.
struct KinesisBacking {
  ContextGate gate;
  // Without blocks.
  KinesisBlocksSource source;
};

// A step whose partitions are blocks of a Kinesis stream.
template <class T>
class KinesisNode : public RddNode<T> {
 public:
  using RddNode<T>::RddNode;
  virtual const KinesisBacking& backing() const = 0;
  // Null for the payload.
  virtual MessageHandler<T> handler() const = 0;
};

// With Spark's defaults otherwise.
inline KinesisReadConfigurations readWithin(int retryTimeoutMs) {
  KinesisReadConfigurations read;
  read.retryTimeoutMs = retryTimeoutMs;
  return read;
}

}  // namespace detail

// Partition i is block i: taken from the block store if it is marked valid and lies there, else read from
// Kinesis by its ranges, and then put into the store. A block that is marked invalid is read from Kinesis
// without asking the store. Missing blocks are made present before the tasks of an action, many at a time:
// adjacent ranges of a shard together, shards side by side, at the pace that each shard has.
//
//   KinesisBackedBlockRDD<std::string> rdd(
//       context, "eu-west-1", "", {"yesterday-1"},
//       {SequenceNumberRanges{{"orders", "shardId-000000000000", "4951…", "4977…"}}}, {}, 30'000);
//   for (const std::string& line : rdd.collect()) …
//
// The constructor throws Error(kUsage) if numbers of blocks, ranges and flags differ, kInvalidConfig for a
// time or a number of tries below 1. Actions throw Error: kDataLoss, with stream, shard and numbers of the
// range; kUsage: a range makes no sense; kInvalidConfig, kNoCredentials, and what AWS answers; those of
// BlockRDD. Copies share the blocks; one action at a time. (Spark: KinesisBackedBlockRDD)
template <class T>
class KinesisBackedBlockRDD : public BlockRDD<T> {
 public:
  // `regionName`, `endpointUrl`: empty as in KinesisUtils::createStream. `isBlockIdValid`: empty if all are.
  // `messageHandler`: f(const Record&) -> T; without one T is std::string or std::vector<std::byte>.
  // `awsCredentials`: none for those of the environment.
  KinesisBackedBlockRDD(const Context& context, std::string regionName, std::string endpointUrl,
                        std::vector<std::string> blockIds,
                        std::vector<SequenceNumberRanges> arrayOfSeqNumberRanges,
                        std::vector<bool> isBlockIdValid = {}, int retryTimeoutMs = 10'000,
                        MessageHandler<T> messageHandler = detail::defaultHandler<T>(),
                        std::optional<AwsCredentials> awsCredentials = std::nullopt)
      : KinesisBackedBlockRDD(context, std::move(regionName), std::move(endpointUrl), std::move(blockIds),
                              std::move(arrayOfSeqNumberRanges), std::move(isBlockIdValid),
                              detail::readWithin(retryTimeoutMs), std::move(messageHandler),
                              std::move(awsCredentials)) {}

  KinesisBackedBlockRDD(const Context& context, std::string regionName, std::string endpointUrl,
                        std::vector<std::string> blockIds,
                        std::vector<SequenceNumberRanges> arrayOfSeqNumberRanges,
                        std::vector<bool> isBlockIdValid, KinesisReadConfigurations readConfigurations,
                        MessageHandler<T> messageHandler = detail::defaultHandler<T>(),
                        std::optional<AwsCredentials> awsCredentials = std::nullopt)
      : KinesisBackedBlockRDD(
            detail::ContextAccess::gate(context),
            detail::KinesisBlocksSource{std::move(regionName), std::move(endpointUrl), std::move(blockIds),
                                        std::move(arrayOfSeqNumberRanges), std::move(isBlockIdValid),
                                        std::move(readConfigurations), std::move(awsCredentials)},
            std::move(messageHandler)) {}

  // The RDD that a stream of KinesisUtils gives to its output operations, as one that can be kept: on the
  // same blocks, in the same order, with the stream's messageHandler. During the batch it finds them where
  // the stream keeps them, and later in Kinesis, until the StreamingContext's Context is stopped. The
  // stream's HandlerPolicy is not asked: a handler that throws fails the action. None: `rdd` is not the
  // stream's own, but made of it by map() and the like.
  //
  //   lines.foreachRDD([&](const RDD<std::string>& rdd) {
  //     if (!rdd.isEmpty()) batches.push_back(*KinesisBackedBlockRDD<std::string>::of(rdd));
  //   });
  static std::optional<KinesisBackedBlockRDD<T>> of(const RDD<T>& rdd) {
    const auto* node = dynamic_cast<const detail::KinesisNode<T>*>(&detail::RddAccess::node(rdd));
    if (node == nullptr) return std::nullopt;
    detail::KinesisBlocksSource source = node->backing().source;
    for (std::size_t i = 0; i < node->partitions(); ++i) {
      Partition block = node->partition(i);
      source.blockIds.push_back(std::move(block.blockId));
      source.ranges.push_back(std::move(block.seqNumberRanges));
      source.isBlockIdValid.push_back(block.isBlockIdValid);
    }
    return KinesisBackedBlockRDD<T>(node->backing().gate, std::move(source), node->handler());
  }

  // As they were given. Of a stream: its own, with the retry settings of the configuration, and the batch
  // interval for retryTimeoutMs.
  const std::string& regionName() const { return source_->regionName; }
  const std::string& endpointUrl() const { return source_->endpointUrl; }
  const KinesisReadConfigurations& readConfigurations() const { return source_->read; }
  // False: those of the environment are used.
  bool hasCredentials() const { return source_->credentials.has_value(); }

 private:
  KinesisBackedBlockRDD(detail::ContextGate gate, detail::KinesisBlocksSource source,
                        MessageHandler<T> messageHandler)
      : KinesisBackedBlockRDD(std::move(gate),
                              std::make_shared<const detail::KinesisBlocksSource>(std::move(source)),
                              std::move(messageHandler)) {}
  KinesisBackedBlockRDD(detail::ContextGate gate, std::shared_ptr<const detail::KinesisBlocksSource> source,
                        MessageHandler<T> messageHandler)
      : BlockRDD<T>(detail::kinesisBackedBlocks(std::move(gate), source), std::move(messageHandler)),
        source_(std::move(source)) {}

  std::shared_ptr<const detail::KinesisBlocksSource> source_;
};

}  // namespace tidemill
