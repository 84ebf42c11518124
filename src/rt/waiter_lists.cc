#include "rt/waiter_lists.h"

#include <algorithm>

#include "base/check.h"

namespace tidemill::rt {

void ReadyList::add(Waiter& waiter) {
  waiter.slot_ = waiters_.size();
  waiters_.push_back(&waiter);
}

bool ReadyList::removeIfHere(Waiter& waiter) {
  const auto place = static_cast<std::size_t>(waiter.slot_);
  if (place >= waiters_.size() || waiters_[place] != &waiter) return false;
  take(place);
  return true;
}

Waiter& ReadyList::take(std::size_t place) {
  TIDEMILL_CHECK(place < waiters_.size());
  Waiter& taken = *waiters_[place];
  waiters_[place] = waiters_.back();
  waiters_[place]->slot_ = place;
  waiters_.pop_back();
  return taken;
}

void ReadyList::reverse() {
  std::reverse(waiters_.begin(), waiters_.end());
  for (std::size_t i = 0; i < waiters_.size(); ++i) waiters_[i]->slot_ = i;
}

std::optional<TimePoint> TimerList::firstDue() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void TimerList::add(Waiter& waiter) {
  waiter.slot_ = added_++;
  timers_.emplace(std::pair(waiter.due_, waiter.slot_), &waiter);
}

void TimerList::remove(Waiter& waiter) {
  const auto found = timers_.find(std::pair(waiter.due_, waiter.slot_));
  // A waiter that a dead node never added may carry the key of another one.
  if (found != timers_.end() && found->second == &waiter) timers_.erase(found);
}

Waiter* TimerList::takeDue(TimePoint now) {
  if (timers_.empty() || timers_.begin()->first.first > now) return nullptr;
  Waiter* waiter = timers_.begin()->second;
  timers_.erase(timers_.begin());
  return waiter;
}

}  // namespace tidemill::rt
