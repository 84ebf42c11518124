// rt/thread_pool.h: the production WorkerPool.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rt/worker_pool.h"

namespace tidemill::rt {

class ThreadPool final : public WorkerPool {
 public:
  // `threads` at least 1. `name` (up to 15 characters) is what tools show for the threads.
  ThreadPool(int threads, std::string name);
  // Waits for running functions, drops queued ones.
  ~ThreadPool() override;

  void submit(base::UniqueFunction<void()> work) override;
  int threads() const override { return static_cast<int>(threads_.size()); }

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::UniqueFunction<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tidemill::rt
