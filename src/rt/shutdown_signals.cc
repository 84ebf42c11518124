#include "rt/shutdown_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace tidemill::rt {
namespace {

constexpr std::array kSignals = {SIGTERM, SIGINT};
constexpr int kOneRequestMilliseconds = 200;
constexpr char kCame = 's';
constexpr char kEnd = 'e';

constexpr std::string_view kLastWords =
    "error[Cancelled]: a second signal: ended at once; unprocessed records are read again\n"
    "try: start again to go on\n";

// What the handler reads. Numbers only, and never destroyed.
std::atomic<int> pipeEnd{-1};
std::atomic<pid_t> owner{0};

void put(int fd, char what) {
  const auto written = ::write(fd, &what, 1);
  static_cast<void>(written);  // A full pipe says enough.
}

void handle(int number) {
  const int before = errno;
  if (::getpid() == owner.load()) {
    put(pipeEnd.load(), kCame);
  } else {  // A child of a fork: it ends as if nobody had asked for its signals.
    std::signal(number, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);  // It is blocked while its handler runs.
    ::kill(::getpid(), number);
  }
  errno = before;
}

}  // namespace

// The one place of a process where signals come in.
class SignalDesk {
 public:
  // Lives for ever.
  static SignalDesk& get() {
    static auto* const desk = new SignalDesk();
    return *desk;
  }

  void add(ShutdownSignals* one) {
    const std::lock_guard lock(mutex_);
    if (owner.load() != ::getpid()) forget();
    if (waiting_.empty()) open();
    waiting_.push_back(one);
  }

  void remove(ShutdownSignals* one) {
    std::thread ended;
    {
      const std::lock_guard lock(mutex_);
      if (owner.load() != ::getpid()) return;  // Of the parent, whose thread is not here.
      waiting_.erase(std::find(waiting_.begin(), waiting_.end(), one));
      if (!waiting_.empty()) return;
      giveBack();
      put(pipeEnd.load(), kEnd);
      ended = std::move(thread_);
    }
    ended.join();
  }

 private:
  // In the child of a fork: nothing of this is its own.
  void forget() {
    if (thread_.joinable()) thread_.detach();
    waiting_.clear();
  }

  void open() {
    if (owner.exchange(::getpid()) != ::getpid()) {
      std::array<int, 2> ends{};
      TIDEMILL_CHECK(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0, "a pipe for signals");
      readEnd_ = ends[0];
      pipeEnd = ends[1];  // Stays open for good: a handler may be about to write.
    }
    while (next(0) != 0) {  // Left over from the last time.
    }
    thread_ = std::thread([this] { watch(); });
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction ours{};
      ours.sa_handler = handle;
      ours.sa_flags = SA_RESTART;
      sigemptyset(&ours.sa_mask);
      ::sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &ours, nullptr);
    }
  }

  void giveBack() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction now{};
      ::sigaction(kSignals[i], nullptr, &now);
      if (now.sa_handler == handle) ::sigaction(kSignals[i], &before_[i], nullptr);
    }
  }

  // The next byte; nothing if none came in time. Negative: for ever.
  char next(int milliseconds) const {
    for (;;) {  // Bounded by the patience, or by the end.
      pollfd one{readEnd_, POLLIN, 0};
      const int ready = ::poll(&one, 1, milliseconds);
      char what = 0;
      if (ready > 0 && ::read(readEnd_, &what, 1) == 1) return what;
      if (ready == 0) return 0;
    }
  }

  void watch() {
    if (next(-1) == kEnd) return;
    tell();
    // What belongs to the first signal has come when this is over; so has the end, perhaps.
    ::poll(nullptr, 0, kOneRequestMilliseconds);
    for (char what = next(0); what != 0; what = next(0)) {
      if (what == kEnd) return;
    }
    if (next(-1) == kEnd) return;
    const auto written = ::write(STDERR_FILENO, kLastWords.data(), kLastWords.size());
    static_cast<void>(written);
    ::_exit(1);
  }

  void tell() {
    const std::lock_guard lock(mutex_);
    for (ShutdownSignals* one : waiting_) one->onSignal_();
  }

  std::mutex mutex_;
  std::vector<ShutdownSignals*> waiting_;
  std::array<struct sigaction, kSignals.size()> before_{};
  int readEnd_ = -1;
  std::thread thread_;
};

ShutdownSignals::ShutdownSignals(std::function<void()> onSignal) : onSignal_(std::move(onSignal)) {
  SignalDesk::get().add(this);
}

ShutdownSignals::~ShutdownSignals() {
  SignalDesk::get().remove(this);
}

}  // namespace tidemill::rt
