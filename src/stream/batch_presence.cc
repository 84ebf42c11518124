#include "stream/batch_presence.h"

#include <utility>

namespace tidemill::stream {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

using Shrunk = std::map<std::string, std::shared_ptr<const block::BlockInfo>>;

// The batch with what is left of blocks some of whose records are gone.
std::shared_ptr<const Batch> withShrunk(const std::shared_ptr<const Batch>& batch, const Shrunk& shrunk) {
  if (shrunk.empty()) return batch;
  auto left = std::make_shared<Batch>(*batch);
  for (BlockInfoList& blocks : left->inputs) {
    for (auto& info : blocks) {
      const auto found = shrunk.find(info->id);
      if (found != shrunk.end()) info = found->second;
    }
  }
  return left;
}

}  // namespace

BatchPresence::BatchPresence(const rt::Env& env, StoredBlocks& blocks, PresenceOptions options,
                             std::vector<StreamingListener*> listeners)
    : env_(env),
      blocks_(blocks),
      options_(options),
      listeners_(std::move(listeners)),
      owed_(env.random.below(kMillion)) {}

rt::Task<Result<PresentBatch>> BatchPresence::make(std::shared_ptr<const Batch> batch,
                                                   std::vector<BlockRecovery*> inputs) {
  PresentBatch present;
  Shrunk shrunk;
  for (std::size_t input = 0; input < batch->inputs.size(); ++input) {
    BlockInfoList absent = findStored(batch->inputs[input], present);
    const BlockInfoList lost = co_await fetch(std::move(absent), *inputs[input], present);
    std::vector<BlockInfoList> portions = consume::RangeReader::portionsOf(lost, options_.portionBytes);
    for (BlockInfoList& portion : portions) {
      auto done = co_await recover(std::move(portion), *inputs[input], present, shrunk);
      if (!done) co_return fail(done.error());
    }
  }
  present.batch = withShrunk(batch, shrunk);
  present.unstored = unstored_;
  co_return std::move(present);
}

BlockInfoList BatchPresence::findStored(const BlockInfoList& blocks, PresentBatch& present) {
  BlockInfoList absent;
  for (const auto& info : blocks) {
    if (info->recordCount() == 0) continue;
    const bool loses = losesNow();
    auto source = blocks_.find(info->id);
    if (loses && source != nullptr) {  // What lies elsewhere alone is not lost here.
      blocks_.lose(info->id);
      source = nullptr;
    }
    if (source == nullptr) {
      absent.push_back(info);
    } else {
      present.sources.insert_or_assign(info->id, std::move(source));
    }
  }
  return absent;
}

// It is held for the batch: the place has it still.
rt::Task<BlockInfoList> BatchPresence::fetch(BlockInfoList absent, BlockRecovery& input,
                                             PresentBatch& present) {
  BlockInfoList lost;
  for (const auto& info : absent) {
    std::string id = info->id;
    auto block = co_await blocks_.store().fetch(std::move(id));
    if (!block) {
      noteLost(*info, input, block.error());
      lost.push_back(info);
      continue;
    }
    unreadable_.erase(info->id);
    toldLost_.erase(info->id);
    unstored_.insert(info->id);
    blocks_.hold(std::move(*block));
    present.sources.insert_or_assign(info->id, blocks_.find(info->id));
    env_.log.info("block_fetched", {{"stream", input.streamName()},
                                    {"block", info->id},
                                    {"records", info->recordCount()},
                                    {"bytes", info->payloadBytes()}});
  }
  co_return std::move(lost);
}

// Asked for every block, found or not, so that a run does not depend on what was lost before. Evenly spread
// from a drawn beginning: also a short run loses its part.
bool BatchPresence::losesNow() {
  const bool fault = env_.faults.fires("block-lost");
  owed_ += options_.losePerMillion;
  const bool due = owed_ >= kMillion;
  if (due) owed_ -= kMillion;
  return fault || due;
}

rt::Task<Result<void>> BatchPresence::recover(BlockInfoList lost, BlockRecovery& input, PresentBatch& present,
                                              Shrunk& shrunk) {
  const rt::TimePoint begin = env_.loop.now();
  auto rebuilt = co_await input.rebuild(lost);
  if (!rebuilt) co_return fail(rebuilt.error());
  const rt::Duration took = env_.loop.now() - begin;
  for (const consume::RebuiltBlock& one : *rebuilt) {
    const std::shared_ptr<const block::BlockInfo> info = one.block->info();
    if (!one.losses.empty()) shrunk.insert_or_assign(info->id, info);
    if (one.block->recordCount() > 0) {
      co_await takeBack(one.block, input.storageLevel());
      present.sources.insert_or_assign(info->id, blocks_.find(info->id));
    }
    noteRebuilt(*info, input, took);
  }
  co_return Result<void>();
}

// Into the store if it takes it, else into memory until the batch has succeeded.
rt::Task<void> BatchPresence::takeBack(std::shared_ptr<const block::Block> block, StorageLevel level) {
  if (options_.keepRebuilt && level != StorageLevel::NONE) {
    auto placed = co_await blocks_.store().put(block, level);
    if (!placed) {
      env_.log.warning("block_not_kept", {{"block", block->id()}, {"reason", placed.error().message()}});
    }
  }
  if (blocks_.find(block->id()) != nullptr) {
    unstored_.erase(block->id());
    co_return;
  }
  unstored_.insert(block->id());
  blocks_.hold(std::move(block));
}

void BatchPresence::unreadable(const std::string& id) {
  unreadable_.insert(id);
  blocks_.lose(id);
}

void BatchPresence::forget(const std::string& id) {
  unreadable_.erase(id);
  toldLost_.erase(id);
  unstored_.erase(id);
}

void BatchPresence::noteLost(const block::BlockInfo& info, const BlockRecovery& input, const Error& error) {
  const bool outage = error.code() != Code::kNotFound && error.code() != Code::kDamagedBlock;
  const auto [told, isNew] = toldLost_.try_emplace(info.id, outage);
  if (!isNew && (outage || !told->second)) return;
  told->second = outage;
  std::string reason = "no copy of it is left";
  if (input.storageLevel() == StorageLevel::NONE) reason = "the storage level keeps no blocks";
  if (unreadable_.contains(info.id) || error.code() == Code::kDamagedBlock)
    reason = "no copy of it can be read";
  if (outage) reason = "its copy cannot be got now: " + error.message();
  env_.log.warning("block_lost", {{"stream", input.streamName()},
                                  {"block", info.id},
                                  {"ranges", info.slices.size()},
                                  {"records", info.recordCount()},
                                  {"reason", reason}});
  if (!isNew) return;
  ++lost_;
  for (StreamingListener* listener : listeners_) listener->onBlockLost(info.id, info.ranges(), reason);
}

void BatchPresence::noteRebuilt(const block::BlockInfo& info, const BlockRecovery& input, rt::Duration took) {
  unreadable_.erase(info.id);
  toldLost_.erase(info.id);
  ++rebuilt_;
  env_.log.info("block_recovered",
                {{"stream", input.streamName()},
                 {"block", info.id},
                 {"records", info.recordCount()},
                 {"bytes", info.payloadBytes()},
                 {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  for (StreamingListener* listener : listeners_) listener->onBlockRecovered(info.id, info.ranges());
}

}  // namespace tidemill::stream
