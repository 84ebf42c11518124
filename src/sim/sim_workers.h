// sim/sim_workers.h: a worker pool without threads: functions run on the node's loop after a drawn time.
#pragma once

#include <deque>
#include <list>
#include <vector>

#include "base/random.h"
#include "rt/worker_pool.h"

namespace tidemill::sim {

struct SimWorkersOptions {
  // Functions that run at the same time; the others wait. At least 1.
  int threads = 1;
  // Virtual time that one function takes. Range: [1 ns, max].
  rt::Duration timeMin = std::chrono::microseconds(5);
  rt::Duration timeMax = std::chrono::milliseconds(2);
};

// A function runs as one step of the node, at the moment in which a thread would have finished it. One thread
// keeps the order of submission. Dies with its node.
class SimWorkers final : public rt::WorkerPool {
 public:
  // `loop` is the node's and must outlive this object.
  SimWorkers(rt::Loop& loop, std::uint64_t seed, SimWorkersOptions options);
  ~SimWorkers() override;

  void submit(base::UniqueFunction<void()> work) override;
  int threads() const override { return options_.threads; }

  // Drops what has not run; what comes later is dropped too.
  void kill();

 private:
  struct Token;
  void runOne();

  rt::Loop& loop_;
  base::Random random_;
  const SimWorkersOptions options_;
  std::vector<rt::TimePoint> freeAt_;
  // One token per function, due when some thread ends one. They carry no function: after a stall many tokens
  // are ready at once and fire in any order, and a single thread must still keep its own.
  std::list<Token> tokens_;
  std::deque<base::UniqueFunction<void()>> functions_;
  bool dead_ = false;
};

}  // namespace tidemill::sim
