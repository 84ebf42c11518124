#include "cli/termination.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <ctime>

namespace tidemill::cli {
namespace {

sigset_t terminationSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

TerminationSignals::TerminationSignals() {
  const sigset_t set = terminationSet();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

TerminationSignals::~TerminationSignals() {
  while (waitFor(std::chrono::milliseconds(0)) != 0) {  // Each signal waits at most once.
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int TerminationSignals::waitFor(std::chrono::milliseconds patience) {
  const sigset_t set = terminationSet();
  timespec wait{};
  wait.tv_sec = patience.count() / 1000;
  wait.tv_nsec = patience.count() % 1000 * 1'000'000;
  return std::max(0, sigtimedwait(&set, nullptr, &wait));
}

StopRequests::Wish StopRequests::signal(Moment now) {
  if (!stopping_) {
    stopping_ = true;
    since_ = now;
    return Wish::kStop;
  }
  return now - since_ >= kAbortAfter ? Wish::kAbort : Wish::kNone;
}

}  // namespace tidemill::cli
