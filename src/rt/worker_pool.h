// rt/worker_pool.h: run a function elsewhere and resume the caller on its lane.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/function.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace tidemill::rt {

// Threads that run functions; in simulation, the loop itself after a drawn delay. Workers run tasks of
// batches; a pool of one thread is the store thread.
class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  // Runs `work` soon, in the order of submission if the pool has one thread. Callable from any thread. After
  // the pool has stopped, `work` is destroyed without being run.
  virtual void submit(base::UniqueFunction<void()> work) = 0;
  // How many functions run at the same time at most, at least 1.
  virtual int threads() const = 0;
};

namespace detail {

// Shared between the awaiting coroutine and the work: whoever goes last frees it. `waiter` belongs to the
// lane.
template <class R>
struct RunOnState {
  std::optional<R> result;
  Waiter* waiter = nullptr;
};

template <class R>
class RunOnAwaiter {
 public:
  RunOnAwaiter(WorkerPool& pool, Loop& loop, base::UniqueFunction<R()> work)
      : pool_(pool), loop_(loop), work_(std::move(work)), state_(std::make_shared<RunOnState<R>>()) {}
  ~RunOnAwaiter() { state_->waiter = nullptr; }
  RunOnAwaiter(const RunOnAwaiter&) = delete;
  RunOnAwaiter& operator=(const RunOnAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_.resumes(handle);
    state_->waiter = &waiter_;
    Loop* loop = &loop_;
    pool_.submit([loop, state = state_, work = std::move(work_)]() mutable {
      auto result = std::make_unique<R>(work());
      work = {};  // What the work owns is freed here, before the lane hears of the end.
      loop->post([loop, state = std::move(state), result = std::move(result)] {
        if (state->waiter == nullptr) return;  // The awaiter is gone: the result is dropped.
        state->result.emplace(std::move(*result));
        loop->makeReady(*std::exchange(state->waiter, nullptr));
      });
    });
  }
  R await_resume() { return std::move(*state_->result); }

 private:
  WorkerPool& pool_;
  Loop& loop_;
  base::UniqueFunction<R()> work_;
  std::shared_ptr<RunOnState<R>> state_;
  Waiter waiter_;
};

}  // namespace detail

// Runs `work` on `pool` and resumes on `loop` with what it returned (not void). `work` must own all that it
// uses: the awaiter may be destroyed while it runs. `loop` must outlive the pool's threads.
template <class F>
Task<std::invoke_result_t<F&>> runOn(WorkerPool& pool, Loop& loop, F work) {
  using R = std::invoke_result_t<F&>;
  base::UniqueFunction<R()> function(std::move(work));
  detail::RunOnAwaiter<R> awaiter(pool, loop, std::move(function));
  co_return co_await awaiter;
}

}  // namespace tidemill::rt
