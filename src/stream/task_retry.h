// stream/task_retry.h: runs the tasks of a batch, each with its tries, on the worker threads.
#pragma once

#include <memory>
#include <string>
#include <utility>

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
  std::shared_ptr<detail::PartitionSpace> partitionSpace() override { return space_; }

 private:
  rt::WorkerPool& workers_;
  const int attemptsMax_;
  const std::shared_ptr<detail::PartitionSpace> space_;
};

}  // namespace tidemill::stream
