#include "stream/opened_blocks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/text.h"
#include "block/storage_health.h"
#include "stream/block_store_options.h"
#include "stream/checkpoint_after.h"

namespace tidemill::stream {
namespace {

using Place = std::pair<std::size_t, std::int64_t>;

// Levels of memory alone make no folders.
bool needsFolders(const Graph& graph) {
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [](const KinesisSource& source) {
    const StorageTraits traits = traitsOf(source.storageLevel);
    return traits.disk || traits.replicas > 1;
  });
}

// Input and number of a block's id, such as input-0-1764201600123.
std::optional<Place> placeOf(const std::string& id) {
  const auto parts = base::split(id, '-');
  if (parts.size() != 3 || parts[0] != "input") return std::nullopt;
  const auto input = base::parseInteger(parts[1]);
  const auto number = base::parseInteger(parts[2]);
  if (!input || !number || *input < 0) return std::nullopt;
  return Place(static_cast<std::size_t>(*input), *number);
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
void tellUnread(const rt::Env& env, const std::vector<std::shared_ptr<const block::BlockInfo>>& unread) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> byStream;  // Blocks and records.
  for (const auto& info : unread) {
    auto& [blocks, records] = byStream[block::streamOf(*info)];
    ++blocks;
    records += info->recordCount();
  }
  for (const auto& [stream, counts] : byStream) {
    env.log.error("stored_blocks_not_delivered",
                  {{"stream", stream},
                   {"blocks", counts.first},
                   {"records", counts.second},
                   {"reason", "the program has no input for them, or several of this stream"}});
  }
}

void takeLeft(const rt::Env& env, const Conf& conf, const Graph& graph,
              const std::vector<std::shared_ptr<const block::BlockInfo>>& found, OpenedBlocks& opened) {
  const bool stored = checkpointAfter(conf) == CheckpointAfter::kStored;
  std::multimap<Place, std::shared_ptr<const block::BlockInfo>> inOrder;
  std::vector<std::shared_ptr<const block::BlockInfo>> unread;
  for (const auto& info : found) {
    const auto place = placeOf(info->id);
    if (place && place->second >= 0)
      opened.firstBlock = std::max(opened.firstBlock, static_cast<std::uint64_t>(place->second) + 1);
    if (!stored || !place || info->slices.empty()) {
      opened.blocks->release(info->id);
    } else if (const auto input = inputOf(*info, place->first, graph)) {
      inOrder.emplace(Place(*input, place->second), info);
    } else {
      unread.push_back(info);
    }
  }
  for (const auto& [place, info] : inOrder) opened.left.emplace_back(place.first, info);
  tellUnread(env, unread);
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
