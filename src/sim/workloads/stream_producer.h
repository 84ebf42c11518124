// sim/workloads/stream_producer.h: makes a stream, puts text into it, splits and merges its shards.
#pragma once

#include <string>

#include "rt/env.h"
#include "rt/task.h"
#include "sim/workloads/packed_records.h"

namespace tidemill::sim {

struct StreamProducerOptions {
  std::string endpoint;
  std::string stream;
  int shards = 4;
  // How long to put; the program ends itself then.
  rt::Duration time = std::chrono::seconds(100);
  int reshardings = 4;
  // Not null: some records are several that are packed into one, and lie in here; some of those are damaged.
  // Outlives the task.
  PackedRecords* packed = nullptr;
};

// Runs on a node of its own. Calls may fail or be applied twice: what is in the stream is the truth, not what
// was meant to be. `done` becomes true when nothing more will be put; it outlives the task.
rt::Task<void> produceStream(rt::Env& env, StreamProducerOptions options, bool& done);

}  // namespace tidemill::sim
