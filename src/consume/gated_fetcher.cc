#include "consume/gated_fetcher.h"

namespace tidemill::consume {

rt::Task<Result<Fetched>> GatedFetcher::next() {
  co_await gate_->pages.acquire(1);
  co_await gate_->bytes.acquire(1);
  // A reader that is stopped here takes its permits along: the gate ends with it.
  auto fetched = co_await inner_->next();
  if (!fetched || fetched->page == nullptr) {
    gate_->done(1);
    if (fetched && !fetched->ended) onEmpty_();
  } else {
    gate_->bytes.take(fetched->page->hold.bytes() - 1);
  }
  co_return std::move(fetched);
}

}  // namespace tidemill::consume
