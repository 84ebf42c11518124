// rt/task.h: our coroutine type: lazy, one awaiter, cancelled by destruction.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "base/check.h"
#include "rt/loop.h"

namespace tidemill::rt {

template <class T>
class Task;

namespace detail {

// What the promises of all tasks share. A task inherits the loop of the one that awaits it. When it ends it
// puts its awaiter into the loop's ready queue and never resumes it by a nested call: chains of any length
// use a constant part of the stack.
class PromiseBase {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      PromiseBase& promise = handle.promise();
      promise.done_ = true;
      // Null while the awaiter is still inside its own await_suspend: it sees done_ and goes on by itself.
      if (promise.awaiter_ != nullptr) promise.loop_->makeReady(*promise.awaiter_);
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() const noexcept { return {}; }

  [[noreturn]] void unhandled_exception() const noexcept {
    base::checkFailed("no exception leaves a task", __FILE__, __LINE__, "catch it where user code is called");
  }

  // Called once, before the first resumption.
  void startsOn(Loop& loop) {
    TIDEMILL_CHECK(loop_ == nullptr, "a task is awaited once");
    loop_ = &loop;
  }

  Loop* loop_ = nullptr;
  Waiter* awaiter_ = nullptr;
  bool done_ = false;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

// A computation that starts when it is awaited, on the lane of its awaiter. Destroying a task that has not
// ended destroys its frame, and with it everything that it waits for.
//
//   Task<int> twice(Loop& loop, int n) {
//     co_await loop.sleepFor(1s);
//     co_return 2 * n;
//   }
//   int four = co_await twice(loop, 2);   // A statement of its own: see docs/ARCHITECTURE.md.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { destroy(); }

  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> child) : child_(child) {}
    // The task is destroyed later than its awaiter; one that lives on elsewhere must not wake who is gone.
    ~Awaiter() { child_.promise().awaiter_ = nullptr; }
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;

    bool await_ready() const noexcept { return false; }
    // Runs the child until it first waits. False means that it has ended already.
    template <class ParentPromise>
    bool await_suspend(std::coroutine_handle<ParentPromise> parent) {
      promise_type& promise = child_.promise();
      promise.startsOn(*parent.promise().loop_);
      child_.resume();
      if (promise.done_) return false;
      waiter_.resumes(parent);
      promise.awaiter_ = &waiter_;
      return true;
    }
    T await_resume() { return child_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> child_;
    Waiter waiter_;
  };
  Awaiter operator co_await() & noexcept { return Awaiter(handle_); }
  Awaiter operator co_await() && noexcept { return Awaiter(handle_); }

  // For whoever owns a root task (see task_group.h): runs it on `loop` until it first waits; `whenDone`
  // becomes ready when it ends. Returns true if it has ended already, and then `whenDone` is never fired.
  bool start(Loop& loop, Waiter& whenDone) {
    promise_type& promise = handle_.promise();
    promise.startsOn(loop);
    handle_.resume();
    if (promise.done_) return true;
    promise.awaiter_ = &whenDone;
    return false;
  }
  bool done() const { return handle_.promise().done_; }
  T take() { return handle_.promise().take(); }

 private:
  void destroy() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace tidemill::rt
