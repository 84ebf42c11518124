// rt/receipts.h: lets threads of the user wait until lanes are done with what they have handed in.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>

namespace tidemill::rt {

// Who hands something in takes a number, which goes along with it; whoever is done with it answers. Closed at
// first. Thread safe.
class Receipts {
 public:
  using Number = std::uint64_t;
  // Nobody's.
  static constexpr Number kNone = 0;

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  // The answer to everything is no, now and until open(); nobody waits any longer.
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    for (auto& [number, answer] : answers_)
      if (!answer) answer = false;
    answered_.notify_all();
  }

  Number issue() {
    const std::lock_guard lock(mutex_);
    answers_.emplace(++last_, open_ ? std::nullopt : std::optional<bool>(false));
    return last_;
  }
  // The first answer counts. Numbers that were forgotten do nothing.
  void answer(std::span<const Number> numbers, bool done) {
    const std::lock_guard lock(mutex_);
    for (const Number number : numbers) {
      const auto found = answers_.find(number);
      if (found != answers_.end() && !found->second) found->second = done;
    }
    answered_.notify_all();
  }

  // Nothing: there is no answer yet.
  std::optional<bool> answered(Number number) const {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(number);
    return found == answers_.end() ? std::nullopt : found->second;
  }
  void forget(Number number) {
    const std::lock_guard lock(mutex_);
    answers_.erase(number);
  }
  // Waits for the answer, and forgets it. No, if it was forgotten.
  bool await(Number number) {
    std::unique_lock lock(mutex_);
    for (;;) {  // Until somebody answers, or close().
      const auto found = answers_.find(number);
      if (found == answers_.end()) return false;
      if (found->second) {
        const bool done = *found->second;
        answers_.erase(found);
        return done;
      }
      answered_.wait(lock);
    }
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<Number, std::optional<bool>> answers_;
  Number last_ = kNone;
  bool open_ = false;
};

}  // namespace tidemill::rt
