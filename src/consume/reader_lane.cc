#include "consume/reader_lane.h"

#include <utility>

#include "base/check.h"

namespace tidemill::consume {

void ReaderLane::start(const std::string& shardId, std::unique_ptr<RecordFetcher> fetcher) {
  TIDEMILL_CHECK(started_.insert(shardId).second, "a shard has one reader");
  readers_.spawn(read(shardId, std::move(fetcher)));
}

rt::Task<void> ReaderLane::read(std::string shardId, std::unique_ptr<RecordFetcher> fetcher) {
  for (;;) {  // Until the shard ends or fails.
    auto fetched = co_await fetcher->next();
    if (!fetched) {
      sink_.failed(shardId, fetched.error());
      co_return;
    }
    if (fetched->page != nullptr) sink_.page(std::move(fetched->page));
    if (fetched->ended) {
      block::ShardEnd end{shardId, std::move(fetched->children)};
      sink_.ended(std::move(end));
      co_return;
    }
  }
}

}  // namespace tidemill::consume
