// cli/termination.h: waits for SIGTERM or SIGINT without a handler that could interrupt anything.
#pragma once

#include <csignal>

#include <chrono>

namespace tidemill::cli {

// Blocks both signals for this thread and those that it starts later; make it before any other thread exists.
// While it lives they are only seen by waitFor(), so let it go before anything that might hang.
class TerminationSignals {
 public:
  TerminationSignals();
  // Both work again as before; those that came meanwhile are taken back.
  ~TerminationSignals();
  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  // The one that came within `patience`, else 0.
  int waitFor(std::chrono::milliseconds patience);

 private:
  sigset_t before_;
};

// What the signals ask for. One request may come as several signals at once: coreutils' timeout signals the
// process and then its whole group, and a terminal's Ctrl-C reaches parent and child.
class StopRequests {
 public:
  enum class Wish { kNone, kStop, kAbort };
  using Moment = std::chrono::steady_clock::time_point;

  // A signal at least this long after the first is another one: those that belong together come within a few
  // milliseconds.
  static constexpr std::chrono::milliseconds kAbortAfter{200};

  // A signal came at `now`.
  Wish signal(Moment now);

 private:
  bool stopping_ = false;
  Moment since_{};
};

}  // namespace tidemill::cli
