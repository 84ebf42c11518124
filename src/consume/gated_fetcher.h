// consume/gated_fetcher.h: keeps a shard from being read further ahead of its handler than it may be.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "consume/record_fetcher.h"
#include "rt/semaphore.h"

namespace tidemill::consume {

// Pages and bytes of one shard that wait for its handler. Lives on the fetch lane.
struct PendingGate {
  PendingGate(rt::Loop& loop, std::int64_t pagesMax, std::int64_t bytesMax)
      : pages(loop, pagesMax), bytes(loop, bytesMax) {}

  void done(std::int64_t pageBytes) {
    pages.release(1);
    bytes.release(pageBytes);
  }

  rt::Semaphore pages;
  // Below zero by up to one page.
  rt::Semaphore bytes;
};

// Reads when the gate has room for another page. Lives on the fetch lane.
class GatedFetcher final : public RecordFetcher {
 public:
  // `onEmpty` is called for each answer without records.
  GatedFetcher(std::unique_ptr<RecordFetcher> inner, std::shared_ptr<PendingGate> gate,
               std::function<void()> onEmpty)
      : inner_(std::move(inner)), gate_(std::move(gate)), onEmpty_(std::move(onEmpty)) {}

  rt::Task<Result<Fetched>> next() override;

 private:
  const std::unique_ptr<RecordFetcher> inner_;
  const std::shared_ptr<PendingGate> gate_;
  const std::function<void()> onEmpty_;
};

}  // namespace tidemill::consume
