// tidemill/task_runner.h: runs the tasks of a batch on the worker threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace tidemill {

namespace detail {
class PartitionSpace;
}  // namespace detail

// Given to the RDDs of a batch by the engine. Callable from the thread that runs an output operation only.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Runs task(0) … task(count - 1), several at a time, the calling thread taking part, and returns when all
  // have ended. A task that throws is tried again up to `spark.task.maxFailures` times in all; then this
  // throws Error(kUserCodeFailed) with the partition and what was thrown. Error(kDamagedBlock) is thrown on
  // at once: the engine reads the block again.
  virtual void run(std::size_t count, const std::function<void(std::size_t)>& task) = 0;
  // So many elements of a partition were left out by a step because the program's function threw. Called by
  // tasks, whenever the partition was computed to its end; the last call for a partition of the step counts.
  virtual void leftOut(const std::shared_ptr<const void>& /*step*/, std::size_t /*partition*/,
                       std::int64_t /*elements*/) {}
  // Where persisted RDDs are kept. Null: in memory alone, without a limit, and nothing as bytes.
  virtual std::shared_ptr<detail::PartitionSpace> partitionSpace() { return nullptr; }
};

}  // namespace tidemill
