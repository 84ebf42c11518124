// stream/task_retry.h: runs the tasks of a batch, each with its tries, on the worker threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rt/guarded.h"
#include "rt/worker_pool.h"
#include "tidemill/partition_space.h"
#include "tidemill/task_runner.h"

namespace tidemill::stream {

// What the exception that is being handled says; call it inside a catch.
std::string describeCurrentException();

class RetryingTaskRunner final : public TaskRunner {
 public:
  // `attemptsMax`: tries of one task, at least 1. `workers` outlives this object.
  RetryingTaskRunner(rt::WorkerPool& workers, int attemptsMax,
                     std::shared_ptr<detail::PartitionSpace> space = nullptr)
      : workers_(workers), attemptsMax_(attemptsMax), space_(std::move(space)) {}

  void run(std::size_t count, const std::function<void(std::size_t)>& task) override;
  void leftOut(const std::shared_ptr<const void>& step, std::size_t partition,
               std::int64_t elements) override;
  std::shared_ptr<detail::PartitionSpace> partitionSpace() override { return space_; }

  // Of all tasks so far: elements that tryMap has left out, each once for every step that did.
  std::int64_t elementsLeftOut() const;

 private:
  // By step and partition. A step is held, so that its address is nobody else's.
  using LeftOut = std::map<std::pair<std::shared_ptr<const void>, std::size_t>, std::int64_t>;

  rt::WorkerPool& workers_;
  const int attemptsMax_;
  const std::shared_ptr<detail::PartitionSpace> space_;
  rt::Guarded<LeftOut> leftOut_;
};

}  // namespace tidemill::stream
