// cli/termination.h: waits for SIGTERM or SIGINT without a handler that could interrupt anything.
#pragma once

#include <chrono>

namespace tidemill::cli {

// Blocks both signals for this thread and those that it starts later; make it before any other thread exists.
class TerminationSignals {
 public:
  TerminationSignals();
  // True if one came within `patience`.
  bool waitFor(std::chrono::milliseconds patience);
};

}  // namespace tidemill::cli
