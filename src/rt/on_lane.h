// rt/on_lane.h: runs a task on another lane and resumes the caller on its own with the result.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/function.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "rt/task_group.h"

namespace tidemill::rt {

namespace detail {

// Of the caller's lane; the other one only carries the pointer.
template <class R>
struct LaneAnswer {
  std::optional<R> result;
  Waiter* waiter = nullptr;
};

// Of the other lane, which also destroys it.
struct LaneTasks {
  std::optional<TaskGroup> group;
};

template <class R>
Task<void> answerTo(Loop* caller, std::shared_ptr<LaneAnswer<R>> answer, Task<R> task) {
  auto result = co_await std::move(task);
  auto kept = std::make_unique<R>(std::move(result));
  caller->post([caller, answer = std::move(answer), kept = std::move(kept)] {
    if (answer->waiter == nullptr) return;  // The awaiter is gone: the result is dropped.
    answer->result.emplace(std::move(*kept));
    caller->makeReady(*std::exchange(answer->waiter, nullptr));
  });
}

template <class R>
class OnLaneAwaiter {
 public:
  OnLaneAwaiter(Loop& other, Loop& caller, base::UniqueFunction<Task<R>()> make)
      : other_(other),
        caller_(caller),
        make_(std::move(make)),
        answer_(std::make_shared<LaneAnswer<R>>()),
        tasks_(std::make_shared<LaneTasks>()) {}
  // A task that has not ended is destroyed on its lane.
  ~OnLaneAwaiter() {
    answer_->waiter = nullptr;
    other_.post([tasks = std::move(tasks_)] { tasks->group.reset(); });
  }
  OnLaneAwaiter(const OnLaneAwaiter&) = delete;
  OnLaneAwaiter& operator=(const OnLaneAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_.resumes(handle);
    answer_->waiter = &waiter_;
    other_.post([other = &other_, caller = &caller_, answer = answer_, tasks = tasks_,
                 make = std::move(make_)]() mutable {
      tasks->group.emplace(*other);
      tasks->group->spawn(answerTo<R>(caller, std::move(answer), make()));
    });
  }
  R await_resume() { return std::move(*answer_->result); }

 private:
  Loop& other_;
  Loop& caller_;
  base::UniqueFunction<Task<R>()> make_;
  const std::shared_ptr<LaneAnswer<R>> answer_;
  std::shared_ptr<LaneTasks> tasks_;
  Waiter waiter_;
};

}  // namespace detail

// Calls `make` on `other` and runs there what it gives, which must own all that it uses, or hold it as long
// as `other` runs. Destroying the awaiter destroys the task, by message. The lanes may be the same.
template <class R>
Task<R> onLane(Loop& other, Loop& caller, base::UniqueFunction<Task<R>()> make) {
  detail::OnLaneAwaiter<R> awaiter(other, caller, std::move(make));
  co_return co_await awaiter;
}

}  // namespace tidemill::rt
