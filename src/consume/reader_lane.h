// consume/reader_lane.h: the readers of one fetch lane.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "consume/record_fetcher.h"
#include "consume/record_sink.h"
#include "rt/task_group.h"

namespace tidemill::consume {

// Runs one reader per shard until its end, a failure, or the destruction of the lane. Lives on the fetch
// lane. A shard is started at most once in the life of a ReaderLane.
class ReaderLane {
 public:
  // `sink` must outlive this object.
  ReaderLane(rt::Loop& loop, RecordSink& sink) : sink_(sink), readers_(loop) {}

  // Reads `shardId` from where `fetcher` stands.
  void start(const std::string& shardId, std::unique_ptr<RecordFetcher> fetcher);
  // Ends all reading at once; what the sink was not given yet counts as never fetched.
  void stop() { readers_.cancel(); }

 private:
  rt::Task<void> read(std::string shardId, std::unique_ptr<RecordFetcher> fetcher);

  RecordSink& sink_;
  std::set<std::string> started_;
  rt::TaskGroup readers_;
};

}  // namespace tidemill::consume
