#include "stored_blocks.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "rt/semaphore.h"
#include "rt/task_group.h"
#include "stream/block_store_options.h"
#include "usage.h"

namespace tidemill::bench {
namespace {

rt::Task<void> putOne(block::TieredBlockStore& store, std::shared_ptr<const block::Block> block,
                      StorageLevel level, rt::Semaphore& free) {
  auto placed = co_await store.put(std::move(block), level);
  TIDEMILL_CHECK(placed && placed->reaches(level), "a block lies where its level wants it");
  free.release(1);
}

rt::Task<void> putAll(const rt::Env& env, block::TieredBlockStore& store, const StoreCase& what,
                      const MadeBlocks& made) {
  rt::Semaphore free(env.loop, what.underWay);
  rt::TaskGroup puts(env.loop);
  for (const auto& block : made.blocks) {
    co_await free.acquire(1);
    puts.spawn(putOne(store, block, what.level, free));
  }
  co_await puts.join(rt::Duration::max());
}

}  // namespace

Stored storeBlocks(http::ProductionEnv& production, const std::string& folder, const StoreCase& what,
                   const MadeBlocks& made) {
  const rt::Env& env = production.env();
  stream::BlockStoreOptions options;
  options.store.memoryBytes =
      static_cast<std::int64_t>(what.memoryPart * static_cast<double>(made.payload.size()));
  options.store.encoding = what.encoding;
  options.directory = folder + "/store";
  if (traitsOf(what.level).replicas > 1) options.replicas.push_back({"dir:replica", folder + "/replica"});
  std::unique_ptr<block::TieredBlockStore> store;
  production.onControlLane([&] {
    auto opened = stream::makeBlockStore(env, options, nullptr);
    TIDEMILL_CHECK(opened.has_value(), "folders need no store behind a network");
    store = std::move(*opened);
  });
  TIDEMILL_CHECK(production.block(store->open()), "the folders can be opened");

  Stored stored;
  const double cpuBefore = cpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  production.block(putAll(env, *store, what, made));
  stored.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  stored.cpuSeconds = cpuSeconds() - cpuBefore;

  production.onControlLane([&] {
    const block::StoreTotals totals = store->totals();
    stored.payloadBytes = totals.diskBlocks * static_cast<std::int64_t>(made.blockBytes);
    stored.fileBytes = totals.diskBytes + totals.replicaBytes;
    store.reset();
  });
  return stored;
}

}  // namespace tidemill::bench
