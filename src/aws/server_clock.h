// aws/server_clock.h: what time it is at the service, as far as its answers tell.
#pragma once

#include <optional>

#include "rt/time.h"

namespace tidemill::aws {

// Learns from the Date of answers and counts on with the monotonic clock, so a step of this machine's wall
// clock changes nothing. A Date is cut to whole seconds and an answer takes time to arrive, so each answer
// gives a moment that the service has passed for certain; of those the latest is kept. The result is early by
// at most a second and the network's delay while answers keep coming, and never late: it gives up 1 ms each
// second, more than clocks drift. A plain value.
//
//   ServerClock clock;
//   clock.observe(*http::parseHttpDate(response.header("date")), loop.now());
//   auto now = clock.at(loop.now());
class ServerClock {
 public:
  // An answer with this Date has arrived at `received`. One that is more than 5 seconds from what was
  // expected means that a clock was set (or, earlier, that the answer was slow): the count starts anew as
  // soon as the next such answer agrees with it. One server whose clock is wrong is not believed.
  void observe(rt::WallTime date, rt::TimePoint received);
  // Believes this answer whatever earlier ones said: the service complained of the time.
  void set(rt::WallTime date, rt::TimePoint received) {
    known_ = Known{date, received};
    doubted_.reset();
  }

  // A moment that the service has reached at `now`; nothing before the first answer. `now` must not lie
  // before the last answer.
  std::optional<rt::WallTime> at(rt::TimePoint now) const;

 private:
  struct Known {
    rt::WallTime date;
    rt::TimePoint received;

    rt::WallTime at(rt::TimePoint now) const;
  };
  std::optional<Known> known_;
  // The last answer, if it was far from what was expected.
  std::optional<Known> doubted_;
};

}  // namespace tidemill::aws
