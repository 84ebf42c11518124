// aws/signing_clock.h: what signatures are dated: this machine's time, or the service's where they differ.
#pragma once

#include <string_view>

#include "aws/server_clock.h"
#include "aws/service_failure.h"
#include "base/log.h"
#include "http/http_transport.h"
#include "rt/loop.h"

namespace tidemill::aws {

// Learns the service's time from its answers, and dates signatures with it once this machine's clock is far
// off or the service complained of it. Lives on one lane. `loop` and `log` must outlive it.
class SigningClock {
 public:
  SigningClock(rt::Loop& loop, base::LogSink& log) : loop_(loop), log_(log) {}

  // What the next signature is dated.
  rt::WallTime now() const;
  // A moment that the service's clock has passed for certain; before the first answer, this machine's clock.
  rt::WallTime serverNow() const { return clock_.at(loop_.now()).value_or(loop_.wall()); }
  // How far now() is ahead of this machine's clock.
  rt::Duration offset() const { return now() - loop_.wall(); }

  // An answer of the service itself: a proxy's own page has the proxy's time.
  void observe(const http::Response& answer);
  // True if the failure is one of the clock, which is now set right for signing, and told as an event about
  // `host`. `expected` is what the clock that signed this attempt says by now; not the one that signs the
  // next: of several calls on their way only the first would learn.
  bool learn(const ServiceFailure& failure, const http::Response& answer, rt::WallTime expected,
             std::string_view host);

 private:
  rt::Loop& loop_;
  base::LogSink& log_;
  ServerClock clock_;
  bool complained_ = false;  // The service refused a signature for its time.
};

}  // namespace tidemill::aws
