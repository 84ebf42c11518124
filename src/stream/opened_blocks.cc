#include "stream/opened_blocks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/text.h"
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

void takeLeft(const rt::Env& env, const Conf& conf, const Graph& graph,
              const std::vector<std::shared_ptr<const block::BlockInfo>>& found, OpenedBlocks& opened) {
  const bool stored = checkpointAfter(conf) == CheckpointAfter::kStored;
  std::map<Place, std::shared_ptr<const block::BlockInfo>> inOrder;
  for (const auto& info : found) {
    const auto place = placeOf(info->id);
    if (place && place->second >= 0)
      opened.firstBlock = std::max(opened.firstBlock, static_cast<std::uint64_t>(place->second) + 1);
    if (stored && place && place->first < graph.inputs.size()) {
      inOrder.emplace(*place, info);
    } else {
      opened.blocks->release(info->id);
    }
  }
  for (const auto& [place, info] : inOrder) opened.left.emplace_back(place.first, info);
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
