// rt/waiter_lists.h: the two lists that every loop is made of: who is ready, and who waits for a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "rt/loop.h"

namespace tidemill::rt {

// Ready waiters, in no promised order of their own: the loop says which place goes next.
class ReadyList {
 public:
  std::size_t size() const { return waiters_.size(); }
  bool empty() const { return waiters_.empty(); }

  void add(Waiter& waiter);
  // Removes `waiter` if it is in this list; false if it is not.
  bool removeIfHere(Waiter& waiter);
  // Takes the waiter at `place` (below size()); the last one moves into the gap.
  Waiter& take(std::size_t place);
  // Afterwards taking from the end gives the order in which they were added.
  void reverse();

 private:
  std::vector<Waiter*> waiters_;
};

// Waiters by due time; equal times in the order in which they were added.
class TimerList {
 public:
  bool empty() const { return timers_.empty(); }
  // When the first one is due; nothing if there is none.
  std::optional<TimePoint> firstDue() const;

  void add(Waiter& waiter);
  // No effect if `waiter` is not in the list.
  void remove(Waiter& waiter);
  // Takes the first waiter due at or before `now`, or returns null.
  Waiter* takeDue(TimePoint now);

 private:
  std::map<std::pair<TimePoint, std::uint64_t>, Waiter*> timers_;
  std::uint64_t added_ = 0;
};

}  // namespace tidemill::rt
