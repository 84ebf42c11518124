// cli/demo_consumer.h: the `tidemill count` of the demo, and what its lines say.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/child_process.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// What was said over all lives of the process, but for the members of the present one.
struct ConsumerNews {
  std::set<std::string> shards;
  std::int64_t delivered = 0;  // Records in batches, repeats included.
  std::int64_t blocksLost = 0;
  std::int64_t blocksRebuilt = 0;
  // Of the present life.
  bool ready = false;
  std::int64_t batches = 0;
};

// A consumer that can be killed and started again; ends with this object. One thread.
class DemoConsumer {
 public:
  explicit DemoConsumer(std::vector<std::string> command) : command_(std::move(command)) {}

  // A new life.
  Result<void> start();
  // Takes in one line, waiting up to `patience`; false if none came.
  bool hear(std::chrono::milliseconds patience);
  const ConsumerNews& news() const { return news_; }
  // True once it has said its last word.
  bool ended() const { return !process_ || process_->outputEnded(); }
  void kill();
  // Asks for the end and takes in what is said until then: the exit code.
  int stop(std::chrono::milliseconds patience);

 private:
  void heard(const std::string& line);

  const std::vector<std::string> command_;
  std::optional<ChildProcess> process_;
  ConsumerNews news_;
};

}  // namespace tidemill::cli
