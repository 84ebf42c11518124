// rt/gate.h: lets threads of the user into something that may go away.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace tidemill::rt {

// Counts who is inside. Once it is closed nobody comes in, and its owner waits until all have left before it
// takes apart what is behind. Shared by the owner and by whoever may want to enter. Thread safe.
template <class T>
class Gate {
 public:
  // Inside as long as it lives. False: the gate is closed.
  class Entry {
   public:
    Entry(Gate* gate, T* inside) : gate_(gate), inside_(inside) {}
    Entry(Entry&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)), inside_(std::exchange(other.inside_, nullptr)) {}
    Entry& operator=(Entry&&) = delete;
    ~Entry() {
      if (gate_ != nullptr) gate_->leave();
    }

    explicit operator bool() const { return inside_ != nullptr; }
    T& operator*() const { return *inside_; }
    T* operator->() const { return inside_; }

   private:
    Gate* gate_;
    T* inside_;
  };

  // `inside` lives until drain() has returned.
  explicit Gate(T& inside) : inside_(&inside) {}

  Entry enter() {
    const std::lock_guard lock(mutex_);
    if (closed_) return Entry(nullptr, nullptr);
    ++count_;
    return Entry(this, inside_);
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  // From now on nobody enters.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  // Waits until all have left. After close(), and never from inside.
  void drain() {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  // Notifies under the lock: whoever waits may destroy the gate as soon as it sees the count.
  void leave() {
    const std::lock_guard lock(mutex_);
    --count_;
    left_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable left_;
  T* const inside_;
  int count_ = 0;
  bool closed_ = false;
};

}  // namespace tidemill::rt
