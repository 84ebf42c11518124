#include "consume/shard_paces.h"

#include <algorithm>

namespace tidemill::consume {

rt::Task<void> takeTurn(rt::Loop& loop, Pace& pace) {
  // Another reader of the shard may have taken the turn while this one slept.
  while (loop.now() < pace.next()) co_await loop.sleepUntil(pace.next());
  pace.called(loop.now());
}

rt::Task<void> takeLiveTurn(rt::Loop& loop, ShardPace& pace) {
  bool yielded = false;
  for (;;) {  // Until nobody else has taken the turn, and it was left to others once.
    const rt::TimePoint next = pace.reads.next();
    if (loop.now() < next) {
      co_await loop.sleepUntil(next);
      continue;
    }
    if (yielded || pace.recoveriesWaiting == 0 || !pace.lastReadWasLive) break;
    yielded = true;
    const rt::TimePoint after = loop.now() + pace.reads.gap();
    co_await loop.sleepUntil(after);
  }
  pace.reads.called(loop.now());
  pace.lastReadWasLive = true;
}

std::shared_ptr<ShardPace> ShardPaces::of(const std::string& stream, const std::string& shardId,
                                          rt::TimePoint now) {
  if (paces_.size() >= sweepAt_) {
    std::erase_if(paces_, [now](const auto& entry) {
      const ShardPace& pace = *entry.second;
      return entry.second.use_count() == 1 && pace.reads.next() <= now && pace.iterators.next() <= now;
    });
    sweepAt_ = std::max<std::size_t>(64, paces_.size() * 2);
  }
  std::shared_ptr<ShardPace>& pace = paces_[{stream, shardId}];
  if (pace == nullptr) pace = std::make_shared<ShardPace>(options_);
  return pace;
}

}  // namespace tidemill::consume
