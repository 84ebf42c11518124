// consume/pace.h: when a shard may be read again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "rt/time.h"

namespace tidemill::consume {

// The service's limits per shard, shared by every application that reads it (kcl.md 3.1).
struct PaceOptions {
  // Calls of GetRecords in a second. Range: 1 to 1,000; 0 lifts the limit. AWS allows 5.
  int callsPerSecond = 5;
  // Bytes read in a second. 0 lifts the limit. AWS allows 2 MB, and after an answer of 10 MiB refuses for 5
  // s, which the same rate implies.
  std::int64_t bytesPerSecond = 2 << 20;
  // Wait of a live reader after an empty answer at the tip. Larger costs latency, smaller costs calls.
  rt::Duration idle = std::chrono::milliseconds(1000);
  // Wait after a call was refused, so that others get their turn. It doubles with each refusal in a row, up
  // to the most: who was refused once is back after a turn, who is refused again and again makes room.
  rt::Duration afterThrottle = std::chrono::milliseconds(200);
  rt::Duration afterThrottleMax = std::chrono::milliseconds(1000);
};

// Pure: all times are passed in. One for each shard, whoever reads it; calls may overlap.
class Pace {
 public:
  explicit Pace(PaceOptions options) : options_(options) {}

  // The earliest time of the next call.
  rt::TimePoint next() const { return std::max(next_, bytesPaid_); }
  // What the rate gives between two calls: a smaller answer brings the next call no nearer. 0: a limit is
  // lifted.
  std::int64_t bytesPerCall() const {
    return options_.callsPerSecond > 0 ? options_.bytesPerSecond / options_.callsPerSecond : 0;
  }

  // From one call to the next.
  rt::Duration gap() const {
    return options_.callsPerSecond > 0 ? rt::Duration(std::chrono::seconds(1)) / options_.callsPerSecond
                                       : rt::Duration(0);
  }

  void called(rt::TimePoint now);
  // `bytes` of payload came back.
  void answered(rt::TimePoint now, std::int64_t bytes);
  // The call was refused. One that was under way when another was refused counts as that.
  void throttled(rt::TimePoint now);

 private:
  void postpone(rt::TimePoint until) {
    if (next_ < until) next_ = until;
  }

  const PaceOptions options_;
  rt::TimePoint next_{};
  // When the rate has made up for all bytes that came.
  rt::TimePoint bytesPaid_{};
  // Of the last refusal, and the wait of the next one.
  rt::TimePoint refusedUntil_{};
  rt::Duration refusalWait_ = options_.afterThrottle;
};

}  // namespace tidemill::consume
