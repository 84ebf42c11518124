#include "usage.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <sstream>

namespace tidemill::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::int64_t nanosecondsNow() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

double cpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Not ru_maxrss: a spawned process inherits there what its parent had.
std::int64_t peakRssBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

std::string Measured::toLine() const {
  return fmt::format("{} {} {} {} {}", cpuSeconds, wallSeconds, peakRssBytes, records, bytes);
}

std::optional<Measured> Measured::fromLine(const std::string& line) {
  std::istringstream in(line);
  Measured m;
  if (!(in >> m.cpuSeconds >> m.wallSeconds >> m.peakRssBytes >> m.records >> m.bytes)) return std::nullopt;
  return m;
}

Meter::Meter() : cpuAtStart_(cpuSeconds()), nanosecondsAtStart_(nanosecondsNow()) {}

Measured Meter::read() const {
  Measured m;
  m.cpuSeconds = cpuSeconds() - cpuAtStart_;
  m.wallSeconds = static_cast<double>(nanosecondsNow() - nanosecondsAtStart_) * 1e-9;
  m.peakRssBytes = bench::peakRssBytes();
  return m;
}

}  // namespace tidemill::bench
