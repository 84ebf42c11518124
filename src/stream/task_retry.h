// stream/task_retry.h: runs the tasks of a batch, each with its tries, on the worker threads.
#pragma once

#include <string>

#include "rt/worker_pool.h"
#include "tidemill/task_runner.h"

namespace tidemill::stream {

// What the exception that is being handled says; call it inside a catch.
std::string describeCurrentException();

class RetryingTaskRunner final : public TaskRunner {
 public:
  // `attemptsMax`: tries of one task, at least 1. `workers` outlives this object.
  RetryingTaskRunner(rt::WorkerPool& workers, int attemptsMax)
      : workers_(workers), attemptsMax_(attemptsMax) {}

  void run(std::size_t count, const std::function<void(std::size_t)>& task) override;

 private:
  rt::WorkerPool& workers_;
  const int attemptsMax_;
};

}  // namespace tidemill::stream
