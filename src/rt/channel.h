// rt/channel.h: a bounded queue between tasks of one lane.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "rt/loop.h"
#include "rt/semaphore.h"
#include "rt/task.h"

namespace tidemill::rt {

// Values leave in the order in which they came. push() waits while `capacity` values are inside; pop() waits
// for a value, and gives nothing once the channel is closed and empty. Lives on one lane.
template <class T>
class Channel {
 public:
  // `capacity` at least 1.
  Channel(Loop& loop, std::int64_t capacity) : room_(loop, capacity), filled_(loop, 0, kForEver) {
    TIDEMILL_CHECK(capacity >= 1);
  }

  // False, and the value dropped, if the channel is closed.
  Task<bool> push(T value) {
    co_await room_.acquire(1);
    if (closed_) {
      room_.release(1);
      co_return false;
    }
    values_.push_back(std::move(value));
    filled_.release(1);
    co_return true;
  }
  // Puts a value in without waiting, above the capacity if need be: for messages that must not be lost.
  // False, and the value dropped, if the channel is closed.
  bool pushNow(T value) {
    if (closed_) return false;
    room_.take(1);
    values_.push_back(std::move(value));
    filled_.release(1);
    return true;
  }
  // auto value = co_await channel.pop(); gives std::optional<T>. A reader destroyed before it resumes has
  // taken nothing: the value goes to the next one.
  class [[nodiscard]] Pop {
   public:
    explicit Pop(Channel& channel) : channel_(channel), acquire_(channel.filled_.acquire(1)) {}

    bool await_ready() { return acquire_.await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) { acquire_.await_suspend(handle); }
    std::optional<T> await_resume() {
      acquire_.await_resume();
      return channel_.takeFront();
    }

   private:
    Channel& channel_;
    Semaphore::Acquire acquire_;
  };
  Pop pop() { return Pop(*this); }
  // No more values come in; readers get what is left, then nothing. Waiting writers get false.
  void close() {
    if (closed_) return;
    closed_ = true;
    filled_.release(1);
    room_.release(kForEver);
  }
  std::size_t size() const { return values_.size(); }

 private:
  // Called with a permit of filled_ in hand.
  std::optional<T> takeFront() {
    if (values_.empty()) {  // Closed: pass the sign on to the next reader.
      filled_.release(1);
      return std::nullopt;
    }
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    room_.release(1);
    return value;
  }

  static constexpr std::int64_t kForEver = std::int64_t{1} << 40;

  Semaphore room_;
  Semaphore filled_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace tidemill::rt
