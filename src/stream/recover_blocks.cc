#include "stream/recover_blocks.h"

#include <algorithm>
#include <utility>

#include "block/memory_block_store.h"
#include "kinesis/kinesis_client.h"
#include "rt/on_lane.h"
#include "stream/kinesis_options.h"

namespace tidemill::stream {
namespace {

using BlockInfos = std::vector<std::shared_ptr<const block::BlockInfo>>;
using RebuiltBlocks = std::vector<consume::RebuiltBlock>;

// What is rebuilt before it goes into the store.
constexpr std::int64_t kPortionBytes = 32 << 20;

// What the fetch lane needs of a recovery, and owns.
struct Reading {
  rt::Loop& loop;
  http::HttpTransport& http;
  base::LogSink& log;
  rt::Faults& faults;
  std::shared_ptr<consume::ShardPaces> paces;
  base::Random random;
  kinesis::KinesisClientOptions client;
  consume::RangeReadOptions options;
  BlockInfos blocks;
};

rt::Task<Result<RebuiltBlocks>> readOnFetchLane(std::unique_ptr<Reading> reading) {
  kinesis::KinesisClient client(reading->loop, reading->http, reading->random, reading->log, reading->client);
  const consume::RangeReadContext context{reading->loop,   client,       reading->paces,
                                          reading->random, reading->log, reading->faults};
  consume::RangeReader reader(context, reading->options);
  BlockInfos blocks = std::move(reading->blocks);
  auto rebuilt = co_await reader.rebuild(std::move(blocks));
  co_return std::move(rebuilt);
}

// With what is known now: whoever asked may have known no more than the ends.
std::shared_ptr<const block::Block> fullyKnown(const std::shared_ptr<const block::Block>& block) {
  const auto& slices = block->info()->slices;
  const bool known = std::all_of(slices.begin(), slices.end(), [](const block::SliceInfo& slice) {
    return slice.payloadBytes > 0 && slice.range.contentHash.has_value();
  });
  if (known) return block;
  return std::make_shared<const block::Block>(block->id(), block->slices(), block->ends());
}

// Puts the block into the store in place of what is there under its id.
rt::Task<std::shared_ptr<const block::BlockSource>> keep(ContextWorld& world,
                                                         std::shared_ptr<const block::Block> block,
                                                         StorageLevel level) {
  block::BlockStore& store = world.blocks();
  const std::string id = block->id();
  store.markLost(id);
  auto put = co_await store.put(block, level);
  if (!put) {
    world.seams().env.log.warning("rebuilt_block_not_kept",
                                  {{"block", id}, {"reason", put.error().message()}});
  }
  auto source = put ? store.find(id) : nullptr;
  if (source == nullptr) source = std::make_shared<block::HeldBlock>(std::move(block));
  co_return std::move(source);
}

}  // namespace

rt::Task<Result<std::vector<std::shared_ptr<const block::BlockSource>>>> recoverBlocks(ContextWorld& world,
                                                                                       RecoverOptions options,
                                                                                       BlockInfos lost) {
  const KinesisPlace place{options.endpointUrl, options.regionName, options.credentials};
  auto client = kinesisClientOptionsOf(world.conf(), place, world.seams().environment);
  if (!client) co_return fail(client.error());
  const rt::Env& env = world.seams().env;
  options.read.kpl = kplRulesOf(world.conf());
  std::vector<std::shared_ptr<const block::BlockSource>> sources;
  // A deadline is that of one block, so each is a portion of its own then.
  const std::int64_t portionBytes = options.read.deadline ? 1 : kPortionBytes;
  auto portions = consume::RangeReader::portionsOf(lost, portionBytes);
  for (BlockInfos& portion : portions) {
    auto reading =
        std::make_unique<Reading>(Reading{env.fetchLoop, env.fetchHttp, env.log, env.faults, world.paces(),
                                          env.random.fork(), *client, options.read, std::move(portion)});
    base::UniqueFunction<rt::Task<Result<RebuiltBlocks>>()> make = [reading = std::move(reading)]() mutable {
      return readOnFetchLane(std::move(reading));
    };
    auto rebuilt = co_await rt::onLane<Result<RebuiltBlocks>>(env.fetchLoop, env.loop, std::move(make));
    if (!rebuilt) co_return fail(rebuilt.error());
    for (const consume::RebuiltBlock& one : *rebuilt) {
      auto block = fullyKnown(one.block);
      if (!options.keepRebuilt || block->recordCount() == 0) {
        sources.push_back(std::make_shared<block::HeldBlock>(std::move(block)));
        continue;
      }
      auto source = co_await keep(world, std::move(block), options.level);
      sources.push_back(std::move(source));
    }
  }
  co_return std::move(sources);
}

}  // namespace tidemill::stream
