#include "tidemill/kinesis_backed_block_rdd.h"

#include <fmt/format.h>

#include <utility>

#include "stream/context_blocks.h"
#include "stream/kinesis_options.h"
#include "stream/recover_blocks.h"

namespace tidemill {
namespace stream {
namespace {

using detail::KinesisBlocksSource;

RecoverOptions recoverOptions(const KinesisBlocksSource& source) {
  RecoverOptions options;
  options.regionName = source.regionName;
  options.endpointUrl = source.endpointUrl;
  options.credentials = source.credentials;
  options.read = rangeReadOptionsOf(source.read);
  options.keepRebuilt = source.read.keepRebuilt;
  options.level = source.read.storageLevel;
  return options;
}

class KinesisBackedBlocks final : public ContextBlocks {
 public:
  KinesisBackedBlocks(detail::ContextGate gate, std::shared_ptr<const KinesisBlocksSource> source)
      : ContextBlocks(std::move(gate), source->blockIds),
        source_(std::move(source)),
        options_(recoverOptions(*source_)),
        rebuilt_(source_->ranges.size(), false) {}

  Partition partition(std::size_t index) const override {
    return {.index = index,
            .blockId = idOf(index),
            .isBlockIdValid = isValid(index),
            .seqNumberRanges = source_->ranges[index]};
  }
  // Its blocks may go, its ranges stay.
  bool isValid() const override { return true; }

 protected:
  std::shared_ptr<const block::BlockSource> findStored(const ContextWorld& world,
                                                       std::size_t index) const override {
    auto rebuilt = rebuilt_[index] ? world.blocks().find(idOf(index)) : nullptr;
    if (rebuilt != nullptr || !isValid(index)) return rebuilt;
    return ContextBlocks::findStored(world, index);
  }

  Result<Sources> findElsewhere(ContextWorld& world, const std::vector<std::size_t>& missing,
                                const std::optional<Error>& /*damage*/) override {
    std::vector<std::shared_ptr<const block::BlockInfo>> lost;
    for (const std::size_t index : missing) {
      auto info = std::make_shared<block::BlockInfo>();
      info->id = idOf(index);
      for (const SequenceNumberRange& range : source_->ranges[index]) info->slices.push_back({range, 0, 0});
      lost.push_back(std::move(info));
    }
    auto sources = world.await(recoverBlocks(world, options_, std::move(lost)));
    if (!sources) return sources;
    // From now on the store has what Kinesis has, whatever was under that id before.
    for (const std::size_t index : missing) rebuilt_[index] = options_.keepRebuilt;
    return sources;
  }

 private:
  bool isValid(std::size_t index) const {
    return source_->isBlockIdValid.empty() || source_->isBlockIdValid[index];
  }

  const std::shared_ptr<const KinesisBlocksSource> source_;
  const RecoverOptions options_;
  std::vector<bool> rebuilt_;
};

void check(const KinesisBlocksSource& source) {
  const std::size_t blocks = source.blockIds.size();
  if (source.ranges.size() != blocks) {
    throw Error(Code::kUsage,
                fmt::format("{} block ids, but {} lists of ranges", blocks, source.ranges.size()),
                "give one SequenceNumberRanges for each block, an empty one for a block without records");
  }
  if (!source.isBlockIdValid.empty() && source.isBlockIdValid.size() != blocks) {
    throw Error(Code::kUsage,
                fmt::format("{} block ids, but {} flags of validity", blocks, source.isBlockIdValid.size()),
                "give one flag for each block, or none at all if every block is valid");
  }
  const auto atLeastOne = [](const char* name, std::int64_t value) {
    if (value >= 1) return;
    throw Error(Code::kInvalidConfig, fmt::format("{} is {}", name, value), "give at least 1");
  };
  atLeastOne("maxRetries", source.read.maxRetries);
  atLeastOne("retryWaitTimeMs", source.read.retryWaitTimeMs);
  atLeastOne("retryTimeoutMs", source.read.retryTimeoutMs);
  if (source.read.partitionDeadline) {
    atLeastOne("partitionDeadline in milliseconds", source.read.partitionDeadline->count());
  }
}

}  // namespace
}  // namespace stream

namespace detail {

std::shared_ptr<BlockSet> kinesisBackedBlocks(ContextGate gate,
                                              std::shared_ptr<const KinesisBlocksSource> source) {
  stream::check(*source);
  return std::make_shared<stream::KinesisBackedBlocks>(std::move(gate), std::move(source));
}

}  // namespace detail
}  // namespace tidemill
