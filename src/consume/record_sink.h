// consume/record_sink.h: who takes what a shard's reader brings.
#pragma once

#include <memory>
#include <string>

#include "block/block.h"
#include "rt/task.h"
#include "tidemill/error.h"

namespace tidemill::consume {

// Called on the fetch lane, in order per shard: pages, then at most one end or failure.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Returns when a read may begin. What reads bring that have begun is accepted all the same.
  virtual rt::Task<void> room() { co_return; }
  // At least one record. What is accepted here is never fetched again in this run.
  virtual void page(std::shared_ptr<const block::ShardPage> page) = 0;
  // The shard has ended and everything in it was handed over.
  virtual void ended(block::ShardEnd end) = 0;
  // Reading cannot go on, and trying again would not help.
  virtual void failed(const std::string& shardId, const Error& error) = 0;
};

}  // namespace tidemill::consume
