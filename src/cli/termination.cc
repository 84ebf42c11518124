#include "cli/termination.h"

#include <pthread.h>

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
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool TerminationSignals::waitFor(std::chrono::milliseconds patience) {
  const sigset_t set = terminationSet();
  timespec wait{};
  wait.tv_sec = patience.count() / 1000;
  wait.tv_nsec = patience.count() % 1000 * 1'000'000;
  return sigtimedwait(&set, nullptr, &wait) > 0;
}

}  // namespace tidemill::cli
