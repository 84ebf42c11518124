#include "stream/opened_blocks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "block/storage_health.h"
#include "stream/block_ids.h"
#include "stream/block_store_options.h"
#include "stream/checkpoint_after.h"

namespace tidemill::stream {
namespace {

using BlockInfos = std::vector<std::shared_ptr<const block::BlockInfo>>;

// Levels of memory alone make no folders.
bool needsFolders(const Graph& graph) {
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [](const KinesisSource& source) {
    const StorageTraits traits = traitsOf(source.storageLevel);
    return traits.disk || traits.replicas > 1;
  });
}

// Who reads the stream of the block now: the input that it was sealed for, or the only one of that stream,
// for the program may have changed. Nothing: nobody, or one cannot tell.
std::optional<std::size_t> inputOf(const block::BlockInfo& info, std::size_t sealedFor, const Graph& graph) {
  const std::string stream = block::streamOf(info);
  std::vector<std::size_t> readers;
  for (std::size_t input = 0; input < graph.inputs.size(); ++input) {
    if (graph.inputs[input].streamName != stream) continue;
    if (input == sealedFor) return input;
    readers.push_back(input);
  }
  return readers.size() == 1 ? std::optional(readers.front()) : std::nullopt;
}

// Lease checkpoints have passed these blocks, so they stay where they are.
void tellKept(const rt::Env& env, const BlockInfos& kept, std::string_view reason) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> byStream;  // Blocks and records.
  for (const auto& info : kept) {
    auto& [blocks, records] = byStream[block::streamOf(*info)];
    ++blocks;
    records += info->recordCount();
  }
  for (const auto& [stream, counts] : byStream) {
    env.log.error(
        "stored_blocks_not_delivered",
        {{"stream", stream}, {"blocks", counts.first}, {"records", counts.second}, {"reason", reason}});
  }
}

void takeLeft(const rt::Env& env, const Conf& conf, const Graph& graph, const BlockInfos& found,
              OpenedBlocks& opened) {
  const bool stored = checkpointAfter(conf) == CheckpointAfter::kStored;
  std::multimap<std::pair<std::size_t, std::uint64_t>, std::shared_ptr<const block::BlockInfo>> inOrder;
  BlockInfos ofOtherSetting;
  BlockInfos unread;
  for (const auto& info : found) {
    const auto id = parseBlockId(info->id);
    if (id) opened.firstBlock = std::max(opened.firstBlock, id->number + 1);
    if (!id || !id->afterStored || info->slices.empty()) {
      opened.blocks->release(info->id);
    } else if (!stored) {
      ofOtherSetting.push_back(info);
    } else if (const auto input = inputOf(*info, id->input, graph)) {
      inOrder.emplace(std::pair(*input, id->number), info);
    } else {
      unread.push_back(info);
    }
  }
  for (const auto& [place, info] : inOrder) opened.left.emplace_back(place.first, info);
  tellKept(env, ofOtherSetting,
           "they are delivered with kinesis.checkpoint.after=stored, as they were stored");
  tellKept(env, unread, "the program has no input for them, or several of this stream");
  if (found.empty()) return;
  env.log.info("blocks_left", {{"blocks", found.size()}, {"delivered_again", opened.left.size()}});
}

}  // namespace

rt::Task<Result<OpenedBlocks>> openBlocks(const rt::Env& env, const Conf& conf, const Graph& graph) {
  auto options = blockStoreOptionsOf(conf);
  if (!options) co_return fail(options.error());
  auto store = makeBlockStore(env, *options);
  block::TieredBlockStore& tiered = *store;
  OpenedBlocks opened;
  opened.store = &tiered;
  opened.blocks = std::make_unique<StoredBlocks>(std::move(store));
  if (needsFolders(graph)) {
    auto found = co_await tiered.open();
    if (!found) co_return fail(found.error());
    takeLeft(env, conf, graph, *found, opened);
  }
  co_return std::move(opened);
}

}  // namespace tidemill::stream
