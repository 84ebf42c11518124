#include "consume/reader_lane.h"

#include <utility>

namespace tidemill::consume {
namespace {

// How soon a reader looks again at a fence that it found closed.
constexpr rt::Duration kFenceCheck = std::chrono::milliseconds(50);

}  // namespace

void ReaderLane::start(const std::string& shardId, std::int64_t token, std::unique_ptr<RecordFetcher> fetcher,
                       std::shared_ptr<const LeaseFence> fence) {
  auto reader = std::make_unique<Reader>(loop_, token);
  reader->task.spawn(read(shardId, token, std::move(fetcher), std::move(fence)));
  readers_.insert_or_assign(shardId, std::move(reader));
}

bool ReaderLane::stop(const std::string& shardId, std::int64_t token) {
  const auto reader = readers_.find(shardId);
  if (reader == readers_.end() || reader->second->token != token) return false;
  const bool running = reader->second->task.running() > 0;
  readers_.erase(reader);
  return running;
}

rt::Task<void> ReaderLane::read(std::string shardId, std::int64_t token,
                                std::unique_ptr<RecordFetcher> fetcher,
                                std::shared_ptr<const LeaseFence> fence) {
  for (;;) {  // Until the shard ends or fails, or the reader is stopped.
    co_await sink_.room();
    while (fence != nullptr && !fence->open(loop_.now())) co_await loop_.sleepFor(kFenceCheck);
    auto fetched = co_await fetcher->next();
    if (!fetched) {
      sink_.failed(shardId, fetched.error());
      co_return;
    }
    if (fetched->page != nullptr) sink_.page(std::move(fetched->page));
    if (fetched->ended) {
      block::ShardEnd end{.shardId = shardId, .children = std::move(fetched->children), .token = token};
      sink_.ended(std::move(end));
      co_return;
    }
  }
}

}  // namespace tidemill::consume
