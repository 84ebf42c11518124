// rt/shutdown_signals.h: SIGTERM and SIGINT as a request to a library that owns neither main() nor the
// threads.
#pragma once

#include <functional>

namespace tidemill::rt {

// While one of these lives, the process does not end by SIGTERM or SIGINT: the first calls `onSignal`, a
// second ends the process at once with exit code 1. Signals within 200 ms of the first are part of it, as
// coreutils' timeout sends two. What the process ignored stays ignored; handlers that were there before are
// back afterwards. A child that the program forks is none of our business: there both signals do what they do
// by default.
//
// Safe in programs with threads: the handler itself only writes into a pipe, and all else happens on a thread
// of its own, which ends with the last of these. What is needed in the handler is never destroyed, so that
// static destruction and exit() in another thread do no harm.
class ShutdownSignals {
 public:
  // `onSignal`: called on that thread, at most once; must not block, nor destroy this object.
  explicit ShutdownSignals(std::function<void()> onSignal);
  // `onSignal` does not run any more when this returns.
  ~ShutdownSignals();
  ShutdownSignals(const ShutdownSignals&) = delete;
  ShutdownSignals& operator=(const ShutdownSignals&) = delete;

 private:
  friend class SignalDesk;
  std::function<void()> onSignal_;
};

}  // namespace tidemill::rt
