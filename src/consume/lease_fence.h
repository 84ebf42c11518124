// consume/lease_fence.h: until when a lease is this worker's for certain.
#pragma once

#include <atomic>
#include <cstdint>

#include "rt/time.h"

namespace tidemill::consume {

// Moved on the control lane, where renewals are; read on the fetch lane before each read. A reader that finds
// it closed waits: it is told soon whether the lease is lost. One number, so no lock is needed.
class LeaseFence {
 public:
  explicit LeaseFence(rt::TimePoint until) { moveTo(until); }

  bool open(rt::TimePoint now) const {
    return now.time_since_epoch().count() < until_.load(std::memory_order_acquire);
  }
  void moveTo(rt::TimePoint until) {
    until_.store(until.time_since_epoch().count(), std::memory_order_release);
  }
  // For good: what was read under this lease is no longer delivered.
  void close() { moveTo(rt::TimePoint::min()); }

 private:
  std::atomic<rt::TimePoint::rep> until_{};
};

}  // namespace tidemill::consume
