// rt/no_waiting.h: marks threads that must never wait for a lane.
#pragma once

#include <utility>

namespace tidemill::rt {

// While one lives, its thread is one of those: a lane, which would wait for itself, or a worker that runs a
// task, which would keep other tasks from running. Nested ones hide each other.
class NoWaiting {
 public:
  // `where` is what an error calls the place, e.g. "inside a task"; a literal.
  explicit NoWaiting(const char* where) : before_(std::exchange(where_, where)) {}
  ~NoWaiting() { where_ = before_; }
  NoWaiting(const NoWaiting&) = delete;
  NoWaiting& operator=(const NoWaiting&) = delete;

  // Null: this thread may wait.
  static const char* here() { return where_; }

 private:
  static inline thread_local const char* where_ = nullptr;
  const char* const before_;
};

}  // namespace tidemill::rt
