// rt/inbox.h: hands values from threads of the user to a lane, and makes those threads wait when it is full.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace tidemill::rt {

struct InboxLimits {
  // Weights are what put() says. Both at least 1.
  std::int64_t weightMost = 65'536;
  std::int64_t bytesMost = 16 << 20;
};

enum class InboxPut { kTaken, kClosed, kFull };

// Values leave in the order in which they came. Closed at first. Thread safe.
template <class T>
class Inbox {
 public:
  explicit Inbox(InboxLimits limits) : limits_(limits) {}

  // `wake` is called, by whoever puts something in, when there is something that the lane was not told of; it
  // must not come back to this object.
  void open(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    open_ = true;
    told_ = false;
    wake_ = std::move(wake);
    tellIfNew();
  }
  // From now on nothing is taken in; what is there stays. Whoever waits for room gives up.
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    room_.notify_all();
  }
  // The lane is gone: as close(), and nobody is woken any more.
  void abandon() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    wake_ = nullptr;
    room_.notify_all();
  }

  // A value that is larger than a limit is taken when nothing else is there. Where it is full this waits for
  // room, or says so if it may not wait.
  InboxPut put(T value, std::int64_t weight, std::int64_t bytes, bool mayWait) {
    std::unique_lock lock(mutex_);
    while (open_ && !hasRoom(weight, bytes)) {
      if (!mayWait) return InboxPut::kFull;
      room_.wait(lock);
    }
    if (!open_) return InboxPut::kClosed;
    entries_.push_back({std::move(value), weight, bytes});
    weight_ += weight;
    bytes_ += bytes;
    tellIfNew();
    return InboxPut::kTaken;
  }

  // Whether nothing is there: then the next put() wakes the lane.
  bool rest() {
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) told_ = false;
    return entries_.empty();
  }
  // Values of at most this weight and these bytes, the oldest first; at least one if there is any.
  std::vector<T> take(std::int64_t weightMost, std::int64_t bytesMost) {
    const std::lock_guard lock(mutex_);
    std::vector<T> taken;
    while (!entries_.empty()) {
      Entry& first = entries_.front();
      weightMost -= first.weight;
      bytesMost -= first.bytes;
      if (!taken.empty() && (weightMost < 0 || bytesMost < 0)) break;
      weight_ -= first.weight;
      bytes_ -= first.bytes;
      taken.push_back(std::move(first.value));
      entries_.pop_front();
    }
    room_.notify_all();
    return taken;
  }

  // Of what is there.
  std::int64_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  struct Entry {
    T value;
    std::int64_t weight;
    std::int64_t bytes;
  };

  bool hasRoom(std::int64_t weight, std::int64_t bytes) const {
    return entries_.empty() ||
           (weight_ + weight <= limits_.weightMost && bytes_ + bytes <= limits_.bytesMost);
  }
  void tellIfNew() {
    if (told_ || entries_.empty() || !wake_) return;
    told_ = true;
    wake_();
  }

  const InboxLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Entry> entries_;
  std::int64_t weight_ = 0;
  std::int64_t bytes_ = 0;
  bool open_ = false;
  // The lane knows that there is something, until rest() has found nothing.
  bool told_ = false;
  std::function<void()> wake_;
};

}  // namespace tidemill::rt
