#include "stream/opened_blocks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "rt/worker_pool.h"
#include "stream/block_store_options.h"

namespace tidemill::stream {
namespace {

// Input and number.
using Place = std::pair<std::size_t, std::uint64_t>;

// Levels of memory alone make no folders.
bool needsFolders(const Graph& graph) {
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [](const KinesisSource& source) {
    const StorageTraits traits = traitsOf(source.storageLevel);
    return traits.disk || traits.replicas > 1;
  });
}

// An earlier process may have used the folder, with other levels.
rt::Task<Result<bool>> isThere(const rt::Env& env, std::string directory) {
  auto work = [files = &env.files, directory = std::move(directory)] { return files->exists(directory); };
  co_return co_await rt::runOn(env.store, env.loop, std::move(work));
}

// Of a block's id, such as input-0-1764201600123.
std::optional<Place> placeOf(const std::string& id) {
  const auto parts = base::split(id, '-');
  if (parts.size() != 3) return std::nullopt;
  const auto input = base::parseInteger(parts[1]);
  const auto number = base::parseInteger(parts[2]);
  if (!input || !number || *input < 0 || *number < 0) return std::nullopt;
  return Place(static_cast<std::size_t>(*input), static_cast<std::uint64_t>(*number));
}

// Who reads the block's stream for its application now, for the program may have changed.
std::optional<std::size_t> inputOf(const block::BlockInfo& info, const Graph& graph) {
  const std::string stream = block::streamOf(info);
  const auto reads = [&](const KinesisSource& source) {
    return source.applicationName == info.owedTo && source.streamName == stream && source.readsFor > 0;
  };
  const auto found = std::find_if(graph.inputs.begin(), graph.inputs.end(), reads);
  if (found == graph.inputs.end()) return std::nullopt;
  return static_cast<std::size_t>(found - graph.inputs.begin());
}

// Lease checkpoints may have passed these blocks, so they stay where they are.
void tellKept(const rt::Env& env, const BlockInfoList& kept) {
  using Owner = std::pair<std::string, std::string>;               // Application and stream.
  std::map<Owner, std::pair<std::int64_t, std::int64_t>> byOwner;  // Blocks and records.
  for (const auto& info : kept) {
    auto& [blocks, records] = byOwner[Owner(info->owedTo, block::streamOf(*info))];
    ++blocks;
    records += info->recordCount();
  }
  for (const auto& [owner, counts] : byOwner) {
    env.log.error("stored_blocks_not_delivered",
                  {{"stream", owner.second},
                   {"application", owner.first},
                   {"blocks", counts.first},
                   {"records", counts.second},
                   {"reason",
                    "no input of the program reads this stream for this application; they stay stored until "
                    "one does"}});
  }
}

void takeLeft(const rt::Env& env, const Graph& graph, const BlockInfoList& found,
              const std::function<BlockFate(const std::string& id)>& fateOf, OpenedBlocks& opened) {
  std::multimap<Place, std::shared_ptr<const block::BlockInfo>> inOrder;
  BlockInfoList unread;
  for (const auto& info : found) {
    const Place place = placeOf(info->id).value_or(Place());
    opened.firstBlock = std::max(opened.firstBlock, place.second + 1);
    const BlockFate fate = fateOf == nullptr ? BlockFate::kUnknown : fateOf(info->id);
    if (fate == BlockFate::kNeeded) continue;
    if (fate == BlockFate::kDone || info->owedTo.empty() || info->slices.empty()) {
      opened.blocks->release(info->id);
    } else if (const auto input = inputOf(*info, graph)) {
      inOrder.emplace(Place(*input, place.second), info);
    } else {
      unread.push_back(info);
    }
  }
  for (const auto& [place, info] : inOrder) opened.left[place.first].push_back(info);
  tellKept(env, unread);
  if (found.empty()) return;
  env.log.info("blocks_left", {{"blocks", found.size()}, {"delivered_again", inOrder.size()}});
}

}  // namespace

rt::Task<Result<OpenedBlocks>> openBlocks(const rt::Env& env, const Conf& conf, const Graph& graph,
                                          std::function<BlockFate(const std::string& id)> fateOf,
                                          OpenFarStore openFar) {
  auto options = blockStoreOptionsOf(conf);
  if (!options) co_return fail(options.error());
  auto made = makeBlockStore(env, *options, openFar);
  if (!made) co_return fail(made.error());
  std::unique_ptr<block::TieredBlockStore> store = std::move(*made);
  block::TieredBlockStore& tiered = *store;
  OpenedBlocks opened;
  opened.store = &tiered;
  opened.blocks = std::make_unique<StoredBlocks>(std::move(store));
  opened.left.resize(graph.inputs.size());
  bool open = needsFolders(graph);
  if (!open) {
    const auto there = co_await isThere(env, options->directory);
    if (!there) co_return fail(there.error());
    open = *there;
  }
  if (open) {
    auto found = co_await tiered.open();
    if (!found) co_return fail(found.error());
    takeLeft(env, graph, *found, fateOf, opened);
  }
  co_return std::move(opened);
}

}  // namespace tidemill::stream
