// tidemill/batch_context.h: what the streams of a program are computed from, batch by batch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tidemill/batch_info.h"
#include "tidemill/function_ref.h"
#include "tidemill/partition.h"
#include "tidemill/record.h"
#include "tidemill/task_runner.h"
#include "tidemill/time.h"

namespace tidemill::detail {

// The records of one block, as a partition of an input's RDD sees them.
class RecordBlock {
 public:
  virtual ~RecordBlock() = default;
  virtual void forEachRecord(FunctionRef<void(const Record&)> visit) const = 0;
  virtual std::int64_t recordCount() const = 0;
  // All but the index, which is the caller's.
  virtual Partition partition() const = 0;
};

// Hears of the records of one input for which the handler threw. Called by tasks, several at a time, each
// with partitions of its own.
class HandlerFailures {
 public:
  virtual ~HandlerFailures() = default;
  // Calls of the handler for one record.
  virtual int attemptsMax() const = 0;
  // The last of them has failed; called while its exception is handled. Returns if the record is left out,
  // else throws Error. `index` counts the records of the partition.
  virtual void failed(std::size_t partition, std::size_t index, const Record& record) = 0;
};

// What the inputs that receive blocks got in one batch.
struct InputBatch {
  // By input id.
  std::vector<std::vector<std::shared_ptr<const RecordBlock>>> blocks;
  std::vector<std::shared_ptr<HandlerFailures>> handlerFailures;
};

// Made for one try of one batch; of the job thread.
struct BatchContext {
  // Of the batch that is worked on.
  BatchInfo info;
  TaskRunner* tasks = nullptr;
  Duration interval{};
  // This batch and those before it of which streams may still want records, by their time. A time between
  // two of them that is not here had no batch: there was nothing to do, or the program did not run.
  std::map<Time, std::shared_ptr<const InputBatch>> batches;
};

}  // namespace tidemill::detail
