// consume/reader_lane.h: the readers of one fetch lane.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "consume/lease_fence.h"
#include "consume/record_fetcher.h"
#include "consume/record_sink.h"
#include "rt/task_group.h"

namespace tidemill::consume {

// Runs one reader per shard until its end, a failure, or a stop. Lives on the fetch lane.
class ReaderLane {
 public:
  // `sink` must outlive this object.
  ReaderLane(rt::Loop& loop, RecordSink& sink) : loop_(loop), sink_(sink) {}

  // Reads `shardId` from where `fetcher` stands, under the lease of `token`, while `fence` is open (null: no
  // lease is needed). A reader of the same shard that runs still is stopped.
  void start(const std::string& shardId, std::int64_t token, std::unique_ptr<RecordFetcher> fetcher,
             std::shared_ptr<const LeaseFence> fence);
  // Ends the shard's reader at once; what the sink was not given yet counts as never fetched. False if it had
  // ended by itself, or never ran under this token.
  bool stop(const std::string& shardId, std::int64_t token);
  // Ends all reading.
  void stop() { readers_.clear(); }

 private:
  struct Reader {
    Reader(rt::Loop& loop, std::int64_t leaseToken) : token(leaseToken), task(loop) {}
    const std::int64_t token;
    rt::TaskGroup task;
  };
  rt::Task<void> read(std::string shardId, std::int64_t token, std::unique_ptr<RecordFetcher> fetcher,
                      std::shared_ptr<const LeaseFence> fence);

  rt::Loop& loop_;
  RecordSink& sink_;
  std::map<std::string, std::unique_ptr<Reader>> readers_;
};

}  // namespace tidemill::consume
