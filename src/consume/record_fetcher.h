// consume/record_fetcher.h: the seam between a shard's reader and the way records come: polling or fan-out.
#pragma once

#include <memory>
#include <vector>

#include "block/block.h"
#include "rt/task.h"
#include "tidemill/result.h"

namespace tidemill::consume {

struct Fetched {
  // Null: nothing this time, which is normal.
  std::shared_ptr<const block::ShardPage> page;
  // The shard has ended behind this page. `children` may be empty if the service did not name them.
  bool ended = false;
  std::vector<codec::ChildShard> children;
};

// One shard's position in the stream. Moves only forward: no record is given twice. Lives on the fetch lane.
class RecordFetcher {
 public:
  virtual ~RecordFetcher() = default;
  // Waits for room in the budget and for the shard's pace, then reads once. What may pass (throttling,
  // outages, expired iterators) is retried inside, for ever; an error means that trying again would not help.
  virtual rt::Task<Result<Fetched>> next() = 0;
};

}  // namespace tidemill::consume
