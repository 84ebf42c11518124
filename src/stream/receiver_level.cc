#include "stream/receiver_level.h"

#include <fmt/format.h>

#include <string>

#include "stream/block_store_options.h"
#include "stream/checkpoint_after.h"

namespace tidemill::stream {
namespace {

bool followsStore(const Conf& conf) {
  return checkpointAfter(conf) == CheckpointAfter::kStored;
}

// Where lease checkpoints follow the store, a block in memory is not stored yet: levels that have a disk use
// it at once.
StorageLevel durableLevel(StorageLevel level) {
  const StorageTraits traits = traitsOf(level);
  if (!traits.disk || !traits.memory) return level;
  return traits.replicas > 1 ? StorageLevel::DISK_ONLY_2 : StorageLevel::DISK_ONLY;
}

// The store would refuse each block, and try it again.
Result<void> checkReplicas(const Conf& conf, const KinesisSource& source) {
  auto options = blockStoreOptionsOf(conf);
  if (!options) return fail(options.error());
  const int wanted = traitsOf(source.storageLevel).replicas - 1;
  const auto named = static_cast<int>(options->replicas.size());
  if (options->store.replication != block::Replication::kRequire || named >= wanted) return {};
  return fail(Code::kInvalidConfig,
              fmt::format("stream {}: the storage level {} with tidemill.block.replication=require needs {} "
                          "of tidemill.block.replicas, which names {}",
                          source.streamName, storageLevelName(source.storageLevel), wanted, named),
              "set tidemill.block.replicas to folders on other disks, such as dir:/mnt/b, choose a level "
              "with fewer copies, or set tidemill.block.replication=warn");
}

}  // namespace

StorageLevel receiverLevel(const Conf& conf, StorageLevel asked) {
  if (conf.getBoolean("spark.streaming.receiver.writeAheadLog.enable")) return StorageLevel::DISK_ONLY;
  return followsStore(conf) ? durableLevel(asked) : asked;
}

Result<void> checkReceiverLevel(const Conf& conf, const KinesisSource& source, base::LogSink& log) {
  auto replicas = checkReplicas(conf, source);
  if (!replicas) return fail(replicas.error());
  if (!followsStore(conf) || traitsOf(source.storageLevel).disk) return {};
  const std::string level = storageLevelName(source.storageLevel);
  if (source.storageLevel == StorageLevel::NONE) {
    return fail(Code::kInvalidConfig,
                fmt::format("stream {}: kinesis.checkpoint.after=stored with the storage level {}, which "
                            "stores nothing",
                            source.streamName, level),
                "choose a level with disk, or checkpoint after processed");
  }
  log.warning("stored_blocks_not_durable",
              {{"stream", source.streamName},
               {"level", level},
               {"reason",
                "lease checkpoints follow the store, which is memory alone: what is not processed "
                "when this process ends is lost"}});
  return {};
}

}  // namespace tidemill::stream
