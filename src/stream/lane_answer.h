// stream/lane_answer.h: waits until another lane has done what it was asked for.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "rt/loop.h"
#include "rt/semaphore.h"
#include "rt/task.h"

namespace tidemill::stream {

// Lives on `home`. Messages of a lane arrive in order, so what the other lane has sent here before its answer
// is here when arrived() returns.
class LaneAnswer {
 public:
  explicit LaneAnswer(rt::Loop& home) : home_(home) {}

  // `work` runs on `lane`, also if this object is gone by then.
  void ask(rt::Loop& lane, std::function<void()> work) {
    answer_ = std::make_shared<rt::Semaphore>(home_, 0, 1);
    lane.post([home = &home_, answer = answer_, work = std::move(work)] {
      work();
      home->post([answer] { answer->release(1); });
    });
  }

  // The answer to the last ask(); any number of tasks may wait. After ask().
  rt::Task<void> arrived() {
    const std::shared_ptr<rt::Semaphore> answer = answer_;
    co_await answer->acquire(1);
    answer->release(1);
  }

 private:
  rt::Loop& home_;
  std::shared_ptr<rt::Semaphore> answer_;
};

}  // namespace tidemill::stream
