// sim/hanging_pool.h: a pool whose threads can be made to hang, for tests.
#pragma once

#include <deque>
#include <utility>

#include "rt/worker_pool.h"

namespace tidemill::sim {

// What is submitted while it hangs is begun when it goes on. Lives on one lane.
class HangingPool final : public rt::WorkerPool {
 public:
  // `inner` outlives this object.
  explicit HangingPool(rt::WorkerPool& inner) : inner_(inner) {}

  void submit(base::UniqueFunction<void()> work) override {
    if (hanging_ && passing_-- <= 0) {
      held_.push_back(std::move(work));
    } else {
      inner_.submit(std::move(work));
    }
  }
  int threads() const override { return inner_.threads(); }

  // The first `passing` functions are run yet.
  void hang(int passing = 0) {
    hanging_ = true;
    passing_ = passing;
  }
  void goOn() {
    hanging_ = false;
    for (auto& work : std::exchange(held_, {})) inner_.submit(std::move(work));
  }
  std::size_t held() const { return held_.size(); }

 private:
  rt::WorkerPool& inner_;
  bool hanging_ = false;
  int passing_ = 0;
  std::deque<base::UniqueFunction<void()>> held_;
};

}  // namespace tidemill::sim
