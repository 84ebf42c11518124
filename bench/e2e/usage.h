// bench/e2e/usage.h: what a process has used so far, and the line in which a measured child says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tidemill::bench {

// CPU-seconds of this process, user and system, all threads.
double cpuSeconds();
// The most memory that this program has had resident, in bytes; 0 where the kernel does not tell.
std::int64_t peakRssBytes();

// What one measured child did.
struct Measured {
  double cpuSeconds = 0;
  double wallSeconds = 0;
  std::int64_t peakRssBytes = 0;
  std::int64_t records = 0;  // 0 from the bare download, which does not look.
  std::int64_t bytes = 0;    // Of bodies; 0 from our consumer, whose caller does not see them.

  std::string toLine() const;
  static std::optional<Measured> fromLine(const std::string& line);
};

// Measures from its making on.
class Meter {
 public:
  Meter();
  Measured read() const;

 private:
  const double cpuAtStart_;
  const std::int64_t nanosecondsAtStart_;
};

}  // namespace tidemill::bench
